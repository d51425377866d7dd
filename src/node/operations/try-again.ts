/** Which failures of an operation a node keeps from the caller, and how long it pauses before it tries again. Pure. */
import type { ErrorCode, KvError } from '../../errors.js';
import type { Method } from '../../metrics/index.js';

/** Half of a pause is random, so that shards that lost their primary together are not tried together. */
const firstPauseMs = 10;
const maxPauseMs = 250;
/** A get that is forwarded gets no answer from a node that has frozen, or lost its network: another node may be primary by then. */
const maxGetAttemptMs = 2_000;
/** A call is refused this long before its deadline, so that the refusal arrives and the caller knows that nothing was executed. */
const maxMarginMs = 100;

/** Without an answer the outcome is unknown. A get changes nothing, so it may be tried again. */
const withoutAnswer: ReadonlySet<ErrorCode> = new Set(['OUTCOME_UNKNOWN', 'DEADLINE_EXCEEDED']);

/**
 * Whether the node tries the operation again after this failure (G4): it was definitely not executed and the failure is temporary,
 * or it was a get. A write with an unknown outcome is never tried again: no node could recognise it (R16 will change that here).
 *
 * A full queue is reported at once: a call that waited would only make it fuller.
 */
export function mayTryAgain(kind: Method, { code, executed, retryable }: KvError): boolean {
  if (executed === 'no') return retryable && code !== 'OVERLOADED';
  return kind === 'get' && withoutAnswer.has(code);
}

/** @param attempts since the shard was served last, or changed. @param random in [0, 1). */
export function pauseBeforeAttemptMs(attempts: number, random: number): number {
  const ceiling = Math.min(maxPauseMs, firstPauseMs * 2 ** Math.min(attempts, 8));
  return ceiling / 2 + (ceiling / 2) * random;
}

/** How long the answer of another node is awaited. A write has one attempt without an answer. */
export function attemptMs(kind: Method, remainingMs: number): number {
  return kind === 'get' ? Math.min(maxGetAttemptMs, remainingMs) : remainingMs;
}

/** How long a call may be kept whose caller still waits for `remainingMs`. */
export function keepableMs(remainingMs: number): number {
  return remainingMs - Math.min(maxMarginMs, remainingMs / 10);
}
