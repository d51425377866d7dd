/**
 * The requests that this replica recognises (R16): the applied ones are a part of the applied state, equal on every replica that
 * has applied the same entries. A primary adds those that are in its log and not applied, so that it recognises them as well.
 *
 * A client's requests are forgotten once it cannot send them again, by the lowest number that its later requests name. All others
 * are forgotten by the floor: the primary decides it and writes it in entries. A replica never computes what it forgets.
 */
import type { Seq } from '../protocol/ids.js';
import type { RecordedRequest } from '../protocol/request.js';
import { RequestsOfClient } from './requests-of-client.js';

/** The floor rises so far that about this part of the applied requests is forgotten. */
const forgottenPart = 4;

export class RequestTable {
  readonly #clients = new Map<string, RequestsOfClient>();
  #floor: Seq = 0;
  /** The highest floor that an entry of the log carries, applied or not. */
  #coming: Seq = 0;
  /** At a primary: the requests up to this seq have been added with their entries. */
  #addedSeq: Seq = 0;
  #count = 0;
  #bytes = 0;
  /** The client that was looked up last: nearly always the next one, too. */
  #last: RequestsOfClient | undefined;

  /** A request that was executed at or below this seq may have been forgotten. */
  get floor(): Seq {
    return this.#floor;
  }
  /** Number of requests that are kept. */
  get count(): number {
    return this.#count;
  }
  /** Estimated memory of these requests. */
  get bytes(): number {
    return this.#bytes;
  }

  find(client: string, number: number): RecordedRequest | undefined {
    return this.#find(client)?.find(number);
  }

  /** The client has said that it does not send this number again. */
  isBehind(client: string, number: number): boolean {
    return number < (this.#find(client)?.lowest ?? 0);
  }

  /** The primary has the request in its log. */
  begin(request: RecordedRequest): void {
    this.#insert(this.#of(request.client), request);
    this.#addedSeq = request.seq;
    this.#coming = Math.max(this.#coming, request.floor);
  }

  /** The entry of the request is applied. */
  apply(request: RecordedRequest): void {
    const { client, lowest, floor, seq } = request;
    const of = this.#of(client);
    if (seq > this.#addedSeq) this.#insert(of, request);
    if (lowest > of.lowest) of.lowest = lowest;
    if (of.mayForget) {
      const { count, bytes } = of;
      of.forgetBelow(seq);
      if (of.count < count) this.#shrank(of, count, bytes);
    }
    if (floor > this.#floor) this.#forgetThrough(floor, seq);
  }

  /** Forgets the requests that are in the log and not applied: this replica is not primary any more. */
  abandonAfter(appliedSeq: Seq): void {
    this.#coming = this.#floor;
    this.#addedSeq = 0;
    for (const of of this.#clients.values()) this.#retain(of, 0, appliedSeq);
  }

  /** The floor that the primary writes in its next entry; 0: the table is within both bounds, or a floor is under way. */
  nextFloor(most: number, mostBytes: number, appliedSeq: Seq): Seq {
    if ((this.#count <= most && this.#bytes <= mostBytes) || this.#coming > this.#floor) return 0;
    const seqs = Float64Array.from(this.#applied(appliedSeq), ({ seq }) => seq).sort();
    return seqs[Math.ceil(seqs.length / forgottenPart) - 1] ?? 0;
  }

  /** Forgets everything. What lies below the floor may have been executed, and is not known. */
  reset(floor: Seq): void {
    this.#clients.clear();
    this.#last = undefined;
    this.#floor = floor;
    this.#coming = floor;
    this.#addedSeq = 0;
    this.#count = 0;
    this.#bytes = 0;
  }

  /** The applied requests, for a snapshot. */
  export(appliedSeq: Seq): RecordedRequest[] {
    return [...this.#applied(appliedSeq)];
  }

  /** Adds the requests of a snapshot. */
  load(requests: readonly RecordedRequest[]): void {
    for (const request of requests) {
      const of = this.#of(request.client);
      this.#insert(of, request);
      of.lowest = Math.max(of.lowest, request.lowest);
    }
  }

  *#applied(appliedSeq: Seq): Iterable<RecordedRequest> {
    for (const of of this.#clients.values()) yield* of.upTo(appliedSeq);
  }

  #find(client: string): RequestsOfClient | undefined {
    if (this.#last?.client === client) return this.#last;
    const found = this.#clients.get(client);
    if (found !== undefined) this.#last = found;
    return found;
  }

  #of(client: string): RequestsOfClient {
    let of = this.#find(client);
    if (of === undefined) {
      of = new RequestsOfClient(client);
      this.#clients.set(client, of);
      this.#bytes += of.bytes;
    }
    return of;
  }

  #insert(of: RequestsOfClient, request: RecordedRequest): void {
    const bytes = of.add(request);
    if (bytes === 0) return;
    this.#count++;
    this.#bytes += bytes;
  }

  #forgetThrough(floor: Seq, appliedSeq: Seq): void {
    this.#floor = floor;
    this.#coming = Math.max(this.#coming, floor);
    for (const of of this.#clients.values()) {
      this.#retain(of, floor + 1, Number.POSITIVE_INFINITY);
      // A replica that loads a snapshot knows only what the kept requests name.
      of.lowest = of.lowestNamed(appliedSeq);
    }
  }

  #retain(of: RequestsOfClient, from: Seq, to: Seq): void {
    const { count, bytes } = of;
    of.retain(from, to);
    this.#shrank(of, count, bytes);
  }

  /** @param count what the client had before. @param bytes what it took. */
  #shrank(of: RequestsOfClient, count: number, bytes: number): void {
    this.#count += of.count - count;
    this.#bytes += of.bytes - bytes;
    if (of.count > 0) return;
    this.#clients.delete(of.client);
    if (this.#last === of) this.#last = undefined;
    this.#bytes -= of.bytes;
  }
}
