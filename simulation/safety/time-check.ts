/**
 * The time of the shard at primaries that serve (R17): it passes as fast as their clocks, it is never turned back, and no change of
 * primary moves it forward by more than has passed. So no TTL ends early, and none is lengthened by more than the time without a
 * primary.
 */
import type { ShardState } from '../../src/replication/index.js';
import type { ReplicaProcess } from '../virtual/process.js';
import { require } from './violation.js';

/** Times are whole milliseconds, rounded at each change of primary. */
const roundingMs = 3;

interface Observed {
  readonly generation: number;
  readonly epoch: number;
  readonly timeMs: number;
  readonly atMs: number;
}

interface TimedRun {
  readonly queue: { readonly nowMs: number };
  readonly leaseMs: number;
  readonly driftBound: number;
  readonly volatile: boolean;
}

export class TimeCheck {
  readonly #run: TimedRun;
  /** Epochs whose primary was named by the one before it. */
  readonly #handedOver = new Set<number>();
  #last: Observed | undefined;

  constructor(run: TimedRun) {
    this.#run = run;
  }

  onState({ epoch, inSync, primary }: ShardState, before: ShardState | undefined): void {
    const last = before?.primary;
    if (last !== undefined && last !== primary && inSync.includes(last)) this.#handedOver.add(epoch);
  }

  /** A primary serves. */
  observe(process: ReplicaProcess, generation: number): void {
    const { driftBound, queue } = this.#run;
    const last = this.#last;
    const timeMs = process.replica.timeMs(process.nowMs);
    const { epoch } = process.replica;
    this.#last = { generation, epoch, timeMs, atMs: queue.nowMs };
    if (last === undefined || last.generation !== generation) return;
    const passedMs = queue.nowMs - last.atMs;
    const { replicaId } = process;
    require(timeMs - last.timeMs <= this.#mostMs(process, last, passedMs) + roundingMs, () =>
      `${replicaId} has moved the time of the shard from ${last.timeMs} to ${timeMs}, and ${passedMs} ms have passed`);
    const leastMs = last.epoch === epoch ? passedMs * (1 - driftBound) : -this.#allowedBackMs(process);
    require(timeMs - last.timeMs >= leastMs - roundingMs, () =>
      `${replicaId} has turned the time of the shard back from ${last.timeMs} to ${timeMs}, and ${passedMs} ms have passed`);
  }

  /** A successor counts from a beacon that its predecessor has sent up to a lease before it served last: their clocks drift apart. */
  #mostMs(process: ReplicaProcess, last: Observed, passedMs: number): number {
    const { driftBound, leaseMs } = this.#run;
    const sinceBeaconMs = last.epoch === process.replica.epoch ? 0 : leaseMs / (1 - driftBound);
    return passedMs * (1 + driftBound) + 2 * driftBound * sinceBeaconMs;
  }

  /**
   * A successor that was named knows the time as of a beacon that was sent less than a lease ago. A replica that starts again with
   * its data knows what entries show, and so do those that have followed it since; that no entry turns the time back is checked
   * elsewhere.
   */
  #allowedBackMs(process: ReplicaProcess): number {
    const { leaseMs, volatile } = this.#run;
    if (!volatile) return Number.POSITIVE_INFINITY;
    return this.#handedOver.has(process.replica.epoch) ? leaseMs : 0;
  }
}
