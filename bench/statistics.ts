/** Counts and latencies of one kind of operation; histograms hold whole microseconds and cross threads as they are. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

export interface OperationStatistics {
  succeeded: number;
  failed: number;
  /** From the first attempt to the answer, retries and waiting included; successful operations only. */
  readonly latencyMicroseconds: RecordableHistogram;
}

export interface Statistics {
  readonly read: OperationStatistics;
  readonly write: OperationStatistics;
  readonly errorsByCode: Record<string, number>;
}

export function createStatistics(): Statistics {
  return { read: emptyOperation(), write: emptyOperation(), errorsByCode: {} };
}

export function recordSuccess(statistics: OperationStatistics, latencyMs: number): void {
  statistics.succeeded += 1;
  // The histogram takes nothing below 1.
  statistics.latencyMicroseconds.record(Math.max(1, Math.round(latencyMs * 1_000)));
}

export function recordError(statistics: Statistics, kind: 'read' | 'write', code: string): void {
  statistics[kind].failed += 1;
  statistics.errorsByCode[code] = (statistics.errorsByCode[code] ?? 0) + 1;
}

export function mergeStatistics(parts: readonly Statistics[]): Statistics {
  const sum = createStatistics();
  for (const part of parts) {
    for (const kind of ['read', 'write'] as const) {
      sum[kind].succeeded += part[kind].succeeded;
      sum[kind].failed += part[kind].failed;
      sum[kind].latencyMicroseconds.add(part[kind].latencyMicroseconds);
    }
    for (const [code, count] of Object.entries(part.errorsByCode)) sum.errorsByCode[code] = (sum.errorsByCode[code] ?? 0) + count;
  }
  return sum;
}

function emptyOperation(): OperationStatistics {
  return { succeeded: 0, failed: 0, latencyMicroseconds: createHistogram() };
}
