/**
 * Derives from the topology the shard of a key, and the nodes that an operation may go to, best first. Pure: no connections.
 *
 * It may be wrong: a node that is not the shard's primary forwards a request or refuses it, and the client learns from the refusal.
 */
import { shardOfKey } from '../../placement/key-slot.js';
import { protocolVersion as framesVersion } from '../../transport/frame-messages.js';
import type { Topology } from '../../wire/contract/kv-api.js';

export interface Preference {
  /** The address of the primary that the last refusal named. */
  readonly hint?: string | undefined;
  /** The node that refused last for another reason than not being primary: second choice if the primary cannot be reached. */
  readonly stay?: string | undefined;
  /** The nodes that have just refused because they are not primary: last choice. */
  readonly avoid?: readonly (string | undefined)[];
  /** Nodes that could not be reached lately: chosen after those that could. */
  readonly isSuspect: (address: string) => boolean;
}

/** The changes that a report of a node brings. */
export interface TopologyUpdate {
  /** Nodes have joined or left. */
  readonly nodes: boolean;
  /** Addresses whose node has left the cluster. */
  readonly gone: readonly string[];
  /** Shards whose waiting operations may succeed now. */
  readonly shards: ReadonlySet<number>;
  /** The shards whose primary was replaced, by the address of the former primary. */
  readonly deposed: ReadonlyMap<string, ReadonlySet<number>>;
}

/** Means no particular shard: the operation may go to any node. */
export const anyShard = -1;

export class RoutingTable {
  #topology: Topology | undefined;
  #shardCount = 0;
  /** The addresses of the nodes: by node id, and without it. */
  #addresses = new Map<string, string>();
  #live = new Set<string>();
  #grpcOnly = new Set<string>();
  /** The first address to which an operation goes, by shard. */
  #routes: (string | undefined)[] = [];
  /** The primary that a refusal named, by shard, until the topology names another. */
  readonly #learned = new Map<number, string>();
  /** The last primary that the topology named, by shard. */
  #lastPrimaries: (string | undefined)[] = [];
  #sole: string | undefined;
  #turn = 0;

  get topology(): Topology | undefined {
    return this.#topology;
  }

  /** 0 before a node has reported it. */
  get shardCount(): number {
    return this.#shardCount;
  }

  shardOf(key: string): number {
    return this.#shardCount <= 1 ? 0 : shardOfKey(key, this.#shardCount);
  }

  /** False if the topology says that the node serves gRPC only. */
  mayServeFrames(address: string): boolean {
    return !this.#grpcOnly.has(address);
  }

  /** The primary of a shard: the one that the topology or a refusal names, or else the preferred primary of the placement. */
  primaryOf(shard: number): string | undefined {
    return shard === anyShard ? this.#sole : this.#routes[shard];
  }

  /** The primary that the topology names. */
  reportedPrimaryOf(shard: number): string | undefined {
    return shard === anyShard ? this.#sole : this.#topology?.shards[shard]?.primaryAddress || undefined;
  }

  /** @param touched the shards that may have changed; by default all. */
  update(topology: Topology, touched: Iterable<number> = topology.shards.keys()): TopologyUpdate {
    const known = this.#topology?.clusterId === topology.clusterId ? this.#topology : undefined;
    if (known === undefined) this.#forget();
    const changed = new Set([...touched].filter((shard) => routeOf(known, shard) !== routeOf(topology, shard)));
    const nodes = known === undefined || nodesOf(known) !== nodesOf(topology);
    this.#live = new Set(topology.nodes.map(({ address }) => address));
    const grpcOnly = topology.nodes.filter((node) => node.framesVersion !== framesVersion);
    this.#grpcOnly = new Set(grpcOnly.map(({ address }) => address));
    const gone = (this.#topology?.nodes ?? []).map(({ address }) => address).filter((address) => !this.#live.has(address));
    this.#topology = topology;
    this.#shardCount = topology.shards.length;
    this.#addresses = new Map(topology.nodes.map(({ id, address }) => [id, address]));
    for (const shard of changed) this.#learned.delete(shard);
    if (nodes) this.#computeRoutes();
    else for (const shard of changed) this.#routes[shard] = this.#routeTo(shard);
    if (nodes || changed.size > 0) this.#sole = this.#findSole();
    return { nodes, gone, shards: changed, deposed: this.#findDeposed(changed) };
  }

  /** A node has refused as it is not the shard's primary; `named` is the primary, as far as that node knows. */
  learn(shard: number, asked: string, named: string | undefined): void {
    if (shard === anyShard) return;
    if (named !== undefined && named !== asked) this.#learned.set(shard, named);
    else if (this.#learned.get(shard) === asked) this.#learned.delete(shard);
    this.#routes[shard] = this.#routeTo(shard);
  }

  /** Every address once, best first. @param known the addresses that the client was given. */
  candidates(shard: number, known: readonly string[], preference: Preference): string[] {
    const nodes = this.#topology?.nodes.map((node) => node.address) ?? [];
    this.#turn += 1;
    const first = [preference.hint, this.primaryOf(shard), preference.stay, ...this.#holdersOf(shard)];
    const named = first.filter((address) => address !== undefined);
    const all = [...new Set([...named, ...rotated(nodes, this.#turn), ...rotated(known, this.#turn)])];
    const penalty = (address: string) => (preference.isSuspect(address) ? 2 : 0) + (preference.avoid?.includes(address) ? 1 : 0);
    return all.sort((one, other) => penalty(one) - penalty(other));
  }

  /** The nodes on which the shard is placed; other nodes could only forward. */
  #holdersOf(shard: number): string[] {
    const placed = this.#topology?.shards[shard]?.placedNodeIds ?? [];
    return placed.flatMap((id) => this.#addresses.get(id) ?? []);
  }

  #forget(): void {
    this.#learned.clear();
    this.#lastPrimaries = [];
  }

  #computeRoutes(): void {
    this.#routes = (this.#topology?.shards ?? []).map(({ shard }) => this.#routeTo(shard));
  }

  /** The node that is primary of every shard; undefined if there is none. */
  #findSole(): string | undefined {
    return this.#routes.every((address) => address === this.#routes[0]) ? this.#routes[0] : undefined;
  }

  /** A node does not know every shard, but every node knows which nodes are gone. */
  #routeTo(shard: number): string | undefined {
    const known = this.#learned.get(shard) ?? this.reportedPrimaryOf(shard);
    const holders = this.#holdersOf(shard);
    return known !== undefined && (holders.length === 0 || this.#live.has(known)) ? known : holders[0];
  }

  #findDeposed(changed: ReadonlySet<number>): Map<string, Set<number>> {
    const deposed = new Map<string, Set<number>>();
    for (const shard of changed) {
      const primary = this.reportedPrimaryOf(shard);
      const before = this.#lastPrimaries[shard];
      if (primary === undefined || primary === before) continue;
      this.#lastPrimaries[shard] = primary;
      if (before === undefined) continue;
      const lost = deposed.get(before) ?? new Set();
      deposed.set(before, lost.add(shard));
    }
    return deposed;
  }
}

function routeOf(topology: Topology | undefined, number: number): string | undefined {
  const shard = topology?.shards[number];
  return shard && [shard.epoch, shard.serving, shard.primaryAddress, ...shard.placedNodeIds].join(' ');
}

function nodesOf({ nodes }: Topology): string {
  return nodes.map(({ id, address }) => `${id} ${address}`).join(',');
}

/** Spreads the requests that may go to any node. */
function rotated(addresses: readonly string[], by: number): string[] {
  const start = addresses.length === 0 ? 0 : by % addresses.length;
  return [...addresses.slice(start), ...addresses.slice(0, start)];
}
