/**
 * The one rule of retries (G4), and the wait before each. Pure.
 *
 * An operation that was definitely not executed is retried if its error is temporary. A read is retried after an unknown outcome as
 * well, since it changes nothing. A write is never retried after an unknown outcome: it might happen twice.
 */
import { errorTraits, KvError } from '../../errors.js';

/** Half of the wait is random, so that clients that were refused together do not return together. */
export const firstBackoffMs = 10;
export const maxBackoffMs = 250;
/** Keeps the power of two finite; `maxBackoffMs` bounds the wait long before. */
const maxDoublings = 16;

export type Access = 'read' | 'write';

export function mayRetry(access: Access, error: KvError): boolean {
  if (error.executed === 'no') return error.retryable;
  return access === 'read' && isUnknownByNature(error);
}

/** Leaves out permanent errors, such as an answer that is larger than this client accepts. */
function isUnknownByNature(error: KvError): boolean {
  return error.retryable || errorTraits[error.code].executed === 'unknown';
}

/** @param random in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(maxBackoffMs, firstBackoffMs * 2 ** Math.min(attempt - 1, maxDoublings));
  return ceiling / 2 + (ceiling / 2) * random;
}

/** Refusals about the node itself: the next attempt goes to another node, if there is one. */
export function blamesTheNode({ code }: KvError): boolean {
  return code === 'NOT_PRIMARY' || code === 'NO_PRIMARY' || code === 'STOPPING' || code === 'WRONG_CLUSTER';
}

/** The last failure, with a summary of the attempts before it. The attempts decide `executed`. */
export function gaveUp(last: KvError, attempts: number, tookMs: number): KvError {
  const times = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
  return new KvError(last.code, `${last.message} (gave up after ${times} in ${Math.round(tookMs)} ms)`, {
    cause: last,
    executed: last.executed,
    ...(last.currentVersion === undefined ? {} : { currentVersion: last.currentVersion }),
    ...(last.primaryAddress === undefined ? {} : { primaryAddress: last.primaryAddress }),
    ...(last.clusterId === undefined ? {} : { clusterId: last.clusterId }),
  });
}
