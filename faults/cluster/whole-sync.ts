/**
 * Checks by the reports of all nodes whether every shard has its full in-sync set exactly where it is placed. Pure.
 */
import type { NodeStatus, ReplicaStatus, Topology } from '../../src/index.js';

type Held = ReplicaStatus & { readonly nodeId: string };

/**
 * Describes what is missing until every shard is whole; undefined if nothing is. Every node must hold some shard:
 * while a returned node holds none, a move is about to begin.
 *
 * It uses the report of every node and each primary's view of its peers, since the in-sync set in ZooKeeper may name
 * dead replicas and may be read late.
 */
export function missingForWhole(statuses: readonly NodeStatus[], { shards }: Pick<Topology, 'shards'>): string | undefined {
  const placed = new Set(shards.flatMap(({ placedNodeIds }) => placedNodeIds));
  const without = statuses.filter(({ nodeId }) => !placed.has(nodeId));
  if (without.length > 0) return `nothing is placed on ${without.map(({ nodeId }) => nodeId).join(', ')}`;
  const held = replicasByShard(statuses);
  for (const { shard, placedNodeIds } of shards) {
    const replicas = held.get(shard) ?? [];
    const missing = missingForShard(replicas, placedNodeIds);
    if (missing !== undefined) return `shard ${shard}, placed on ${placedNodeIds.join(', ')}: ${missing}: ${describe(replicas)}`;
  }
  return undefined;
}

function replicasByShard(statuses: readonly NodeStatus[]): ReadonlyMap<number, readonly Held[]> {
  const byShard = new Map<number, Held[]>();
  for (const { nodeId, replicas } of statuses)
    for (const replica of replicas) byShard.set(replica.shard, [...(byShard.get(replica.shard) ?? []), { ...replica, nodeId }]);
  return byShard;
}

function missingForShard(replicas: readonly Held[], placedNodeIds: readonly string[]): string | undefined {
  const primaries = replicas.filter(({ role }) => role === 'primary');
  const [primary] = primaries;
  if (primary === undefined || primaries.length > 1) return `${primaries.length} primaries`;
  if (!primary.serving) return 'the primary does not serve';
  if (replicas.some(({ epoch }) => epoch !== primary.epoch)) return 'several epochs';
  const others = replicas.filter((replica) => replica !== primary);
  const inSync = others.every(({ replicaId }) => primary.peers.some((peer) => peer.replicaId === replicaId && peer.inSync));
  if (!inSync || !others.every(({ complete }) => complete)) return 'not in sync';
  const holders = replicas.map(({ nodeId }) => nodeId).sort();
  return holders.join() === [...placedNodeIds].sort().join() ? undefined : 'not where it is placed';
}

function describe(replicas: readonly Held[]): string {
  return replicas
    .map(({ replicaId, role, epoch, serving, complete, lastSeq, commitIndex, offline, peers }) => {
      const flags = [serving && 'serving', complete || 'incomplete', offline && 'offline'].filter(
        (flag) => typeof flag === 'string',
      );
      const seen = peers.map((peer) => `${peer.replicaId} ${peer.phase}${peer.inSync ? ' in sync' : ''}`).join(', ');
      return `${replicaId} ${role} epoch ${epoch} seq ${lastSeq}/${commitIndex} ${flags.join(' ')} [${seen}]`;
    })
    .join('; ');
}
