/** Which failures of an operation a node keeps from the caller, and how long it pauses before it tries again. Pure. */
import type { ErrorCode, KvError } from '../../errors.js';
import { growingPauseMs } from '../../growing-pause.js';

/** Half of a pause is random, so that shards that lost their primary together are not tried together. */
const pauses = { firstMs: 10, maxMs: 250 };
/** A node that has frozen, or lost its network, gives no answer: another node may be primary by then. */
const maxAttemptMs = 2_000;
/** A call is refused this long before its deadline, so that the refusal arrives and the caller knows that nothing was executed. */
const maxMarginMs = 100;

/** Without an answer the outcome is unknown. A get changes nothing, and a primary recognises a write with an identity. */
const withoutAnswer: ReadonlySet<ErrorCode> = new Set(['OUTCOME_UNKNOWN', 'DEADLINE_EXCEEDED']);

/**
 * Whether the node tries the operation again after this failure (G4): it was definitely not executed and the failure is temporary,
 * or it got no answer and is a get, or a write with an identity (R16). No node could recognise any other write.
 *
 * A full queue is reported at once: a call that waited would only make it fuller.
 */
export function mayTryAgain({ code, executed, retryable }: KvError, isRepeatable: boolean): boolean {
  if (executed === 'no') return retryable && code !== 'OVERLOADED';
  return isRepeatable && withoutAnswer.has(code);
}

/** @param attempts since the shard was served last, or changed. @param random in [0, 1). */
export function pauseBeforeAttemptMs(attempts: number, random: number): number {
  return growingPauseMs(attempts + 1, pauses, random);
}

/** How long the answer of another node is awaited. */
export function attemptMs(remainingMs: number, isRepeatable: boolean): number {
  return isRepeatable ? Math.min(maxAttemptMs, remainingMs) : remainingMs;
}

/** How long a call may be kept whose caller still waits for `remainingMs`. */
export function keepableMs(remainingMs: number): number {
  return remainingMs - Math.min(maxMarginMs, remainingMs / 10);
}
