/** Measures how late the event loop is. A long turn delays beacons, and then other nodes take this node for dead. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

/** Percentiles and maximum of the delay. */
export interface DelaySeconds {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const resolutionMs = 20;
/** Readings are those of the last window that has ended, so that two scrapers do not reset each other's window. */
const windowMs = 10_000;

export class EventLoopDelay {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #timer: NodeJS.Timeout;
  #last: DelaySeconds | undefined;

  constructor() {
    this.#histogram.enable();
    this.#timer = setInterval(() => {
      this.#last = this.#present;
      this.#histogram.reset();
    }, windowMs);
    this.#timer.unref();
  }

  /** The delays of the last window that has ended; before the first end, those until now. */
  get seconds(): DelaySeconds {
    return this.#last ?? this.#present;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }

  get #present(): DelaySeconds {
    const histogram = this.#histogram;
    const { max } = histogram;
    return { p50: beyondTimer(histogram.percentile(50)), p99: beyondTimer(histogram.percentile(99)), max: beyondTimer(max) };
  }
}

/** The delay in seconds. The histogram records the time between two ticks of a timer, in nanoseconds. */
function beyondTimer(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - resolutionMs / 1_000);
}
