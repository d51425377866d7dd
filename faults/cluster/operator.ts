/**
 * Plays the operator after ZooKeeper has lost data: it sends `force-primary` for every offline shard, and again while
 * replicas keep data of another line than the chosen one (docs/operations.md). The choice is pure.
 *
 * It never chooses an empty replica: in these runs a holder of the data is always alive, so that would be a loss by
 * mistake.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { lineIdOf } from '../../src/cli/kvctl/force/shard-histories.js';
import { type KvClient, KvError, type NodeStatus, type ReplicaStatus } from '../../src/index.js';
import type { HistoryPosition } from '../../src/wire/contract/kv-api.js';

export interface ForceCommand {
  readonly shard: number;
  /** The address of the node whose replica becomes primary. */
  readonly address: string;
  /** Ids of histories, or of epochs of the chosen history, whose data the other replicas must discard. */
  readonly givesUp: readonly string[];
}

type Held = ReplicaStatus & { readonly address: string };

const pollMs = 200;

/**
 * The commands that are due by the reports of all nodes. None is due while a replica with data still expects a
 * primary.
 */
export function dueCommands(statuses: readonly NodeStatus[]): ForceCommand[] {
  const byShard = new Map<number, Held[]>();
  for (const { address, replicas } of statuses)
    for (const replica of replicas) byShard.set(replica.shard, [...(byShard.get(replica.shard) ?? []), { ...replica, address }]);
  return [...byShard.values()].flatMap((replicas) => commandFor(replicas) ?? []);
}

function commandFor(replicas: readonly Held[]): ForceCommand | undefined {
  const holders = replicas.filter(holdsData);
  const primary = replicas.find(({ role, serving }) => role === 'primary' && serving);
  const isDivided = replicas.some(({ found }) => isPosition(found));
  if (primary !== undefined) return isDivided ? commandTo(primary, replicas, true) : undefined;
  if (holders.length === 0 || !holders.every(({ offline }) => offline)) return undefined;
  const best = holders.reduce((one, other) => (isBetter(other, one) ? other : one));
  const histories = new Set(holders.map(({ held }) => held?.history));
  return commandTo(best, replicas, isDivided || histories.size > 1);
}

function commandTo({ shard, address, held }: Held, replicas: readonly Held[], givesUp: boolean): ForceCommand {
  const lines = replicas.flatMap((replica) => [replica.held, replica.found].filter(isPosition));
  const others = lines.filter(({ epochId }) => epochId !== held?.epochId);
  const ids = others.map((line) => (line.history === held?.history ? lineIdOf(line) : line.history));
  return { shard, address, givesUp: givesUp ? [...new Set(ids)] : [] };
}

function holdsData({ complete, held }: ReplicaStatus): boolean {
  return complete && isPosition(held);
}

function isPosition(position: HistoryPosition | null | undefined): position is HistoryPosition {
  return position !== null && position !== undefined;
}

/**
 * The newest data is best. With equal data the higher commit index is, since entries above it get new versions (R13).
 * Then the newest epoch counts.
 */
function isBetter(one: Held, other: Held): boolean {
  const newest = one.lastEpoch - other.lastEpoch || one.lastSeq - other.lastSeq || one.commitIndex - other.commitIndex;
  return (newest || (one.held?.epoch ?? 0) - (other.held?.epoch ?? 0)) > 0;
}

/** Sends a command once. A refusal is not an error: the next reports of the nodes decide what is due then. */
async function send(client: KvClient, { address, shard, givesUp }: ForceCommand): Promise<string> {
  try {
    const { epoch } = await client.forcePrimary(address, { shard, acceptDataLoss: true, givesUp });
    return `serves in epoch ${epoch}`;
  } catch (error) {
    if (!(error instanceof KvError)) throw error;
    return error.message;
  }
}

export interface OperatorTask {
  readonly client: KvClient;
  /** The status of every node; undefined while one does not answer. */
  readonly statuses: () => Promise<readonly NodeStatus[] | undefined>;
  /** Whether no command is needed any more. */
  readonly isDone: () => Promise<boolean>;
  readonly patienceMs: number;
  readonly print: (line: string) => void;
}

/** Sends due commands until `isDone`, or until `patienceMs` has passed. @returns the number of commands sent */
export async function operate({ client, statuses, isDone, patienceMs, print }: OperatorTask): Promise<number> {
  const endMs = performance.now() + patienceMs;
  let sent = 0;
  while (performance.now() < endMs && !(await isDone())) {
    const commands = dueCommands((await statuses()) ?? []);
    for (const command of commands) {
      const { shard, address, givesUp } = command;
      const gaveUp = givesUp.length > 0 ? `, giving up ${givesUp.join(', ')}` : '';
      print(`operator: shard ${shard} to ${address}${gaveUp}: ${await send(client, command)}`);
      sent += 1;
    }
    await pause(pollMs);
  }
  return sent;
}
