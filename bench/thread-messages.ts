/** What the main thread and the workers tell each other. */

import type { ScheduleCounts } from './open-loop.js';
import type { WorkloadOptions } from './options.js';
import type { Gap } from './outages.js';
import type { Interval } from './recorder.js';
import type { VerificationResult, Violations } from './violations.js';

/** Given to a worker when it is made. */
export interface WorkerPlan {
  readonly thread: number;
  readonly run: string;
  /** Workers cannot ask ZooKeeper: its native client works in one thread of a process only. */
  readonly nodes: readonly string[];
  /** That of the main thread's client: nodes of any other one are not measured. */
  readonly clusterId: string;
  readonly workload: WorkloadOptions;
}

/** `execute` after all workers are prepared, `verify` after all have finished; `stop` ends execution early. */
export type ToWorker =
  /** The intervals of all threads begin together, on the shared clock. */
  { readonly kind: 'execute'; readonly startedAtMs: number } | { readonly kind: 'stop' | 'verify' };

/** Those that ended since the last message. */
interface NewIntervals {
  readonly intervals: readonly Interval[];
  /** The first one that may still come. */
  readonly openIndex: number;
}

export interface ProgressReport extends NewIntervals {
  readonly kind: 'progress';
  /** Every gap so far, an open one included. */
  readonly gaps: readonly Gap[];
  /** Time of the report, on the shared clock. */
  readonly atMs: number;
}

export interface FinishedReport extends NewIntervals {
  readonly kind: 'finished';
  readonly errorsByCode: Readonly<Record<string, number>>;
  readonly gaps: readonly Gap[];
  readonly violations: Violations;
  /** Of an open loop. */
  readonly schedule?: ScheduleCounts;
}

export type FromWorker =
  | { readonly kind: 'prepared'; readonly failed: number }
  | ProgressReport
  | FinishedReport
  | { readonly kind: 'verified'; readonly result: VerificationResult }
  | { readonly kind: 'failed'; readonly message: string };
