/** The cluster as this node sees it: what clients route by, and what operators look at. Pure. */
import type { Candidate, NodeRegistration } from '../coordination/index.js';
import { nodeIdOf, type ReplicaSnapshot } from '../replication/index.js';
import type { ReplicaInfo, ShardInfo, Topology } from '../rpc/kv-api.js';

/** A shard of which this node has a replica: of others it knows only where they are placed. */
export interface HeldShard {
  readonly shard: number;
  readonly candidates: readonly Candidate[];
  readonly replica: ReplicaSnapshot;
}

export interface TopologyFacts {
  readonly clusterId: string;
  readonly shardCount: number;
  readonly minInSync: number;
  readonly nodes: readonly (NodeRegistration & { readonly zone?: string; readonly weight?: number })[];
  /** Node ids by shard, the preferred primary first; undefined while nothing is placed. */
  readonly placement: { readonly version: number; readonly shards: readonly (readonly string[])[] } | undefined;
  readonly held: readonly HeldShard[];
}

export function describeTopology({ clusterId, shardCount, minInSync, nodes, placement, held }: TopologyFacts): Topology {
  const heldByShard = new Map(held.map((one) => [one.shard, one]));
  const shards = Array.from({ length: shardCount }, (_, shard) => {
    const here = heldByShard.get(shard);
    const placedNodeIds = [...(placement?.shards[shard] ?? [])];
    return { shard, ...(here === undefined ? unknownShard : describeShard(here)), minInSync, placedNodeIds };
  });
  return {
    clusterId,
    nodes: nodes.map(({ nodeId, address, zone = '', weight = 1 }) => ({ id: nodeId, address, zone, weight })),
    shards,
    placementVersion: placement?.version ?? 0,
  };
}

type ToldByReplica = Omit<ShardInfo, 'shard' | 'minInSync' | 'placedNodeIds'>;

/** Epoch 0: whoever has heard of any primary knows more. */
const unknownShard: ToldByReplica = {
  ...{ epoch: 0, primaryNodeId: '', primaryAddress: '', replicas: [], offline: false, serving: false },
};

function describeShard({ candidates, replica }: HeldShard): ToldByReplica {
  const { state } = replica;
  const isOwn = replica.role === 'primary';
  const primary = isOwn ? replica.replicaId : state?.primary;
  const live = candidates.find((candidate) => candidate.replicaId === primary);
  const inSync = state?.inSync ?? [];
  const replicas: ReplicaInfo[] = candidates.map(({ replicaId, nodeId }) => ({
    ...{ replicaId, nodeId, inSync: inSync.includes(replicaId), live: true },
  }));
  for (const replicaId of inSync) {
    const known = candidates.some((candidate) => candidate.replicaId === replicaId);
    if (!known) replicas.push({ replicaId, nodeId: nodeIdOf(replicaId), inSync: true, live: false });
  }
  return {
    epoch: Math.max(replica.epoch, state?.epoch ?? 0),
    ...{ primaryNodeId: live?.nodeId ?? '', primaryAddress: live?.address ?? '' },
    replicas,
    offline: replica.offline,
    serving: isOwn ? replica.serving : live !== undefined,
  };
}
