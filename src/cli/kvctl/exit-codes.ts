/** Exit codes of kvctl. Scripts depend on them, so they are as fixed as the proto. */
import { KvError } from '../../errors.js';

export const exitCodes = {
  ok: 0,
  /** The command failed and definitely changed nothing. */
  failed: 1,
  /** The command line is wrong, or an argument of the command can never be right. */
  usage: 2,
  outcomeUnknown: 3,
  notFound: 4,
  /** A condition did not hold: of a write, or the comparisons of `transact`. */
  conditionFailed: 5,
  /** The command failed after it had written a part (restore), forced only some shards (shard force-primary), or was no longer waited for (drain --wait). */
  partlyDone: 6,
  /** Every shard serves, but something needs attention (status --fail-on warnings). */
  servesWithWarnings: 7,
  /** Some shard does not serve (status), or a node is not ready (health). */
  notServing: 8,
  /** Copies of a shard differ (state check). */
  copiesDiffer: 9,
  /** Without the node some shard would have too few in-sync copies (can-stop). */
  cannotStop: 10,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** `isWrite`: a failed read changed nothing, even if its error has an unknown outcome. */
export function exitCodeOf(error: unknown, isWrite: boolean): ExitCode {
  if (!(error instanceof KvError)) return isWrite ? exitCodes.outcomeUnknown : exitCodes.failed;
  if (error.code === 'INVALID_OPTION' || (error.code === 'INVALID_ARGUMENT' && error.executed === 'no')) return exitCodes.usage;
  if (error.code === 'VERSION_MISMATCH' || error.code === 'VALUE_MISMATCH') return exitCodes.conditionFailed;
  return isWrite && error.executed === 'unknown' ? exitCodes.outcomeUnknown : exitCodes.failed;
}
