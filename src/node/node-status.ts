/** What a node tells about itself and its replicas, warnings included. Pure. */

import type { SessionStatus } from '../coordination/index.js';
import type { LogState } from '../logging/index.js';
import type { HeldReplica } from '../metrics/index.js';
import { endOf, type Line, nameOf, nodeIdOf, type ReplicaSnapshot } from '../replication/index.js';
import type { HistoryPosition, NodeStatus, ReplicaStatus } from '../rpc/kv-api.js';
import { packageVersion } from '../version.js';
import type { DescriptorUse } from './descriptors.js';
import { describeShards } from './shard-ranges.js';

const version = packageVersion();

type Held = Omit<HeldReplica, 'placed'>;

export interface NodeFacts {
  readonly nodeId: string;
  readonly address: string;
  readonly zone?: string;
  readonly weight?: number;
  readonly uptimeMs: number;
  readonly session: SessionStatus;
  /** Why the node serves nothing though it holds data: ZooKeeper holds another cluster. Undefined: it does not. */
  readonly conflict?: string | undefined;
  readonly minInSync: number;
  readonly held: readonly Held[];
  /** Resident, and the most it may be. */
  readonly memoryBytes: number;
  readonly maxMemoryBytes: number;
  /** The most that the data of all replicas may cost here. */
  readonly dataLimitBytes: number;
  readonly log: LogState;
  readonly descriptors: DescriptorUse;
}

/** An operator should know before writes are refused. */
const nearlyFull = 0.9;

export function describeNode(facts: NodeFacts): NodeStatus {
  const { nodeId, address, zone = '', weight = 1, uptimeMs, session, held, dataLimitBytes } = facts;
  const { memoryBytes, maxMemoryBytes, log, descriptors } = facts;
  return {
    ...{ nodeId, address, version, uptimeMs: Math.round(uptimeMs), zookeeper: session },
    replicas: held.map((one) => describeReplica(one, dataLimitBytes)),
    warnings: warnings(facts),
    ...{ memoryBytes, maxMemoryBytes, dataLimitBytes, zone, weight },
    logLinesDropped: log.droppedLines,
    ...{ openDescriptors: descriptors.open || 0, maxDescriptors: descriptors.allowed || 0 },
    keys: held.reduce((sum, { keys }) => sum + keys, 0),
    dataBytes: dataBytesOf(held),
  };
}

function dataBytesOf(held: readonly Held[]): number {
  return held.reduce((sum, { dataBytes }) => sum + dataBytes, 0);
}

function describeReplica({ shard, replica, keys, dataBytes }: Held, dataLimitBytes: number): ReplicaStatus {
  const { replicaId, role, epoch, serving, complete, lastSeq, lastEpoch, commitIndex, appliedSeq, offline, state } = replica;
  const isInSync = (id: string): boolean => state?.inSync.includes(id) ?? false;
  const peers = replica.peers.map(({ replicaId: id, phase, ackedSeq }) => ({
    ...{ replicaId: id, nodeId: nodeIdOf(id), inSync: isInSync(id), phase, ackedSeq },
  }));
  return {
    ...{ shard, replicaId, role, epoch, serving, complete, lastSeq, lastEpoch, commitIndex, appliedSeq, keys, peers, offline },
    ...{ dataBytes, dataLimitBytes },
    held: positionOf(replica.line),
    found: positionOf(replica.foundHistory),
  };
}

function positionOf(line: Line | undefined): HistoryPosition | null {
  if (line === undefined) return null;
  const { epoch, id } = endOf(line);
  return { history: line.history, epoch, epochId: id };
}

/** One sentence for each thing that is amiss, whatever the number of shards it concerns. */
function warnings({ minInSync, session, conflict, held, dataLimitBytes, log, descriptors }: NodeFacts): string[] {
  const found: string[] = [];
  if (conflict !== undefined) found.push(conflict);
  else if (session !== 'connected') found.push('ZooKeeper cannot be reached: no node can be replaced until it can');
  const amiss = new Map<string, number[]>();
  for (const { shard, replica } of held)
    for (const what of amissWith(replica, minInSync)) amiss.set(what, [...(amiss.get(what) ?? []), shard]);
  for (const [what, shards] of amiss) found.push(`${describeShards(shards)}: ${what}`);
  const dataBytes = dataBytesOf(held);
  if (dataBytes > nearlyFull * dataLimitBytes)
    found.push(`the data takes ${dataBytes} of ${dataLimitBytes} bytes; beyond them writes are refused`);
  if (descriptors.problem !== undefined) found.push(descriptors.problem);
  if (log.problem !== undefined)
    found.push(
      `the log of this node cannot be written (${log.problem}); ${log.droppedLines} lines were dropped since it started`,
    );
  return found;
}

function amissWith({ role, state, offline, line, foundHistory }: ReplicaSnapshot, minInSync: number): string[] {
  const found: string[] = [];
  const copies = state?.inSync.length ?? 0;
  if (line !== undefined && foundHistory !== undefined) {
    const both = `ZooKeeper names history ${nameOf(foundHistory)}, and the data here is of history ${nameOf(line)}`;
    found.push(`${both}; it is kept, and nothing is served; choose with kvctl shard force-primary --history`);
  } else if (offline) found.push('no copy with every acknowledged write is live; nothing is served');
  if (role === 'primary' && copies === 1) found.push('a single copy is all there is; if this node dies, its data is lost');
  if (role === 'primary' && copies < minInSync) found.push(`${copies} of ${minInSync} copies in sync; writes are refused`);
  return found;
}
