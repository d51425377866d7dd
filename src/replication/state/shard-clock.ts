/**
 * The time of a shard (R17), as one replica knows it: whole milliseconds since the birth of the shard.
 *
 * The primary's monotonic clock is the shard's clock, with one offset for each epoch. A replica that follows knows the time as of
 * the newest beacon, and adds what has passed since on its own monotonic clock. So the time that it knows is ahead of the primary's
 * by no more than the two clocks drift apart in that time, and it continues from there when it becomes primary. Wall clocks are not
 * read.
 */
export class ShardClock {
  /** Time of the shard less monotonic time of this process; a whole number. Negative infinity: nothing is known yet. */
  #offsetMs = Number.NEGATIVE_INFINITY;
  /** The shard's time was this, or later. */
  #latestMs = 0;

  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** The time as of the newest proof of it: what has passed since is left out, and with it the drift of this replica's clock. */
  get latestMs(): number {
    return this.#latestMs;
  }

  /** The time, rounded down; at a replica that is not primary, a time that has passed. */
  at(nowMs: number): number {
    return Math.max(this.#latestMs, Math.floor(nowMs) + this.#offsetMs);
  }

  /** When a key is due whose TTL begins now. Rounded up: no key expires early. */
  after(nowMs: number, ttlMs: number): number {
    return Math.max(this.#latestMs, Math.ceil(nowMs) + this.#offsetMs) + Math.ceil(ttlMs);
  }

  /** A beacon: the primary's clock showed this time a moment ago. It corrects what has drifted apart since the one before. */
  follow(timeMs: number, nowMs: number): void {
    if (timeMs <= this.#latestMs) return;
    this.#latestMs = Math.floor(timeMs);
    this.#offsetMs = Math.floor(timeMs - nowMs);
  }

  /** A message or an entry proves that the shard's time was this, or later. It may have been on its way for long. */
  learn(timeMs: number, nowMs: number): void {
    if (timeMs <= this.#latestMs) return;
    this.#latestMs = timeMs;
    this.#offsetMs = Math.max(this.#offsetMs, timeMs - Math.floor(nowMs));
  }

  /**
   * Another primary goes on, perhaps with another history: only its time counts. An older primary's time may be ahead of it by what a
   * beacon has taken, and keys that are written now must not expire by that.
   */
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
