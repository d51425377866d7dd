/** What the main thread and the workers tell each other. */

import type { WorkloadOptions } from './options.js';
import type { Gap } from './outages.js';
import type { Statistics } from './statistics.js';
import type { VerificationResult, Violations } from './violations.js';

/** Given to a worker when it is made. */
export interface WorkerPlan {
  readonly thread: number;
  readonly run: string;
  /** Workers cannot ask ZooKeeper: its native client works in one thread of a process only. */
  readonly nodes: readonly string[];
  readonly workload: WorkloadOptions;
}

/** `execute` after all workers are prepared, `verify` after all have finished; `stop` ends execution early. */
export type ToWorker = { readonly kind: 'execute' | 'stop' | 'verify' };

export interface ProgressReport {
  readonly kind: 'progress';
  readonly succeeded: number;
  readonly failed: number;
  /** Every gap so far, an open one included. */
  readonly gaps: readonly Gap[];
  /** Time of the report, on the shared clock. */
  readonly atMs: number;
}

export type FromWorker =
  | { readonly kind: 'prepared'; readonly failed: number }
  | ProgressReport
  | { readonly kind: 'finished'; readonly statistics: Statistics; readonly gaps: readonly Gap[]; readonly violations: Violations }
  | { readonly kind: 'verified'; readonly result: VerificationResult }
  | { readonly kind: 'failed'; readonly message: string };
