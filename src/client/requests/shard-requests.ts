/**
 * The writes of one shard that have begun and not ended, in the order of their numbers, and the newest known position of the shard.
 *
 * The lowest number of these is what every request names: the shard forgets what is below it. Beginning and ending a request costs
 * the same however many are open.
 */
import type { ShardPosition } from '../../errors.js';
import type { RequestIdentity } from '../../wire/pipeline/pipeline-operations.js';

/** Numbers the requests of one client. No two of its requests have the same number, whatever their shards. */
export interface RequestNumbers {
  /** Random: no two clients have the same. */
  readonly client: string;
  /** The number of the last request; 0 before the first. */
  last: number;
}

/** Stands for no known position. The primary refuses it, definitely not executed, and names its own. */
const unknownHistory = 'unknown';

/** A write from before it is first sent until it has ended. Its client, number and position stay the same in every attempt. */
export class OpenRequest implements RequestIdentity {
  readonly #shard: ShardRequests;
  number = 0;
  history = unknownHistory;
  seq = 0;
  /** No attempt so far may have been executed. */
  isFirstAttempt = true;
  /** Neighbours in the list of the shard. */
  previous: OpenRequest | undefined;
  next: OpenRequest | undefined;

  constructor(shard: ShardRequests) {
    this.#shard = shard;
  }

  get client(): string {
    return this.#shard.client;
  }

  get lowest(): number {
    return this.#shard.lowest;
  }

  /** Whether the shard recognises the request if it is sent again. That needs a position which a node has named. */
  get isRecognisable(): boolean {
    return this.history !== unknownHistory;
  }

  /** Begins again as another request, after a refusal that is definite and has named a position. */
  renew(position: ShardPosition): void {
    this.#shard.replacePosition(position);
    this.#shard.remove(this);
    this.#shard.add(this);
  }

  /** The client does not send the request again. */
  end(): void {
    this.#shard.remove(this);
  }
}

export class ShardRequests {
  readonly #numbers: RequestNumbers;
  #history = unknownHistory;
  #seq = 0;
  #first: OpenRequest | undefined;
  #last: OpenRequest | undefined;

  constructor(numbers: RequestNumbers) {
    this.#numbers = numbers;
  }

  get client(): string {
    return this.#numbers.client;
  }

  /** The lowest number that may still be sent to the shard. */
  get lowest(): number {
    return this.#first?.number ?? this.#numbers.last + 1;
  }

  open(): OpenRequest {
    const request = new OpenRequest(this);
    this.add(request);
    return request;
  }

  /** Gives the request the next number and the newest position. */
  add(request: OpenRequest): void {
    request.number = ++this.#numbers.last;
    request.history = this.#history;
    request.seq = this.#seq;
    request.previous = this.#last;
    request.next = undefined;
    if (this.#last === undefined) this.#first = request;
    else this.#last.next = request;
    this.#last = request;
  }

  remove(request: OpenRequest): void {
    const { previous, next } = request;
    // A removed request that has grown old must not keep the younger ones alive behind it.
    request.previous = undefined;
    request.next = undefined;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
  }

  /** An answer has shown this version. It may be of another history than the known position: the primary then refuses that one. */
  sawVersion(version: number): void {
    if (version > this.#seq) this.#seq = version;
  }

  /** A node has reported its position. */
  sawPosition({ history, seq }: ShardPosition): void {
    if (history === this.#history) this.sawVersion(seq);
    else this.replacePosition({ history, seq });
  }

  /** The primary has named its position, in place of one that it refused. */
  replacePosition({ history, seq }: ShardPosition): void {
    this.#history = history;
    this.#seq = seq;
  }
}
