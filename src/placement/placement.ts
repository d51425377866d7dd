/** Which nodes hold which shard: the words of this folder, and what is refused. */

export type NodeId = string;

export interface Placement {
  /** Grows by one with every change; from 1. */
  readonly version: number;
  /** By shard number: the nodes that hold it, all different. The first is the preferred primary. */
  readonly shards: readonly (readonly NodeId[])[];
}

/** A node that may hold shards. */
export interface PlacementNode {
  readonly id: NodeId;
  /** Its share beside that of others. An integer from 1 (the default) to 100. */
  readonly weight?: number;
  /** What fails together: a rack, a site. All nodes that name none are in one nameless zone. */
  readonly zone?: string;
}

/** The same on every node of a cluster, for good. */
export interface PlacementRules {
  /** From 1 to 16,384. */
  readonly shardCount: number;
  /** Copies of each shard, 1 to 16; as many as there are nodes while there are fewer. */
  readonly replicas: number;
  /** Positions on the ring of the heaviest node; the others have as many as their weight is worth. 1 to 1,024. */
  readonly vnodes: number;
  /** SHA-256 of a text in UTF-8: 32 bytes. */
  readonly sha256: (text: string) => Uint8Array;
}

export const mostShards = 16_384;
export const mostReplicas = 16;
/** So that a fair share of everything is exact in a double, products of weights included. */
const mostWeight = 100;
const mostVnodes = 1_024;
/** A node's index must fit below its position in one number that is sorted. */
export const mostNodes = 65_536;

/** Nothing has been changed when this is thrown: a placement is computed whole or not at all. */
export class PlacementError extends Error {
  override readonly name = 'PlacementError';
}

/** @throws PlacementError for what no placement can be computed from. */
export function checkInput(previous: Placement | undefined, nodes: readonly PlacementNode[], rules: PlacementRules): void {
  checkInteger('the number of shards', rules.shardCount, mostShards);
  checkInteger('the number of replicas', rules.replicas, mostReplicas);
  checkInteger('the number of virtual nodes', rules.vnodes, mostVnodes);
  if (nodes.length === 0) refuse('there is no node to place shards on; what is placed stays as it was');
  if (nodes.length > mostNodes) refuse(`${nodes.length} nodes are more than ${mostNodes}`);
  for (const { id, weight = 1 } of nodes) {
    if (id === '') refuse('a node has an empty id');
    checkInteger(`the weight of node ${id}`, weight, mostWeight);
  }
  if (new Set(nodes.map(({ id }) => id)).size < nodes.length) refuse('two nodes have the same id');
  if (previous !== undefined && previous.shards.length !== rules.shardCount)
    refuse(`the placement has ${previous.shards.length} shards, the cluster ${rules.shardCount}; their number never changes`);
}

function checkInteger(what: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most) refuse(`${what} is ${value}, not an integer from 1 to ${most}`);
}

function refuse(reason: string): never {
  throw new PlacementError(`no placement was computed: ${reason}`);
}
