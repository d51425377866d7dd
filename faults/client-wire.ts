/** What a client process is told at its start, and what it writes: one JSON object a line. Both sides are in this folder. */
import type { Operation } from '../verification/index.js';

export interface Mix {
  readonly get: number;
  readonly put: number;
  readonly conditionalPut: number;
  readonly delete: number;
  readonly conditionalDelete: number;
}

export interface ClientTask {
  /** Prefix of the names of its workers in the history, and of the values it writes: unique in a run. */
  readonly name: string;
  readonly nodes: readonly string[];
  readonly seed: number;
  /** Keys are `key-0` to `key-<keyspace - 1>`. */
  readonly keyspace: number;
  readonly deadlineMs: number;
  /** Each does one operation at a time, or several of one key (`atOnce`). With pinned reads: for each node and API. */
  readonly workers: number;
  /** Operations that a worker may have under way: of one key, or reads of one pipeline. From 1. */
  readonly atOnce: number;
  /** Average pause between two operations of a worker. 0: none. */
  readonly thinkMs: number;
  /** Random operations in these shares; or reads, each worker at one node only; or one read of every key, and the end. */
  readonly work: Mix | 'pinned reads' | 'read every key';
}

export type ClientLine =
  | { readonly kind: 'ready' }
  /** Operations that have ended since the last such line. */
  | { readonly kind: 'operations'; readonly operations: readonly Operation[] }
  /** All workers have ended and everything has been written. */
  | { readonly kind: 'done' };

/** The one word on stdin: finish what is under way and end. */
export const stopWord = 'stop';

/** Begins the names of the workers that read at one node only: they bear witness, and are not what is served. */
export const pinnedName = 'pinned';

export function keyOf(index: number): string {
  return `key-${index}`;
}
