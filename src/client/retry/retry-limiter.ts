/**
 * What keeps a shard without service from holding up the others: only so many of its operations try again and again, the
 * rest wait for their turn; and none of them has a place among those in flight meanwhile.
 *
 * When one of them is served, the shard is taken to be in service and all who wait try at once.
 */
import type { KvError } from '../../errors.js';
import type { Limits } from '../limits.js';
import { type Backlog, InFlightLimit } from './in-flight-limit.js';

export interface RetryLimiterOptions {
  /** Operations of one shard that may try at once. */
  readonly maxTrying: () => number;
  /** Those that may wait, of all shards and together with who else is counted in the backlog. */
  readonly maxQueued: number;
  readonly backlog: Backlog;
}

export interface RetryPermit {
  /** `served`: the shard's primary has done the operation, or looked at it and refused it for what it is. */
  end(served: boolean): void;
}

export class RetryLimiter {
  readonly #options: RetryLimiterOptions;
  /** Of the shards with operations that try again. */
  readonly #queues = new Map<number, InFlightLimit>();
  #closedBy: KvError | undefined;

  constructor(options: RetryLimiterOptions) {
    this.#options = options;
  }

  /** So many try already that one more has to wait before it is sent for the first time. */
  isTaken(shard: number): boolean {
    if (this.#queues.size === 0) return false;
    const queue = this.#queues.get(shard);
    return queue !== undefined && queue.inFlight >= this.#options.maxTrying();
  }

  /** Waits for a turn. @throws KvError OVERLOADED, DEADLINE_EXCEEDED, CANCELLED, CLOSED: this wait changed nothing. */
  async take(shard: number, limits: Limits): Promise<RetryPermit> {
    if (this.#closedBy !== undefined) throw this.#closedBy;
    const queue = this.#queues.get(shard) ?? this.#newQueue();
    this.#queues.set(shard, queue);
    if (!queue.tryEnter(0)) await new Promise<void>((admitted, refused) => queue.enter(0, limits, { admitted, refused }));
    return { end: (served) => this.#end(shard, queue, served) };
  }

  refuseAll(error: KvError): void {
    this.#closedBy = error;
    for (const queue of this.#queues.values()) queue.refuseAll(error);
  }

  #newQueue(): InFlightLimit {
    const { maxTrying, maxQueued, backlog } = this.#options;
    return new InFlightLimit({ maxInFlight: maxTrying(), maxInFlightBytes: Number.POSITIVE_INFINITY, maxQueued }, backlog);
  }

  #end(shard: number, queue: InFlightLimit, served: boolean): void {
    queue.leave(0);
    const isOver = served || (queue.inFlight === 0 && queue.queued === 0);
    if (isOver && this.#queues.get(shard) === queue) this.#queues.delete(shard);
    if (served) queue.admitAll();
  }
}
