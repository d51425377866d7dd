/** Finds the shards that move in a topology, and the part of each node in a move. Pure. */
import type { ShardInfo, Topology } from '../src/wire/contract/kv-api.js';

/**
 * - `giver`: holds the shard in sync, although it is not placed on this node
 * - `taker`: the shard is placed on this node, and not in sync there yet
 * - `bystander`: holds the shard before and after the move
 */
export type Part = 'giver' | 'taker' | 'bystander';

export function movingShards({ shards }: Topology): ShardInfo[] {
  return shards.filter((shard) => takersOf(shard).length > 0 || giversOf(shard).length > 0);
}

/** The ids of the nodes with this part. */
export function withPart(part: Part, shard: ShardInfo): string[] {
  if (part === 'giver') return giversOf(shard);
  if (part === 'taker') return takersOf(shard);
  return holdersOf(shard).filter((id) => shard.placedNodeIds.includes(id));
}

/** Whether every shard has a live in-sync member outside these nodes. */
export function canLose({ shards }: Topology, nodeIds: readonly string[]): boolean {
  return shards.every((shard) => holdersOf(shard).some((id) => !nodeIds.includes(id)));
}

function giversOf(shard: ShardInfo): string[] {
  return holdersOf(shard).filter((id) => !shard.placedNodeIds.includes(id));
}

function takersOf(shard: ShardInfo): string[] {
  const holders = holdersOf(shard);
  return shard.placedNodeIds.filter((id) => !holders.includes(id));
}

function holdersOf({ replicas }: ShardInfo): string[] {
  return replicas.filter(({ inSync, live }) => inSync && live).map(({ nodeId }) => nodeId);
}
