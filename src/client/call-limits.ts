/**
 * Limits one operation in time: its deadline, and the signal that cancels it.
 *
 * Deadlines are instants on the monotonic clock of this process: setting back the wall clock must not keep a caller waiting.
 */
import { setMaxListeners } from 'node:events';
import { KvError } from '../errors.js';

/** The options of every operation of the client. */
export interface CallOptions {
  /** Time limit of the whole operation in milliseconds, waiting and retries included. Default 10,000, minimum 1. */
  readonly deadlineMs?: number;
  /** Cancels the operation. Its promise rejects with CANCELLED at once. */
  readonly signal?: AbortSignal;
}

export interface Limits {
  readonly startedAtMs: number;
  readonly deadlineAtMs: number;
  readonly signal: AbortSignal | undefined;
}

/** The longest delay of setTimeout; a longer one would fire at once. */
export const maxDeadlineMs = 2 ** 31 - 1;

export function monotonicNowMs(): number {
  return performance.now();
}

/** @throws KvError INVALID_ARGUMENT if the deadline is not a number of milliseconds. */
export function limitsOf(options: CallOptions, defaultDeadlineMs: number): Limits {
  const deadlineMs = options.deadlineMs ?? defaultDeadlineMs;
  if (typeof deadlineMs !== 'number' || !(deadlineMs >= 1 && deadlineMs <= maxDeadlineMs))
    throw new KvError('INVALID_ARGUMENT', `deadlineMs must be a number from 1 to ${maxDeadlineMs}, not ${deadlineMs}`);
  // One signal may cancel a thousand operations; each removes its listener when it ends.
  if (options.signal !== undefined) setMaxListeners(0, options.signal);
  const startedAtMs = monotonicNowMs();
  return { startedAtMs, deadlineAtMs: startedAtMs + deadlineMs, signal: options.signal };
}

export function remainingMs(limits: Limits): number {
  return limits.deadlineAtMs - monotonicNowMs();
}
