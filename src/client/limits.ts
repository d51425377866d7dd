/**
 * How long one operation may take, and who may stop it earlier.
 *
 * Deadlines are instants on this process's monotonic clock: a wall clock that is set back must not keep a caller waiting.
 */
import { setMaxListeners } from 'node:events';
import { KvError } from '../errors.js';

/** What every operation of the client takes. */
export interface CallOptions {
  /** Milliseconds the whole operation may take, waiting and retries included. Default 10,000, minimum 1. */
  readonly deadlineMs?: number;
  /** Gives the operation up. Its promise rejects with CANCELLED at once. */
  readonly signal?: AbortSignal;
}

export interface Limits {
  readonly startedAtMs: number;
  readonly deadlineAtMs: number;
  readonly signal: AbortSignal | undefined;
}

/** setTimeout takes no more than this and would fire at once. */
export const maxDeadlineMs = 2 ** 31 - 1;

export function monotonicNowMs(): number {
  return performance.now();
}

/** @throws KvError INVALID_ARGUMENT if the deadline is not a number of milliseconds. */
export function limitsOf(options: CallOptions, defaultDeadlineMs: number): Limits {
  const deadlineMs = options.deadlineMs ?? defaultDeadlineMs;
  if (typeof deadlineMs !== 'number' || !(deadlineMs >= 1 && deadlineMs <= maxDeadlineMs))
    throw new KvError('INVALID_ARGUMENT', `deadlineMs must be a number from 1 to ${maxDeadlineMs}, not ${deadlineMs}`);
  // One signal may well stop a thousand operations; each removes its listener when it ends.
  if (options.signal !== undefined) setMaxListeners(0, options.signal);
  const startedAtMs = monotonicNowMs();
  return { startedAtMs, deadlineAtMs: startedAtMs + deadlineMs, signal: options.signal };
}

export function remainingMs(limits: Limits): number {
  return limits.deadlineAtMs - monotonicNowMs();
}
