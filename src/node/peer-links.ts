/** The links of a node: one to each other node with which it shares a shard, whatever it carries (shard-links.ts). */
import { PeerLink } from './peer-link.js';
import type { LinkSource, ShardLinks } from './shard-links.js';

export class PeerLinks implements LinkSource {
  readonly #clusterId: string;
  readonly #links = new Map<string, PeerLink>();
  readonly #shards = new Map<number, ShardLinks>();
  #sweepScheduled = false;

  constructor(clusterId: string) {
    this.#clusterId = clusterId;
  }

  add(shard: ShardLinks): void {
    this.#shards.set(shard.codec.shard, shard);
  }

  /** What only it used is closed. */
  remove(shard: ShardLinks): void {
    if (this.#shards.get(shard.codec.shard) === shard) this.#shards.delete(shard.codec.shard);
    this.usesChanged();
  }

  to(address: string): PeerLink {
    return this.#links.get(address) ?? this.#open(address);
  }

  /** Looked at once for all shards that change in a turn. */
  usesChanged(): void {
    if (this.#sweepScheduled) return;
    this.#sweepScheduled = true;
    setImmediate(() => {
      this.#sweepScheduled = false;
      this.#closeUnused();
    });
  }

  close(): void {
    this.#shards.clear();
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  #closeUnused(): void {
    const used = new Set<string>();
    for (const shard of this.#shards.values()) shard.collectUsed(used);
    for (const [address, link] of this.#links) {
      if (used.has(address)) continue;
      this.#links.delete(address);
      link.close();
    }
  }

  #open(address: string): PeerLink {
    const link: PeerLink = new PeerLink(address, this.#clusterId, {
      onUp: () => this.#each((shard) => shard.wentUp(link)),
      onDown: (refused) => this.#each((shard) => shard.wentDown(link, refused)),
      onMessage: (shard, message) => this.#shards.get(shard)?.received(message),
      onWrongReplica: (shard, replicaId) => this.#shards.get(shard)?.wrongReplica(replicaId),
    });
    this.#links.set(address, link);
    return link;
  }

  #each(tell: (shard: ShardLinks) => void): void {
    for (const shard of this.#shards.values()) tell(shard);
  }
}
