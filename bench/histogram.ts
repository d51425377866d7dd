/**
 * A histogram of latencies. The width of a bucket is at most 1/256 of its value. A record takes a few nanoseconds, and
 * only the buckets that are not empty are merged and sent. The histogram of node:perf_hooks takes five times as long
 * per record and about 200 µs per merge, which is too much for ten intervals per second and thread.
 */

const stepBits = 8;
const stepsPerOctave = 1 << stepBits;
/** The highest value: 2^30 microseconds are 18 minutes, longer than the longest deadline. */
const highest = 2 ** 30 - 1;
const bucketCount = bucketOf(highest) + 1;

/** The part of a histogram that is sent between threads: bucket, count, bucket, count, ... */
export interface Buckets {
  readonly pairs: Uint32Array;
  readonly max: number;
}

export class Histogram {
  readonly #counts = new Uint32Array(bucketCount);
  #count = 0;
  #max = 0;

  record(microseconds: number): void {
    const value = microseconds > highest ? highest : Math.round(microseconds);
    this.#counts[bucketOf(value)]! += 1;
    this.#count += 1;
    if (value > this.#max) this.#max = value;
  }

  add({ pairs, max }: Buckets): void {
    for (let at = 0; at < pairs.length; at += 2) {
      this.#counts[pairs[at]!]! += pairs[at + 1]!;
      this.#count += pairs[at + 1]!;
    }
    this.#max = Math.max(this.#max, max);
  }

  /** @returns the buckets recorded since the last call, and empties the histogram */
  take(): Buckets {
    const pairs: number[] = [];
    let left = this.#count;
    for (let bucket = 0; left > 0; bucket += 1) {
      const count = this.#counts[bucket]!;
      if (count === 0) continue;
      pairs.push(bucket, count);
      left -= count;
      this.#counts[bucket] = 0;
    }
    const max = this.#max;
    this.#count = 0;
    this.#max = 0;
    return { pairs: Uint32Array.from(pairs), max };
  }

  get count(): number {
    return this.#count;
  }

  /** The exact maximum; percentiles are rounded up. */
  get max(): number {
    return this.#max;
  }

  /**
   * The smallest value that `percent` of all values do not exceed, rounded up to the end of its bucket; 0 without
   * values.
   */
  percentile(percent: number): number {
    const rank = Math.max(1, Math.ceil((this.#count * percent) / 100));
    let seen = 0;
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      seen += this.#counts[bucket]!;
      if (seen >= rank) return Math.min(this.#max, lastValueOf(bucket));
    }
    return this.#max;
  }
}

/** Small values have a bucket each. From there on, each octave has `2^stepBits` buckets. */
function bucketOf(value: number): number {
  const octave = 31 - stepBits - Math.clz32(value);
  return octave <= 0 ? value : octave * stepsPerOctave + (value >>> octave);
}

function lastValueOf(bucket: number): number {
  const octave = Math.floor(bucket / stepsPerOctave) - 1;
  return octave <= 0 ? bucket : (bucket - octave * stepsPerOctave + 1) * 2 ** octave - 1;
}
