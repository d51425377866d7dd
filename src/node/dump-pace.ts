/**
 * How fast a dump goes: over soon, with rests in which the node does everything else. A rate, and not a share of the time: on a
 * machine that is busy the time that a chunk took tells how busy it is more than how much work the chunk was, and a dump that
 * takes long costs more, since the joiner has to be sent all that is written meanwhile.
 */

/** Of 1,000,000 keys of 100 bytes a dump takes about four and a half seconds. */
const bytesPerMs = 28_000;
/** However much there is to make up for: half of the time is for everything else. */
const restPerWork = 1;
/** A chunk that took longer did not work all the time. */
const maxWorkMs = 30;
/** What is lost to a longer delay is not made up for. */
const maxBehindMs = 20;

export class DumpPace {
  #restedAtMs: number;
  /** When everything sent so far would have been sent at that rate. */
  #dueMs: number;

  /** Every `nowMs` is monotonic. */
  constructor(nowMs: number) {
    this.#restedAtMs = nowMs;
    this.#dueMs = nowMs;
  }

  /** Tells how long to rest after a chunk. */
  restMs(chunkBytes: number, nowMs: number): number {
    const workMs = Math.min(maxWorkMs, nowMs - this.#restedAtMs);
    this.#dueMs = Math.max(this.#dueMs, nowMs - maxBehindMs) + chunkBytes / bytesPerMs;
    return Math.max(restPerWork * workMs, this.#dueMs - nowMs);
  }

  rested(nowMs: number): void {
    this.#restedAtMs = nowMs;
  }
}
