/** The messages between the main thread and the workers. */

import type { ScheduleCounts } from './open-loop.js';
import type { WorkloadOptions } from './options.js';
import type { Gap } from './outages.js';
import type { Interval } from './recorder.js';
import type { VerificationResult, Violations } from './violations.js';

/** The data with which a worker is started. */
export interface WorkerPlan {
  readonly thread: number;
  readonly run: string;
  /** Workers cannot use ZooKeeper, since its native client works in one thread of a process only. */
  readonly nodes: readonly string[];
  /** The cluster of the main thread's client. Nodes of another cluster are not measured. */
  readonly clusterId: string;
  readonly workload: WorkloadOptions;
}

/**
 * `execute` is sent when all workers are prepared, `verify` when all have finished. `stop` ends the execution early.
 */
export type ToWorker =
  /** The intervals of all threads begin together, on the shared clock. */
  { readonly kind: 'execute'; readonly startedAtMs: number } | { readonly kind: 'stop' | 'verify' };

/** The intervals that ended since the last message. */
interface NewIntervals {
  readonly intervals: readonly Interval[];
  /** The index of the first interval that may still follow. */
  readonly openIndex: number;
}

export interface ProgressReport extends NewIntervals {
  readonly kind: 'progress';
  /** Every gap so far, including an open one. */
  readonly gaps: readonly Gap[];
  /** Time of the report, on the shared clock. */
  readonly atMs: number;
}

export interface FinishedReport extends NewIntervals {
  readonly kind: 'finished';
  readonly errorsByCode: Readonly<Record<string, number>>;
  readonly gaps: readonly Gap[];
  readonly violations: Violations;
  /** Set for an open loop. */
  readonly schedule?: ScheduleCounts;
}

export type FromWorker =
  | { readonly kind: 'prepared'; readonly failed: number }
  | ProgressReport
  | FinishedReport
  | { readonly kind: 'verified'; readonly result: VerificationResult }
  | { readonly kind: 'failed'; readonly message: string };
