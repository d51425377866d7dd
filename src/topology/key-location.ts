/** Tells by a topology which nodes hold a key, the primary first. Pure. */
import { keyHash } from '../placement/key-hash.js';
import { shardOfKey, slotOfKey } from '../placement/key-slot.js';
import type { KeyHolder, KeyLocation, ReplicaInfo, ShardInfo, Topology } from '../wire/contract/kv-api.js';

/** Undefined while no shard is known. */
export function locateKey(topology: Topology, key: string): KeyLocation | undefined {
  const { shards, nodes } = topology;
  if (shards.length === 0) return undefined;
  const number = shardOfKey(key, shards.length);
  const shard = shards.find((candidate) => candidate.shard === number);
  if (shard === undefined) return undefined;
  const addresses = new Map(nodes.map(({ id, address }) => [id, address]));
  const holderOf = (nodeId: string, role: string): KeyHolder => {
    return { nodeId, address: addresses.get(nodeId) ?? '', role, placed: shard.placedNodeIds.includes(nodeId) };
  };
  const replicas = shard.replicas.map(({ nodeId, ...replica }) => ({ nodeId, role: roleOf(nodeId, replica, shard) }));
  const missing = shard.placedNodeIds
    .filter((id) => !shard.replicas.some(({ nodeId }) => nodeId === id))
    .map((nodeId) => ({ nodeId, role: 'awaited' }));
  const holders = [...replicas, ...missing].map(({ nodeId, role }) => holderOf(nodeId, role));
  return { shard: number, hash: keyHash(key), slot: slotOfKey(key), epoch: shard.epoch, holders: holders.sort(byRole) };
}

function roleOf(nodeId: string, { inSync, live }: Omit<ReplicaInfo, 'nodeId'>, { primaryNodeId }: ShardInfo): string {
  if (!live) return 'lost';
  if (nodeId === primaryNodeId && nodeId !== '') return 'primary';
  return inSync ? 'backup' : 'joiner';
}

/** The roles of a holder, as proto/kv/v1/kv.proto lists them. */
const roles = ['primary', 'backup', 'joiner', 'lost', 'awaited'];

function byRole(one: KeyHolder, other: KeyHolder): number {
  return roles.indexOf(one.role) - roles.indexOf(other.role);
}
