/**
 * Keeps a shard without service from delaying the others: only a limited number of its operations retry at the same time, and the
 * rest wait. None of them counts as in flight meanwhile.
 *
 * When one of them is served, the shard counts as in service, and all waiting operations are sent at once.
 */
import type { KvError } from '../../errors.js';
import type { Limits } from '../call-limits.js';
import { type Backlog, InFlightLimit } from './in-flight-limit.js';

export interface RetryLimiterOptions {
  /** Limits the operations of one shard that retry at the same time. */
  readonly maxTrying: () => number;
  /** Limits the waiting operations of all shards, together with all others that the backlog counts. */
  readonly maxQueued: number;
  readonly backlog: Backlog;
}

export interface RetryPermit {
  /** `served`: the shard's primary has executed the operation, or has judged and refused it. */
  end(served: boolean): void;
}

export class RetryLimiter {
  readonly #options: RetryLimiterOptions;
  /** The shards with operations that retry. */
  readonly #queues = new Map<number, InFlightLimit>();
  #closedBy: KvError | undefined;

  constructor(options: RetryLimiterOptions) {
    this.#options = options;
  }

  /** True if the limit of retrying operations is reached: a new operation must wait before it is first sent. */
  isTaken(shard: number): boolean {
    if (this.#queues.size === 0) return false;
    const queue = this.#queues.get(shard);
    return queue !== undefined && queue.inFlight >= this.#options.maxTrying();
  }

  /** Waits for a permit. @throws KvError OVERLOADED, DEADLINE_EXCEEDED, CANCELLED, CLOSED: this wait changed nothing. */
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
