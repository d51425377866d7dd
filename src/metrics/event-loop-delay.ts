/** How late the event loop is: whatever takes long in one turn holds up beacons, and looks to others like a dead node. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

export interface DelaySeconds {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const resolutionMs = 20;
/** What is told is of the last window that is over, so that two who look do not take it from each other. */
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

  /** While there has been no whole window, of the time until now. */
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

/** What is recorded is the time between two ticks of a timer, in nanoseconds. */
function beyondTimer(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - resolutionMs / 1_000);
}
