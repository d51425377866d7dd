/** The status of a node and its replicas, with warnings, as kv.v1.Cluster/GetNodeStatus returns it. Pure. */

import type { DurabilityMode, SessionStatus } from '../../coordination/index.js';
import type { ClusterFormat } from '../../formats.js';
import type { LogState } from '../../logging/index.js';
import type { HeldReplica } from '../../metrics/index.js';
import { type CoreStatus, endOf, type Line, nameOf, nodeIdOf, type ShardState } from '../../replication/index.js';
import { describeShards } from '../../topology/shard-ranges.js';
import { packageVersion } from '../../version.js';
import type { HistoryPosition, NodeStatus, ReplicaStatus } from '../../wire/contract/kv-api.js';
import type { DescriptorUse } from '../capacity/descriptors.js';
import type { DiskUse } from '../capacity/disk-use.js';
import type { DatabaseHealth } from '../data/node-data.js';

const version = packageVersion();

interface Held extends Omit<HeldReplica, 'placed'> {
  /** The newest `state` that ZooKeeper held and lost, as far as the replica knows. */
  readonly lostState?: ShardState | undefined;
}

export interface StatusFacts {
  readonly nodeId: string;
  readonly address: string;
  readonly zone?: string;
  readonly weight?: number;
  readonly uptimeMs: number;
  readonly session: SessionStatus;
  /** Why the node serves nothing though it holds data: ZooKeeper holds another cluster. Undefined: ZooKeeper holds this one. */
  readonly conflict?: string | undefined;
  readonly minInSync: number;
  readonly durability: DurabilityMode;
  readonly format: Pick<ClusterFormat, 'inUse' | 'supported'>;
  readonly held: readonly Held[];
  /** Resident memory, and the most it may be. */
  readonly memoryBytes: number;
  readonly maxMemoryBytes: number;
  /** The most that the data of all replicas may cost here. */
  readonly dataLimitBytes: number;
  readonly log: LogState;
  readonly descriptors: DescriptorUse;
  readonly disk: DiskUse;
  /** Undefined: the data is in memory. */
  readonly database: Pick<DatabaseHealth, 'kind' | 'silentMs' | 'lagEntries'> | undefined;
  /** The database has not answered for longer than `--state-timeout-ms`: other nodes are to lead. */
  readonly isImpaired: boolean;
}

/** A node warns from this part of its data limit on, before writes are refused. */
const nearlyFull = 0.9;

export function describeNode(facts: StatusFacts): NodeStatus {
  const { nodeId, address, zone = '', weight = 1, uptimeMs, session, held, dataLimitBytes } = facts;
  const { durability, format, memoryBytes, maxMemoryBytes, log, descriptors, disk, database, isImpaired } = facts;
  return {
    nodeId,
    address,
    version,
    uptimeMs: Math.round(uptimeMs),
    zookeeper: session,
    replicas: held.map((one) => describeReplica(one, dataLimitBytes)),
    warnings: warnings(facts),
    memoryBytes,
    maxMemoryBytes,
    dataLimitBytes,
    zone,
    weight,
    logLinesDropped: log.droppedLines,
    openDescriptors: descriptors.open || 0,
    maxDescriptors: descriptors.allowed || 0,
    durability,
    formatInUse: format.inUse,
    oldestFormat: format.supported.oldest,
    newestFormat: format.supported.newest,
    diskBytes: disk.bytes,
    maxDiskBytes: disk.maxBytes,
    state: database?.kind ?? 'memory',
    stateLag: database?.lagEntries ?? 0,
    stateImpaired: isImpaired,
    keys: held.reduce((sum, { keys }) => sum + keys, 0),
    dataBytes: dataBytesOf(held),
  };
}

function dataBytesOf(held: readonly Held[]): number {
  return held.reduce((sum, { dataBytes }) => sum + dataBytes, 0);
}

function describeReplica({ shard, replica, lostState, keys, dataBytes }: Held, dataLimitBytes: number): ReplicaStatus {
  const { replicaId, role, epoch, serving, complete, lastSeq, lastEpoch, commitIndex, appliedSeq, offline, state } = replica;
  const isInSync = (id: string): boolean => state?.inSync.includes(id) ?? false;
  const peers = replica.peers.map(({ replicaId: id, phase, ackedSeq }) => {
    return { replicaId: id, nodeId: nodeIdOf(id), inSync: isInSync(id), phase, ackedSeq };
  });
  return {
    shard,
    replicaId,
    role,
    epoch,
    serving,
    complete,
    lastSeq,
    lastEpoch,
    commitIndex,
    appliedSeq,
    keys,
    peers,
    offline,
    dataBytes,
    dataLimitBytes,
    held: positionOf(replica.line),
    found: positionOf(replica.foundHistory),
    lost: lostState === undefined ? null : { position: endPosition(lostState), inSync: [...lostState.inSync] },
  };
}

function positionOf(line: Line | undefined): HistoryPosition | null {
  return line === undefined ? null : endPosition(line);
}

function endPosition(line: Line): HistoryPosition {
  const { epoch, id, removals = 0 } = endOf(line);
  return { history: line.history, epoch, epochId: id, removals };
}

/** One sentence for each problem, however many shards have it. */
function warnings({
  minInSync,
  durability,
  session,
  conflict,
  held,
  dataLimitBytes,
  log,
  descriptors,
  disk,
  database,
  isImpaired,
}: StatusFacts): string[] {
  const found: string[] = [];
  if (conflict !== undefined) found.push(conflict);
  else if (session !== 'connected') found.push('ZooKeeper cannot be reached: no node can be replaced until it can');
  const shardsByProblem = new Map<string, number[]>();
  for (const { shard, replica } of held)
    for (const problem of problemsOf(replica, minInSync, durability))
      shardsByProblem.set(problem, [...(shardsByProblem.get(problem) ?? []), shard]);
  for (const [problem, shards] of shardsByProblem) found.push(`${describeShards(shards)}: ${problem}`);
  const dataBytes = dataBytesOf(held);
  if (dataBytes > nearlyFull * dataLimitBytes)
    found.push(`the data takes ${dataBytes} of ${dataLimitBytes} bytes; beyond them writes are refused`);
  if (isImpaired && database !== undefined) found.push(silentText(database));
  if (disk.problem !== undefined) found.push(disk.problem);
  if (descriptors.problem !== undefined) found.push(descriptors.problem);
  if (log.problem !== undefined)
    found.push(
      `the log of this node cannot be written (${log.problem}); ${log.droppedLines} lines were dropped since it started`,
    );
  return found;
}

function silentText({ kind, silentMs, lagEntries }: NonNullable<StatusFacts['database']>): string {
  const seconds = Math.round(silentMs / 1_000);
  return `the database (${kind}) has not answered for ${seconds} s, and lacks ${lagEntries} entries; other nodes lead the shards that they can lead`;
}

function problemsOf(replica: CoreStatus, minInSync: number, durability: DurabilityMode): string[] {
  const { role, state, offline, line, foundHistory } = replica;
  const found: string[] = [];
  const copies = state?.inSync.length ?? 0;
  if (line !== undefined && foundHistory !== undefined) {
    const both = `ZooKeeper names history ${nameOf(foundHistory)}, and the data here is of history ${nameOf(line)}`;
    found.push(`${both}; it is kept, and nothing is served; choose with kvctl shard force-primary --history`);
  } else if (offline) found.push(`${whyOffline(replica)}; nothing is served`);
  if (role === 'primary' && copies === 1) found.push(`there is only a single copy; ${singleCopyRisk(durability)}`);
  if (role === 'primary' && copies < minInSync) found.push(`${copies} of ${minInSync} copies in sync; writes are refused`);
  return found;
}

function singleCopyRisk(durability: DurabilityMode): string {
  if (durability === 'memory') return 'if this node dies, its data is lost';
  return 'while this node is away it is not served, and if its disk fails, its data is lost';
}

function whyOffline({ state, line, epoch }: CoreStatus): string {
  if (state === undefined)
    return `ZooKeeper has lost the state; ${line === undefined ? 'no copy is held here' : 'the copy here is kept'}`;
  if (state.epoch < epoch) return `ZooKeeper shows an older state (epoch ${state.epoch}) than is known here (epoch ${epoch})`;
  return 'no member of the in-sync set is live';
}
