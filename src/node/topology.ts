/** The cluster as this node sees it: what clients route by, and what operators look at. */
import type { Candidate, NodeRegistration } from '../coordination/index.js';
import { nodeIdOf, type ReplicaSnapshot } from '../replication/index.js';
import type { ReplicaInfo, Topology } from '../rpc/kv-api.js';

export interface TopologyFacts {
  readonly clusterId: string;
  readonly shard: number;
  readonly minInSync: number;
  readonly nodes: readonly NodeRegistration[];
  readonly candidates: readonly Candidate[];
  readonly replica: ReplicaSnapshot;
}

/** Pure. */
export function describeTopology({ clusterId, shard, minInSync, nodes, candidates, replica }: TopologyFacts): Topology {
  const { state } = replica;
  const isOwn = replica.role === 'primary';
  const primary = isOwn ? replica.replicaId : state?.primary;
  const live = candidates.find((candidate) => candidate.replicaId === primary);
  const inSync = state?.inSync ?? [];
  const replicas: ReplicaInfo[] = candidates.map(({ replicaId, nodeId }) => ({
    replicaId,
    nodeId,
    inSync: inSync.includes(replicaId),
    live: true,
  }));
  for (const replicaId of inSync) {
    const known = candidates.some((candidate) => candidate.replicaId === replicaId);
    if (!known) replicas.push({ replicaId, nodeId: nodeIdOf(replicaId), inSync: true, live: false });
  }
  const present = { primaryNodeId: live?.nodeId ?? '', primaryAddress: live?.address ?? '' };
  return {
    clusterId,
    nodes: nodes.map(({ nodeId, address }) => ({ id: nodeId, address, zone: '', weight: 1 })),
    shards: [
      {
        shard,
        epoch: Math.max(replica.epoch, state?.epoch ?? 0),
        ...present,
        replicas,
        minInSync,
        offline: replica.offline,
        serving: isOwn ? replica.serving : live !== undefined,
        placedNodeIds: [],
      },
    ],
    placementVersion: 0,
  };
}
