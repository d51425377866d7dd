/**
 * What an operator does after ZooKeeper has lost data: the command `force-primary` where a shard is offline, and again where
 * replicas keep data of another line than the one that goes on (docs/operations.md). The choice is pure.
 *
 * It never takes an empty replica: in these runs a holder of the data is always alive, so that would be a loss by mistake.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { lineIdOf } from '../src/cli/kvctl/shard-histories.js';
import { type KvClient, KvError, type NodeStatus, type ReplicaStatus } from '../src/index.js';
import type { HistoryPosition } from '../src/wire/contract/kv-api.js';

export interface ForceCommand {
  readonly shard: number;
  /** Of the node whose replica goes on. */
  readonly address: string;
  /** Ids of the histories, or of the epochs of the chosen one, that the other replicas hold and are to discard. */
  readonly givesUp: readonly string[];
}

type Held = ReplicaStatus & { readonly address: string };

const askAgainMs = 200;

/** Commands that are due by what all nodes report; none while a replica that holds data still expects a primary. */
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
 * The newest data; of equal data the one more of which is known to be committed, since the versions of the rest are raised (R13);
 * then the newest epoch that it has come to.
 */
function isBetter(one: Held, other: Held): boolean {
  const newest = one.lastEpoch - other.lastEpoch || one.lastSeq - other.lastSeq || one.commitIndex - other.commitIndex;
  return (newest || (one.held?.epoch ?? 0) - (other.held?.epoch ?? 0)) > 0;
}

/** Gives a command once. A refusal is no error: what the nodes report next decides what is due then. */
async function give(client: KvClient, { address, shard, givesUp }: ForceCommand): Promise<string> {
  try {
    const { epoch } = await client.forcePrimary(address, { shard, acceptDataLoss: true, givesUp });
    return `goes on in epoch ${epoch}`;
  } catch (error) {
    if (!(error instanceof KvError)) throw error;
    return error.message;
  }
}

export interface OperatorTask {
  readonly client: KvClient;
  /** The status of every node that is to answer; undefined while one does not. */
  readonly statuses: () => Promise<readonly NodeStatus[] | undefined>;
  /** Whether nothing is left to do. */
  readonly isDone: () => Promise<boolean>;
  readonly patienceMs: number;
  readonly print: (line: string) => void;
}

/** Goes on until nothing is left to do, or patience has ended. @returns how many commands were given. */
export async function operate({ client, statuses, isDone, patienceMs, print }: OperatorTask): Promise<number> {
  const endMs = performance.now() + patienceMs;
  let given = 0;
  while (performance.now() < endMs && !(await isDone())) {
    const commands = dueCommands((await statuses()) ?? []);
    for (const command of commands) {
      const { shard, address, givesUp } = command;
      const gaveUp = givesUp.length > 0 ? `, giving up ${givesUp.join(', ')}` : '';
      print(`operator: shard ${shard} to ${address}${gaveUp}: ${await give(client, command)}`);
      given += 1;
    }
    await pause(askAgainMs);
  }
  return given;
}
