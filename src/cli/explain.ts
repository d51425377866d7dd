/**
 * Errors as a person wants to read them: what happened, what it means for the data, what to do. Stacks are for those
 * who asked for them with a log level of debug or trace.
 */
import { inspect } from 'node:util';
import { type ErrorCode, KvError } from '../errors.js';
import { legible } from './legible.js';

export interface Explanation {
  readonly data?: string;
  readonly advice?: string;
}

/** Two to four lines, without a newline at the end. Messages may name what others have chosen. */
export function renderError(program: string, error: unknown, explanation: Explanation, showStack = false): string {
  const lines = [`${program}: ${describeError(error)}`];
  if (explanation.data !== undefined) lines.push(`  data:   ${explanation.data}`);
  if (explanation.advice !== undefined) lines.push(`  to do:  ${explanation.advice}`);
  if (showStack) lines.push(inspect(error));
  return legible(lines.join('\n'));
}

export function describeError(error: unknown): string {
  if (error instanceof KvError) return error.code === 'INVALID_OPTION' ? error.message : `${error.message} (${error.code})`;
  return error instanceof Error ? error.message : String(error);
}

const nodeAdvice: Partial<Record<ErrorCode, string>> = {
  INVALID_OPTION: 'kvnode --help explains every option.',
  COORDINATION_UNAVAILABLE: 'Start ZooKeeper, or correct --zk.',
  CONFIG_MISMATCH:
    'Start the node with the values of the cluster, or choose another --root for another cluster. They are fixed when the first node starts.',
  ADDRESS_UNAVAILABLE: 'Stop what listens there, or choose another --host, --port or --http-port; port 0 takes any free one.',
};

function adviceOf(code: ErrorCode, phase: 'starting' | 'running'): string | undefined {
  if (code === 'CONFIG_MISMATCH' && phase === 'running')
    return 'Give every node an --id and an address of its own, and start it again.';
  return nodeAdvice[code];
}

/** A node that could not start, or has ended by a fatal error. */
export function explainNodeFailure(error: unknown, phase: 'starting' | 'running'): Explanation {
  return {
    data:
      phase === 'starting'
        ? 'this node did not start; nothing was changed.'
        : 'the copy of this node lived in memory and is gone; acknowledged writes live on if another replica was in sync ("kvctl status").',
    advice:
      (error instanceof KvError ? adviceOf(error.code, phase) : undefined) ??
      'Start it again with --log-level debug to see more.',
  };
}

const retryLater = 'Try again in a moment.';
const clientAdvice: Partial<Record<ErrorCode, string>> = {
  INVALID_OPTION: 'See --help.',
  VERSION_MISMATCH: 'Read the key again and decide by its present version.',
  NO_PRIMARY: `${retryLater} If it stays so, look at "kvctl status".`,
  TOO_FEW_IN_SYNC: 'Start more nodes, or wait until those that are joining are in sync; see "kvctl status".',
  SHARD_OFFLINE:
    '"kvctl status" shows why, and "kvctl shard force-primary --all" shows what would be lost by going on with the copies that are left, or that nothing would.',
  NOT_FORCED:
    'Look at "kvctl status", and give the command again if the shard still needs it; without --accept-data-loss it shows the plan.',
  WRONG_CLUSTER:
    'Name nodes of one cluster only ("kvctl status --nodes HOST:PORT" shows whose a node is); after a cluster was rebuilt, start the shell again. A node that was started with another --root or --zk by mistake is to be stopped.',
  UNREACHABLE: 'Check --nodes, or --zk and --root, and that a node is running there.',
  COORDINATION_UNAVAILABLE: 'Check --zk and --root, or name nodes directly with --nodes.',
  CONFIG_MISMATCH: 'Give the values that are there, or choose another --root for another cluster.',
  OUTCOME_UNKNOWN: 'Read the key to see. Repeating a conditional write is safe; repeating another one may undo a later write.',
  DEADLINE_EXCEEDED: 'Read the key to see, and give more time with --deadline-ms.',
  INTERNAL: 'The log of the node has the details.',
};

/** A failed call of a client. */
export function explainCallFailure(error: unknown, isWrite: boolean): Explanation {
  if (!(error instanceof KvError)) return {};
  const advice = clientAdvice[error.code] ?? (error.retryable ? retryLater : undefined);
  const data =
    isWrite && error.executed === 'unknown' ? 'it is not known whether the write took effect.' : 'nothing was changed.';
  return { data, ...(advice === undefined ? {} : { advice }) };
}
