/**
 * Formats errors for people: what happened, what it means for the data, what to do. A stack is shown only with a log
 * level of debug or trace.
 */
import { inspect } from 'node:util';
import { type ErrorCode, KvError } from '../errors.js';
import { legible } from './legible.js';

export interface Explanation {
  readonly data?: string;
  readonly advice?: string;
}

/**
 * Two to four lines, without a newline at the end. Unprintable characters are escaped, since messages may hold others'
 * keys.
 */
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
    'Start the node with the values of the cluster, or choose another --root for another cluster. The first node fixes the values.',
  UNSUPPORTED_FORMAT: 'Install the version of kvnode that the message names; "Upgrading" in docs/operations.md has the steps.',
  ADDRESS_UNAVAILABLE:
    'Stop the program that listens there, or choose another --host, --port or --http-port; port 0 takes any free one.',
  DATA_UNAVAILABLE: 'docs/durability.md describes the data directory, and how to replace or move one.',
};

function adviceOf(code: ErrorCode, phase: 'starting' | 'running'): string | undefined {
  if (code === 'CONFIG_MISMATCH' && phase === 'running')
    return 'Give every node an --id and an address of its own, and start it again.';
  return nodeAdvice[code];
}

/**
 * Explains the error of a node that could not start, or that a fatal error has ended.
 * @param dataDir undefined: its data lived in memory
 */
export function explainNodeFailure(error: unknown, phase: 'starting' | 'running', dataDir?: string): Explanation {
  const isOfDatabase = error instanceof Error && error.name === 'DatabaseError';
  const data = isOfDatabase
    ? `what was acknowledged is in the log in ${dataDir}, and in the copies of other nodes.`
    : lostWith(dataDir);
  const advice = error instanceof KvError ? adviceOf(error.code, phase) : isOfDatabase ? databaseAdvice : undefined;
  return {
    data: phase === 'starting' ? 'this node did not start; nothing was changed.' : data,
    advice: advice ?? 'Start it again with --log-level debug to see more.',
  };
}

const databaseAdvice = 'Do what the message says; docs/state-stores.md describes the databases of nodes.';

function lostWith(dataDir: string | undefined): string {
  if (dataDir !== undefined) return `it is kept in ${dataDir}, and the node continues with it when it starts again.`;
  return 'the copy of this node lived in memory and is gone; acknowledged writes survive if another replica was in sync ("kvctl status").';
}

const retryLater = 'Try again in a moment.';
const clientAdvice: Partial<Record<ErrorCode, string>> = {
  INVALID_OPTION: 'See --help.',
  VERSION_MISMATCH: 'Read the key again and decide by its present version.',
  NO_PRIMARY: `${retryLater} If the error persists, check "kvctl status".`,
  TOO_FEW_IN_SYNC: 'Start more nodes, or wait until the joining nodes are in sync; see "kvctl status".',
  SHARD_OFFLINE:
    '"kvctl status" shows why, and "kvctl shard force-primary --all" shows the plan to resume with the remaining copies, and what would be lost, if anything.',
  NOT_FORCED:
    'Check "kvctl status", and repeat the command if the shard still needs it; without --accept-data-loss it shows the plan.',
  NOT_UPGRADED:
    'Restart the nodes that are named with the new version, and repeat the command; "kvctl upgrade" shows what each node supports.',
  NOT_DRAINED: 'Start another node, or take back the drain of another one ("kvctl status" shows them), and repeat the command.',
  UNSUPPORTED_FORMAT: 'Use the kvctl of the version that the nodes run.',
  WRONG_CLUSTER:
    'Name nodes of one cluster only ("kvctl status --nodes HOST:PORT" shows the cluster of a node). After a cluster was rebuilt, start the shell again. Stop a node that was started with a wrong --root or --zk.',
  UNREACHABLE: 'Check --nodes, or --zk and --root, and that a node is running there.',
  COORDINATION_UNAVAILABLE: 'Check --zk and --root, or name nodes directly with --nodes.',
  CONFIG_MISMATCH: 'Pass the values of the cluster, or choose another --root for another cluster.',
  OUTCOME_UNKNOWN:
    'Read the key to find out. Repeating a conditional write is safe; repeating an unconditional one may undo a later write.',
  DEADLINE_EXCEEDED: 'Read the key to find out, and allow more time with --deadline-ms.',
  INTERNAL: 'The log of the node has the details.',
};

/** Explains the error of a failed call to the cluster. */
export function explainCallFailure(error: unknown, isWrite: boolean): Explanation {
  if (!(error instanceof KvError)) return {};
  const advice = clientAdvice[error.code] ?? (error.retryable ? retryLater : undefined);
  const data =
    isWrite && error.executed === 'unknown' ? 'it is not known whether the write took effect.' : 'nothing was changed.';
  return { data, ...(advice === undefined ? {} : { advice }) };
}
