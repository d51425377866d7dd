/** Exit codes of kvctl: scripts decide by them, so they are as fixed as the proto. */
import { KvError } from '../../errors.js';

export const exitCodes = {
  ok: 0,
  /** Failed, and definitely nothing was changed. */
  failed: 1,
  usage: 2,
  outcomeUnknown: 3,
  notFound: 4,
  versionMismatch: 5,
  /** A part was written before it failed (restore), or some shards were forced and others not (shard force-primary). */
  partlyDone: 6,
  /** Every shard serves, but something needs attention (status --fail-on warnings). */
  servesWithWarnings: 7,
  /** Some shard does not serve (status), or a node is not ready (health). */
  notServing: 8,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** `isWrite`: a read that failed changed nothing, whatever its error says about the outcome. */
export function exitCodeOf(error: unknown, isWrite: boolean): ExitCode {
  if (!(error instanceof KvError)) return isWrite ? exitCodes.outcomeUnknown : exitCodes.failed;
  if (error.code === 'INVALID_OPTION') return exitCodes.usage;
  if (error.code === 'VERSION_MISMATCH') return exitCodes.versionMismatch;
  return isWrite && error.executed === 'unknown' ? exitCodes.outcomeUnknown : exitCodes.failed;
}
