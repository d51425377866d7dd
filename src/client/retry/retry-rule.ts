/**
 * The one rule of retries (G4, R16), and the wait before each. Pure.
 *
 * An operation that was definitely not executed is sent again if its error is temporary. After an unknown outcome a read is sent
 * again as well, since it changes nothing, and a write that its shard recognises. Any other write is not: it might happen twice.
 */
import { type ErrorCode, errorTraits, KvError, type ShardPosition } from '../../errors.js';
import { growingPauseMs } from '../../growing-pause.js';

export const firstBackoffMs = 10;
export const maxBackoffMs = 250;

/** `request`: a write that its shard recognises if it is sent again. */
export type Access = 'read' | 'write' | 'request';

export function mayRetry(access: Access, error: KvError): boolean {
  if (error.executed === 'no') return error.retryable;
  return access !== 'write' && isUnknownByNature(error);
}

/** How often an operation begins again with the position that a refusal has named. Each one is newer, so one is nearly always enough. */
export const maxNewPositions = 4;

/** Whether a write may begin again with the position that the refusal names: no attempt of it was executed. */
export function namesNewPosition(error: KvError): error is KvError & { readonly position: ShardPosition } {
  return error.code === 'REQUEST_TOO_OLD' && error.executed === 'no' && error.position !== undefined;
}

/** Refusals by what is stored. The primary records those of a request that may have been sent before. */
const judgements: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'VERSION_MISMATCH',
  'VALUE_MISMATCH',
  'NOT_A_NUMBER',
  'OUT_OF_RANGE',
  'VALUE_TOO_LARGE',
]);

export function isJudgement({ code, executed }: KvError): boolean {
  return executed === 'no' && judgements.has(code);
}

/**
 * The error with which a write ends. After an attempt with an unknown outcome no refusal makes it definite. A judgement does, since
 * it is the recorded answer to the first attempt.
 *
 * @param unknown the error of the first attempt whose outcome is unknown; undefined: there was none
 */
export function finalError(error: KvError, unknown: KvError | undefined): KvError {
  if (unknown === undefined || isJudgement(error)) return error;
  if (errorTraits[error.code].executed === 'unknown')
    return error.executed === 'unknown' ? error : new KvError(error.code, error.message, { cause: unknown, executed: 'unknown' });
  if (error === unknown && error.code !== 'REQUEST_TOO_OLD') return error;
  const reason = error === unknown ? '' : `${unknown.message}; then `;
  return new KvError('OUTCOME_UNKNOWN', `${reason}${error.code}: ${error.message}`, { cause: error });
}

/** Leaves out permanent errors, such as an answer that is larger than this client accepts. */
function isUnknownByNature(error: KvError): boolean {
  return error.retryable || errorTraits[error.code].executed === 'unknown';
}

/** Half of the wait is random, so that clients that were refused together do not return together. @param random in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
  return growingPauseMs(attempt, { firstMs: firstBackoffMs, maxMs: maxBackoffMs }, random);
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
