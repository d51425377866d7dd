/**
 * The pace of a snapshot: fast, with pauses in which the node does everything else. The pace is a rate of bytes and not a share of
 * the time. On a busy machine the time that a chunk takes depends more on the load than on the work for the chunk. And a slow
 * snapshot costs more, since the joiner must also be sent all that is written meanwhile.
 */

/** The joiner of a node with 1,000,000 keys of 100 bytes in two other nodes takes some 7.5 s, and leaves most of the throughput. */
export const defaultMoveRateBytes = 10_000_000;
/** A pause is at least this many times the work before it, however far behind the rate: half of the time is for everything else. */
const pausePerWork = 1;
/** A chunk that took longer than this was not worked on all the time. */
const maxWorkMs = 30;
/** A delay beyond this is not made up for. */
const maxBehindMs = 20;
const msPerSecond = 1_000;

/** The rate that all snapshots of a node keep together. */
export class MoveRate {
  readonly #bytesPerMs: number;
  /** When everything sent so far would have been sent at that rate. */
  #dueMs = Number.NEGATIVE_INFINITY;

  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / msPerSecond;
  }

  /** A snapshot begins, and has nothing to make up for. */
  begun(nowMs: number): void {
    this.#dueMs = Math.max(this.#dueMs, nowMs);
  }

  /** @returns when the next chunk may be sent. */
  sent(bytes: number, nowMs: number): number {
    this.#dueMs = Math.max(this.#dueMs, nowMs - maxBehindMs) + bytes / this.#bytesPerMs;
    return this.#dueMs;
  }
}

/** The pauses of one snapshot. Every `nowMs` is monotonic. */
export class SnapshotPace {
  readonly #rate: MoveRate;
  #pausedAtMs: number;

  constructor(rate: MoveRate, nowMs: number) {
    this.#rate = rate;
    rate.begun(nowMs);
    this.#pausedAtMs = nowMs;
  }

  /** @returns how long to pause after a chunk. */
  pauseMs(chunkBytes: number, nowMs: number): number {
    const workMs = Math.min(maxWorkMs, nowMs - this.#pausedAtMs);
    return Math.max(pausePerWork * workMs, this.#rate.sent(chunkBytes, nowMs) - nowMs);
  }

  /** The pause is over. */
  paused(nowMs: number): void {
    this.#pausedAtMs = nowMs;
  }
}
