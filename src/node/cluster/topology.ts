/** Describes the cluster as this node sees it. Clients route by this, and operators look at it. Pure. */
import type { Candidate, NodeRegistration } from '../../coordination/index.js';
import { type CoreStatus, nodeIdOf } from '../../replication/index.js';
import type { ReplicaInfo, ShardReport, TopologyReport } from '../../wire/contract/kv-api.js';

/** A shard of which this node has a replica. Of other shards it knows only where they are placed. */
export interface HeldShard {
  readonly candidates: readonly Candidate[];
  readonly replica: CoreStatus;
}

export interface ClusterFacts {
  readonly clusterId: string;
  readonly shardCount: number;
  readonly minInSync: number;
  readonly nodes: readonly (NodeRegistration & { readonly zone?: string; readonly weight?: number })[];
  /** Grows with every node that registers or vanishes, and with every drain that begins or ends. */
  readonly nodesVersion: number;
  /** The nodes that are drained, registered or not. */
  readonly drainingIds: readonly string[];
  /** Node ids by shard, the preferred primary first; undefined while nothing is placed. */
  readonly placement: { readonly version: number; readonly shards: readonly (readonly string[])[] } | undefined;
}

/** A report without shards. */
export function describeCluster({
  clusterId,
  shardCount,
  nodes,
  nodesVersion,
  drainingIds,
  placement,
}: ClusterFacts): TopologyReport {
  return {
    clusterId,
    nodes: nodes.map(({ nodeId, address, zone = '', weight = 1, framesVersion = 0 }) => ({
      id: nodeId,
      address,
      zone,
      weight,
      framesVersion,
      draining: drainingIds.includes(nodeId),
    })),
    shards: [],
    placementVersion: placement?.version ?? 0,
    shardCount,
    partial: false,
    nodesVersion,
  };
}

/** `here`: undefined where this node has no replica of it. */
export function describeShard(
  shard: number,
  { minInSync, placement }: Pick<ClusterFacts, 'minInSync' | 'placement'>,
  here: HeldShard | undefined,
): ShardReport {
  const known = here === undefined ? unknownShard : describeHeld(here);
  return { shard, ...known, minInSync, placedNodeIds: [...(placement?.shards[shard] ?? [])], held: here !== undefined };
}

type KnownFromReplica = Omit<ShardReport, 'shard' | 'minInSync' | 'placedNodeIds' | 'held'>;

/** Epoch 0: every node that has learnt of a primary knows more. */
const unknownShard: KnownFromReplica = {
  epoch: 0,
  primaryNodeId: '',
  primaryAddress: '',
  replicas: [],
  offline: false,
  serving: false,
};

function describeHeld({ candidates, replica }: HeldShard): KnownFromReplica {
  const { state } = replica;
  const isOwn = replica.role === 'primary';
  const primary = isOwn ? replica.replicaId : state?.primary;
  const live = candidates.find((candidate) => candidate.replicaId === primary);
  const inSync = state?.inSync ?? [];
  const replicas: ReplicaInfo[] = candidates.map(({ replicaId, nodeId }) => {
    return { replicaId, nodeId, inSync: inSync.includes(replicaId), live: true };
  });
  for (const replicaId of inSync) {
    const known = candidates.some((candidate) => candidate.replicaId === replicaId);
    if (!known) replicas.push({ replicaId, nodeId: nodeIdOf(replicaId), inSync: true, live: false });
  }
  return {
    ...shardOf(replica, replicas),
    primaryNodeId: live?.nodeId ?? '',
    primaryAddress: live?.address ?? '',
    replicas,
    serving: isOwn ? replica.serving : live !== undefined,
    ...positionOf(replica),
  };
}

/** A client may name it with its next request (R16). */
function positionOf({ line, foundHistory, commitIndex }: CoreStatus): Pick<ShardReport, 'position'> {
  return line === undefined || foundHistory !== undefined ? {} : { position: { history: line.history, seq: commitIndex } };
}

/** A replica that keeps the data of another history describes the one that ZooKeeper names: that one serves the clients (R1). */
function shardOf({ replicaId: self, epoch, state, foundHistory, offline }: CoreStatus, replicas: readonly ReplicaInfo[]) {
  if (foundHistory === undefined || state === undefined) return { epoch: Math.max(epoch, state?.epoch ?? 0), offline };
  return { epoch: state.epoch, offline: !replicas.some(({ replicaId, inSync, live }) => inSync && live && replicaId !== self) };
}
