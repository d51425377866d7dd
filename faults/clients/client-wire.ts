/**
 * The task that a client process receives, and the lines that it writes, one JSON object each. Both sides are in this
 * folder.
 */
import type { Operation } from '../../verification/index.js';

/** Shares of a worker's calls. A key's use decides which writes it gets (choose-call.ts). */
export interface Mix {
  readonly get: number;
  readonly write: number;
  readonly transact: number;
}

export interface ClientTask {
  /** The prefix of its workers' names in the history and of the values that it writes. Unique in a run. */
  readonly name: string;
  readonly nodes: readonly string[];
  readonly seed: number;
  /** The number of keys (recorded-keys.ts). */
  readonly keyspace: number;
  readonly deadlineMs: number;
  /** The number of workers. With pinned reads: the number for each node and API. */
  readonly workers: number;
  /** The most operations that a worker has in flight, from 1: all on one key, or reads of one pipeline. */
  readonly atOnce: number;
  /** The average pause between two operations of a worker. 0: none. */
  readonly thinkMs: number;
  /**
   * Random operations in these shares; reads, each worker at one node only; or one read of every key, and then the
   * end.
   */
  readonly work: Mix | 'pinned reads' | 'read every key';
}

export type ClientLine =
  | { readonly kind: 'ready' }
  /** The operations that have ended since the last such line. */
  | { readonly kind: 'operations'; readonly operations: readonly Operation[] }
  /** All workers have ended and everything has been written. */
  | { readonly kind: 'done' };

/** The only word on stdin: the client finishes its calls and ends. */
export const stopWord = 'stop';

/** The prefix of workers that read at one node only. The checks use their reads, but the figures of service do not. */
export const pinnedName = 'pinned';

/**
 * The prefix of processes whose calls have the default deadline of `KvClient`. Within it a write is sent again until its outcome
 * is known (R16), so an unknown outcome is rare.
 */
export const patientName = 'patient';
export const patientDeadlineMs = 10_000;
