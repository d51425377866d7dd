/** Chooses the nodes that a client watches, so that the changes of every shard are reported by nodes that hold it. Pure. */
import type { ShardInfo, Topology } from '../../wire/contract/kv-api.js';

/** Number of watched holders of each shard: a single frozen holder then hides nothing. */
const holdersPerShard = 2;

export interface WatchPlanFacts {
  readonly topology: Topology;
  /** The node that is watched in any case. */
  readonly base: string | undefined;
  /** The nodes that are watched now. Those that the plan can use stay watched. */
  readonly watched: readonly string[];
  /** Nodes that could not be reached lately. They are chosen only if the others are too few. */
  readonly isSuspect: (address: string) => boolean;
  /** In [0, 1): the place among the nodes where the choice begins, so that clients spread over them. */
  readonly random: number;
}

/** Addresses of the nodes to watch beside the base. */
export function planWatches({ topology, base, watched, isSuspect, random }: WatchPlanFacts): string[] {
  const addresses = new Map(topology.nodes.map(({ id, address }) => [id, address]));
  const heldBy = new Map([...addresses.values()].map((address) => [address, [] as number[]]));
  for (const shard of topology.shards) for (const id of holdersOf(shard)) heldBy.get(addresses.get(id) ?? '')?.push(shard.shard);
  const missing = new Map(topology.shards.map(({ shard }) => [shard, holdersPerShard]));
  const isOfUse = (address: string): boolean => {
    const useful = (heldBy.get(address) ?? []).filter((shard) => missing.get(shard)! > 0);
    for (const shard of useful) missing.set(shard, missing.get(shard)! - 1);
    return useful.length > 0;
  };
  if (base !== undefined && !isSuspect(base)) isOfUse(base);
  return inOrder([...heldBy.keys()], watched, isSuspect, random).filter((address) => address !== base && isOfUse(address));
}

function inOrder(
  addresses: readonly string[],
  watched: readonly string[],
  isSuspect: (address: string) => boolean,
  random: number,
): string[] {
  const start = Math.floor(random * addresses.length);
  const rotated = [...addresses.slice(start), ...addresses.slice(0, start)];
  const known = new Set(addresses);
  // In the order of choice each node covers a shard that was not covered before.
  const all = new Set([...watched.filter((address) => known.has(address)), ...rotated]);
  return [...all].sort((one, other) => Number(isSuspect(one)) - Number(isSuspect(other)));
}

function holdersOf({ replicas, placedNodeIds }: ShardInfo): Set<string> {
  return new Set([...replicas.filter(({ live }) => live).map(({ nodeId }) => nodeId), ...placedNodeIds]);
}
