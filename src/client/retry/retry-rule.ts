/**
 * The one rule of retries (G4), and how long to wait before one. Pure.
 *
 * What was definitely not executed, and may go better a moment later, is tried again. A read is tried again after an
 * unknown outcome as well, since it changes nothing. A write after an unknown outcome never is: it might happen twice.
 */
import { errorTraits, KvError } from '../../errors.js';

/** Half of it is random, so that clients refused together do not come back together. */
export const firstBackoffMs = 10;
export const maxBackoffMs = 250;
/** The doubling is bounded by `maxBackoffMs` long before; this keeps the power of two finite. */
const maxDoublings = 16;

export type Effect = 'read' | 'write';

export function mayRetry(effect: Effect, error: KvError): boolean {
  if (error.executed === 'no') return error.retryable;
  return effect === 'read' && isUnknownByNature(error);
}

/** Leaves out codes that say what is wrong, such as an answer larger than this client takes: it would not shrink. */
function isUnknownByNature(error: KvError): boolean {
  return error.retryable || errorTraits[error.code].executed === 'unknown';
}

/** @param random from 0 up to 1, not included. */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(maxBackoffMs, firstBackoffMs * 2 ** Math.min(attempt - 1, maxDoublings));
  return ceiling / 2 + (ceiling / 2) * random;
}

/** Refusals that say "not me": the next attempt goes to another node, if there is one. */
export function blamesTheNode({ code }: KvError): boolean {
  return code === 'NOT_PRIMARY' || code === 'NO_PRIMARY' || code === 'STOPPING' || code === 'WRONG_CLUSTER';
}

/** The last failure, told with what was tried before it. `executed` stays what the attempts make it. */
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
