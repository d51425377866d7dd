/**
 * The time of a shard (R17), as one replica knows it: whole milliseconds since the birth of the shard.
 *
 * The primary's monotonic clock is the shard's clock, with one offset for each epoch. A replica that follows knows the time as of
 * the newest beacon, and adds what has passed since on its own monotonic clock. So it knows a time that is never ahead of the
 * primary's by more than the drift since that beacon, and continues from there when it becomes primary. Wall clocks are not read.
 */
export class ShardClock {
  /** Time of the shard less monotonic time of this process; a whole number. */
  #offsetMs: number;
  /** The shard's time was this, or later. */
  #latestMs = 0;

  /** The time begins with the first replica. */
  constructor(nowMs: number) {
    this.#offsetMs = -Math.floor(nowMs);
  }

  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** The time, rounded down; at a replica that is not primary, a time that has certainly passed. */
  at(nowMs: number): number {
    return Math.max(this.#latestMs, Math.floor(nowMs) + this.#offsetMs);
  }

  /** When a key is due whose TTL begins now. Rounded up: no key expires early. */
  after(nowMs: number, ttlMs: number): number {
    return Math.max(this.#latestMs, Math.ceil(nowMs) + this.#offsetMs) + Math.ceil(ttlMs);
  }

  /** The primary's clock showed this time a moment ago. It corrects what has drifted apart since the last such report. */
  follow(timeMs: number, nowMs: number): void {
    if (timeMs <= this.#latestMs) return;
    this.#latestMs = Math.floor(timeMs);
    this.#offsetMs = Math.floor(timeMs - nowMs);
  }

  /** An entry or a snapshot proves that the shard's time was this, or later: it may have been on its way for long. */
  learn(timeMs: number, nowMs: number): void {
    if (timeMs <= this.#latestMs) return;
    this.#latestMs = timeMs;
    this.#offsetMs = Math.max(this.#offsetMs, timeMs - Math.floor(nowMs));
  }

  /** A snapshot brings another copy, perhaps of another history, with its time. What was known before does not count. */
  restart(timeMs: number, nowMs: number): void {
    this.#latestMs = timeMs;
    this.#offsetMs = timeMs - Math.floor(nowMs);
  }

  /** This replica's clock is the shard's from now on, or was so until now. The time is not turned back. */
  take(nowMs: number): void {
    this.#latestMs = this.at(nowMs);
    this.#offsetMs = Math.max(this.#offsetMs, this.#latestMs - Math.floor(nowMs));
  }
}
