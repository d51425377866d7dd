/** Nodes and shards as JSON: the field names of gRPC, without the empty texts that gRPC has for unknown values. Pure. */
import type { NodeRegistration } from '../../coordination/index.js';
import { slotsOfShard } from '../../placement/key-slot.js';
import type { NodeStatus, ReplicaInfo, ReplicaStatus, ShardInfo, Topology } from '../../wire/contract/kv-api.js';

type HeldReplica = Pick<
  ReplicaStatus,
  'shard' | 'role' | 'epoch' | 'serving' | 'complete' | 'keys' | 'dataBytes' | 'held' | 'found'
>;
type Figures =
  | ('version' | 'uptimeMs' | 'zookeeper' | 'warnings' | 'keys')
  | ('dataBytes' | 'dataLimitBytes' | 'memoryBytes' | 'maxMemoryBytes')
  | ('logLinesDropped' | 'openDescriptors' | 'maxDescriptors')
  | ('durability' | 'diskBytes' | 'maxDiskBytes' | 'state' | 'stateLag' | 'stateImpaired')
  | ('formatInUse' | 'oldestFormat' | 'newestFormat');

/** A node's report of itself. */
export type NodeFigures = Pick<NodeStatus, Figures> & { readonly replicas: readonly HeldReplica[] };

type ShardFacts = Pick<ShardInfo, 'shard' | 'epoch' | 'primaryNodeId' | 'minInSync' | 'offline' | 'serving' | 'placedNodeIds'> & {
  readonly replicas: readonly Pick<ReplicaInfo, 'nodeId' | 'inSync' | 'live'>[];
};

export type TopologyFacts = Pick<Topology, 'clusterId' | 'placementVersion'> & { readonly shards: readonly ShardFacts[] };

export function registrationToJson(
  { nodeId: id, address, httpAddress, zone, weight = 1, leaving = false }: NodeRegistration,
  draining: boolean,
) {
  return { id, address, httpAddress, zone, weight, leaving, draining };
}

export function clusterToJson<Node>({ clusterId, placementVersion, shards }: TopologyFacts, nodes: readonly Node[]) {
  return {
    clusterId,
    placementVersion,
    nodes,
    shards: shards.map(({ shard, epoch, primaryNodeId, replicas, minInSync, offline, serving, placedNodeIds: placed }) => ({
      shard,
      slots: slotsOfShard(shard, shards.length),
      epoch,
      primary: primaryNodeId === '' ? undefined : primaryNodeId,
      inSync: replicas.filter(({ inSync }) => inSync).map(({ nodeId }) => nodeId),
      joining: replicas.filter(({ inSync, live }) => live && !inSync).map(({ nodeId }) => nodeId),
      placed,
      minInSync,
      offline,
      serving,
    })),
  };
}
