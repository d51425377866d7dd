/** Computes from topologies the shares of the nodes, and the copies that moved between two topologies. Pure. */
import type { ShardInfo, Topology } from '../src/wire/contract/kv-api.js';

export interface NodeShare {
  readonly nodeId: string;
  readonly shards: number;
  readonly primaryOf: number;
}

export interface Movement {
  /** The number of all copies, and of those at a node that did not hold the shard before. */
  readonly copies: number;
  readonly moved: number;
  /** The shards with a copy that moved. */
  readonly shards: readonly number[];
}

/** Whether every shard has `count` live in-sync replicas, or all placed ones if these are fewer. */
export function isInSync({ shards }: Topology, count: number): boolean {
  return shards.length > 0 && shards.every((shard) => isShardInSync(shard, count));
}

function isShardInSync({ serving, replicas, placedNodeIds }: ShardInfo, count: number): boolean {
  const inSync = replicas.filter((replica) => replica.inSync);
  const wanted = placedNodeIds.length === 0 ? count : Math.min(count, placedNodeIds.length);
  return serving && inSync.length === wanted && inSync.every(({ live }) => live);
}

/**
 * Whether every shard is in sync where it is placed, its preferred primary is primary, and no other node has a copy.
 */
export function isAsPlaced({ shards, placementVersion }: Topology): boolean {
  return placementVersion > 0 && shards.every(isShardAsPlaced);
}

/**
 * Whether the cluster is at rest with this number of running nodes: each is registered, each shard is placed on as many
 * of them as it should be, and everything is as placed.
 */
export function isAtRest(topology: Topology, running: number, replicas: number): boolean {
  const copies = Math.min(running, replicas);
  const placedOnAll = topology.shards.every(({ placedNodeIds }) => placedNodeIds.length === copies);
  return topology.nodes.length === running && placedOnAll && isAsPlaced(topology);
}

function isShardAsPlaced({ serving, primaryNodeId, replicas, placedNodeIds }: ShardInfo): boolean {
  const holders = replicas.filter(({ inSync, live }) => inSync && live).map(({ nodeId }) => nodeId);
  return (
    serving &&
    primaryNodeId === placedNodeIds[0] &&
    holders.length === placedNodeIds.length &&
    replicas.length === holders.length &&
    placedNodeIds.every((id) => holders.includes(id))
  );
}

/** The share of each node, in the order of registration. */
export function sharesOf({ nodes, shards }: Topology): NodeShare[] {
  return nodes.map(({ id }) => ({
    nodeId: id,
    shards: shards.filter(({ placedNodeIds }) => placedNodeIds.includes(id)).length,
    primaryOf: shards.filter(({ primaryNodeId }) => primaryNodeId === id).length,
  }));
}

export function movementBetween(before: Topology, after: Topology): Movement {
  const arrived = after.shards.map(({ shard, placedNodeIds }) => {
    const former = before.shards.find((one) => one.shard === shard)?.placedNodeIds ?? [];
    return { shard, count: placedNodeIds.filter((id) => !former.includes(id)).length };
  });
  return {
    copies: after.shards.reduce((sum, { placedNodeIds }) => sum + placedNodeIds.length, 0),
    moved: arrived.reduce((sum, { count }) => sum + count, 0),
    shards: arrived.flatMap(({ shard, count }) => (count > 0 ? [shard] : [])),
  };
}

export function percent(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Math.round((100 * part) / whole)} %`;
}
