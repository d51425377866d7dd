/** What a topology tells of a shard that moves, and which part each node has in it. Pure. */
import type { ShardInfo, Topology } from '../src/wire/contract/kv-api.js';

/**
 * - `giver`: holds it in sync, and it is placed elsewhere
 * - `taker`: it is placed there, and not in sync there yet
 * - `bystander`: holds it, before the move and after it
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

/** Whether every shard keeps a live member of its in-sync set that is none of these nodes. */
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
