/** Whether a node can be taken down now, by a topology and the nodes that have answered. Pure. */
import type { ShardInfo, Topology } from '../wire/contract/kv-api.js';

/** A shard that would have too few in-sync copies without the node. */
export interface ShardAtRisk {
  readonly shard: number;
  /** In-sync copies that would be left, on nodes that answer. */
  readonly copiesLeft: number;
  /** Copies that must be left: `minInSync`, and at least one. */
  readonly copiesNeeded: number;
}

/**
 * The shards that would have too few in-sync copies. A copy on a node that does not answer does not count: after a crash a node
 * stays registered, and its copies in sync, for a while. A shard that is placed on the node and of which no node reports
 * anything is at risk as well.
 *
 * @param answering ids of the nodes whose reports are part of the topology
 */
export function shardsAtRisk(
  { shards }: Pick<Topology, 'shards'>,
  nodeId: string,
  answering: ReadonlySet<string>,
): readonly ShardAtRisk[] {
  return shards.flatMap((info) => {
    if (!isConcerned(info, nodeId)) return [];
    const others = info.replicas.filter((one) => one.inSync && one.live && one.nodeId !== nodeId && answering.has(one.nodeId));
    const copiesLeft = new Set(others.map((one) => one.nodeId)).size;
    const copiesNeeded = Math.max(1, info.minInSync);
    return copiesLeft >= copiesNeeded ? [] : [{ shard: info.shard, copiesLeft, copiesNeeded }];
  });
}

/**
 * The node has a copy that counts, or may have one. Epoch 0: no node has reported the shard. An in-sync copy that is not live counts as
 * well: the node may be about to register it again, after a start or a lost session, and it may be the one that the shard waits for.
 */
function isConcerned({ epoch, replicas, placedNodeIds }: ShardInfo, nodeId: string): boolean {
  if (epoch === 0) return placedNodeIds.includes(nodeId);
  return replicas.some((one) => one.nodeId === nodeId && one.inSync);
}
