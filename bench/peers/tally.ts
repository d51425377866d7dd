/** What one client thread counted in a window of time; parts of several threads add up. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

const nanosecondsInMs = 1e6;

export interface TallyParts {
  readonly times: RecordableHistogram;
  readonly failed: number;
  readonly firstFailure: string | undefined;
}

export class Tally {
  /** Nanoseconds, of successful operations. */
  readonly times: RecordableHistogram = createHistogram();
  failed = 0;
  firstFailure: string | undefined;

  get succeeded(): number {
    return this.times.count;
  }

  success(durationMs: number): void {
    // The histogram takes nothing below 1.
    this.times.record(Math.max(1, Math.round(durationMs * nanosecondsInMs)));
  }

  failure(error: unknown): void {
    this.failed += 1;
    this.firstFailure ??= error instanceof Error ? error.message : String(error);
  }

  add({ times, failed, firstFailure }: TallyParts): void {
    this.times.add(times);
    this.failed += failed;
    this.firstFailure ??= firstFailure;
  }

  /** For another thread, which gets the histogram as it is. */
  get parts(): TallyParts {
    return { times: this.times, failed: this.failed, firstFailure: this.firstFailure };
  }

  percentileMs(percent: number): number {
    return this.succeeded === 0 ? Number.NaN : this.times.percentile(percent) / nanosecondsInMs;
  }
}
