/** The counts of one client thread in a window of time. The parts of several threads can be added. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

const nanosecondsInMs = 1e6;

export interface TallyParts {
  readonly times: RecordableHistogram;
  readonly failed: number;
  readonly firstFailure: string | undefined;
}

export class Tally {
  /** The times of successful operations in nanoseconds. */
  readonly times: RecordableHistogram = createHistogram();
  failed = 0;
  firstFailure: string | undefined;

  get succeeded(): number {
    return this.times.count;
  }

  success(durationMs: number): void {
    // The histogram accepts no value below 1.
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

  /** The parts in a form that can be sent to another thread. */
  get parts(): TallyParts {
    return { times: this.times, failed: this.failed, firstFailure: this.firstFailure };
  }

  percentileMs(percent: number): number {
    return this.succeeded === 0 ? Number.NaN : this.times.percentile(percent) / nanosecondsInMs;
  }
}
