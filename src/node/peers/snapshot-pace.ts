/**
 * How fast a dump goes: over soon, with rests in which the node does everything else. A rate, and not a share of the time: on a
 * machine that is busy the time that a chunk took tells how busy it is more than how much work the chunk was, and a dump that
 * takes long costs more, since the joiner has to be sent all that is written meanwhile.
 */

/** Of 1,000,000 keys of 100 bytes a dump takes about four and a half seconds. */
export const defaultMoveRateBytes = 28_000_000;
/** However much there is to make up for: half of the time is for everything else. */
const restPerWork = 1;
/** A chunk that took longer did not work all the time. */
const maxWorkMs = 30;
/** What is lost to a longer delay is not made up for. */
const maxBehindMs = 20;
const msPerSecond = 1_000;

/** What all dumps of a node may send together. */
export class MoveRate {
  readonly #bytesPerMs: number;
  /** When everything sent so far would have been sent at that rate. */
  #dueMs = Number.NEGATIVE_INFINITY;

  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / msPerSecond;
  }

  /** A dump begins, and has nothing to make up for. */
  begun(nowMs: number): void {
    this.#dueMs = Math.max(this.#dueMs, nowMs);
  }

  /** @returns when the next chunk may be sent. */
  sent(bytes: number, nowMs: number): number {
    this.#dueMs = Math.max(this.#dueMs, nowMs - maxBehindMs) + bytes / this.#bytesPerMs;
    return this.#dueMs;
  }
}

export class SnapshotPace {
  readonly #rate: MoveRate;
  #restedAtMs: number;

  /** Every `nowMs` is monotonic. */
  constructor(rate: MoveRate, nowMs: number) {
    this.#rate = rate;
    rate.begun(nowMs);
    this.#restedAtMs = nowMs;
  }

  /** Tells how long to rest after a chunk. */
  restMs(chunkBytes: number, nowMs: number): number {
    const workMs = Math.min(maxWorkMs, nowMs - this.#restedAtMs);
    return Math.max(restPerWork * workMs, this.#rate.sent(chunkBytes, nowMs) - nowMs);
  }

  rested(nowMs: number): void {
    this.#restedAtMs = nowMs;
  }
}
