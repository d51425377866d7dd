/**
 * What the client knows of the cluster, and to which nodes an operation may go in which order. Pure: no connections.
 *
 * It need not be right: a node that is not the primary forwards a request or refuses it. While the cluster has one
 * shard every key's primary is known; with several, requests go to any node, which forwards them.
 */
import type { ShardInfo, Topology } from '../rpc/kv-api.js';

export interface Preference {
  /** Where the last refusal saw the primary. */
  readonly hint?: string | undefined;
  /** The node that refused last, though not for being the wrong one: before others, should the primary not be reachable. */
  readonly stay?: string | undefined;
  /** The node that has just said it is the wrong one: asked last. */
  readonly avoid?: string | undefined;
  /** Nodes that could not be reached lately: after those that could. */
  readonly isSuspect: (address: string) => boolean;
}

export class RoutingTable {
  #topology: Topology | undefined;
  #turn = 0;

  get topology(): Topology | undefined {
    return this.#topology;
  }

  get primaryAddress(): string | undefined {
    const shards = this.#topology?.shards;
    return shards?.length === 1 ? shards[0]!.primaryAddress || undefined : undefined;
  }

  /**
   * Takes over what a node reports. A shard never goes back to an older epoch: nodes learn of a change one by one.
   * @returns whether a waiting operation may fare better now.
   */
  update(reported: Topology): boolean {
    const known = this.#topology;
    const shards =
      known?.clusterId === reported.clusterId ? reported.shards.map((shard) => newer(known, shard)) : reported.shards;
    this.#topology = { ...reported, shards };
    return known === undefined || routesOf(known) !== routesOf(this.#topology);
  }

  /** Every address once, best first. `known` are the addresses the client was given. */
  candidates(known: readonly string[], preference: Preference): string[] {
    const nodes = this.#topology?.nodes.map((node) => node.address) ?? [];
    this.#turn += 1;
    const first = [preference.hint, this.primaryAddress, preference.stay].filter((address) => address !== undefined);
    const all = [...new Set([...first, ...rotated(nodes, this.#turn), ...rotated(known, this.#turn)])];
    const penalty = (address: string) => (preference.isSuspect(address) ? 2 : 0) + (address === preference.avoid ? 1 : 0);
    return all.sort((one, other) => penalty(one) - penalty(other));
  }
}

function newer(known: Topology, reported: ShardInfo): ShardInfo {
  const before = known.shards.find((shard) => shard.shard === reported.shard);
  return before !== undefined && before.epoch > reported.epoch ? before : reported;
}

function routesOf(topology: Topology): string {
  const shards = topology.shards.map(({ shard, epoch, primaryAddress, serving }) => [shard, epoch, primaryAddress, serving]);
  return JSON.stringify([topology.clusterId, topology.nodes.map((node) => node.address), shards]);
}

/** Spreads the requests that may go anywhere. */
function rotated(addresses: readonly string[], by: number): string[] {
  const start = addresses.length === 0 ? 0 : by % addresses.length;
  return [...addresses.slice(start), ...addresses.slice(0, start)];
}
