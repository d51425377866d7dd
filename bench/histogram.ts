/**
 * Latencies in buckets, each at most 1/256 wide of its value: recorded in a few nanoseconds, merged and sent as the few
 * buckets that are not empty. The histogram of node:perf_hooks takes five times as long a record and some 200 µs to merge,
 * which ten intervals a second of every thread would add up to something.
 */

const stepBits = 8;
const stepsPerOctave = 1 << stepBits;
/** Two to the 30th microseconds, 18 minutes: longer than the longest deadline. */
const highest = 2 ** 30 - 1;
const bucketCount = bucketOf(highest) + 1;

/** What of a histogram crosses threads: bucket, count, bucket, count, ... */
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

  /** Everything recorded since the last time; the histogram is empty afterwards. */
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

  /** Exact, unlike the percentiles. */
  get max(): number {
    return this.#max;
  }

  /** The smallest value, rounded up to the end of its bucket, that so many percent do not exceed; 0 if there is none. */
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

/** One value a bucket up to two octaves of steps, then as many steps for each octave. */
function bucketOf(value: number): number {
  const octave = 31 - stepBits - Math.clz32(value);
  return octave <= 0 ? value : octave * stepsPerOctave + (value >>> octave);
}

function lastValueOf(bucket: number): number {
  const octave = Math.floor(bucket / stepsPerOctave) - 1;
  return octave <= 0 ? bucket : (bucket - octave * stepsPerOctave + 1) * 2 ** octave - 1;
}
