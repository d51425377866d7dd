/** The types of this folder, and the check of its arguments. */
import { slotCount } from './key-slot.js';

export type NodeId = string;

/** Which nodes hold which shard. */
export interface Placement {
  /** Grows by one with every change; from 1. */
  readonly version: number;
  /** By shard number: the nodes that hold it, all different. The first is the preferred primary. */
  readonly shards: readonly (readonly NodeId[])[];
}

/** A node that may hold shards. */
export interface PlacementNode {
  readonly id: NodeId;
  /** Its share relative to that of other nodes. An integer from 1 (the default) to 100. */
  readonly weight?: number;
  /** Nodes of one zone fail together: a rack, a site. Nodes that name none are in one nameless zone. */
  readonly zone?: string;
}

/** The rules of a cluster: the same on every node, and they never change. */
export interface PlacementRules {
  /** From 1 to 16,384. */
  readonly shardCount: number;
  /** Copies of each shard, 1 to 16; as many as there are nodes while there are fewer. */
  readonly replicas: number;
  /** Ring positions of the heaviest node, 1 to 1,024. Other nodes have fewer, in proportion to their weight. */
  readonly vnodes: number;
  /** SHA-256 of a text in UTF-8: 32 bytes. */
  readonly sha256: (text: string) => Uint8Array;
}

/** Each shard has at least one slot. */
export const mostShards = slotCount;
export const mostReplicas = 16;
/** Bounds the weights so that fair shares are exact in a double, products of weights included. */
const mostWeight = 100;
const mostVnodes = 1_024;
/** The ring sorts numbers that consist of a position and a node's index. This bound leaves room for the index. */
export const mostNodes = 65_536;

/** No placement was computed; nothing has changed. */
export class PlacementError extends Error {
  override readonly name = 'PlacementError';
}

/** @throws PlacementError if no placement can be computed from the arguments. */
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
