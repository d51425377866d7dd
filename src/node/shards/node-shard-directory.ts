/** The shard directory of a node: from the replicas that it holds, from where the others are placed, and from forwarded requests. */
import type { NodeRegistration } from '../../coordination/index.js';
import type { KvError } from '../../errors.js';
import type { Placement } from '../../placement/index.js';
import { nodeIdOf } from '../../replication/index.js';
import type { LocalShard } from './local-shard.js';
import type { NodeShards } from './node-shards.js';
import { PrimaryHints } from './primary-hints.js';
import type { ShardDirectory } from './shard-directory.js';

/** What the node knows of the cluster. */
export interface PlacedNodes {
  readonly nodes: readonly NodeRegistration[];
  readonly placement: Pick<Placement, 'shards'> | undefined;
}

export class NodeShardDirectory implements ShardDirectory {
  readonly shardCount: number;
  readonly #address: string;
  readonly #shards: NodeShards;
  readonly #cluster: PlacedNodes;
  readonly #hints = new PrimaryHints();

  /** @param address the address of this node. */
  constructor(address: string, shards: NodeShards, cluster: PlacedNodes) {
    this.shardCount = shards.shardCount;
    this.#address = address;
    this.#shards = shards;
    this.#cluster = cluster;
  }

  local(shard: number): LocalShard | undefined {
    return this.#shards.at(shard)?.local;
  }

  primaryElsewhere(shard: number): string | undefined {
    const held = this.#shards.at(shard);
    const address = held === undefined ? this.#likelyPrimary(shard) : held.primaryAddress;
    return address === this.#address ? undefined : address;
  }

  learnPrimary(shard: number, address: string, failure: KvError | undefined): void {
    if (this.#shards.at(shard) === undefined) this.#hints.learn(shard, address, failure);
  }

  awaited(shard: number): readonly string[] | undefined {
    const held = this.#shards.at(shard);
    if (held === undefined || !held.host.status.offline) return undefined;
    const members = held.host.status.state?.inSync ?? [];
    const isAnyLive = held.candidates.some(({ replicaId }) => members.includes(replicaId));
    return isAnyLive ? [] : members.map(nodeIdOf);
  }

  /** The node that served a shard last that is not held here, or else the first live node on which it is placed. */
  #likelyPrimary(shard: number): string | undefined {
    const { nodes, placement } = this.#cluster;
    const addresses = new Map(nodes.map(({ nodeId, address }) => [nodeId, address]));
    const live = new Set(addresses.values());
    const holders = (placement?.shards[shard] ?? []).flatMap((id) => addresses.get(id) ?? []);
    return this.#hints.choose(shard, holders, (address) => live.has(address) && address !== this.#address);
  }
}
