/** The links of a node: one to each other node with which it shares a shard. Each carries messages of all these shards. */
import { PeerLink } from './peer-link.js';
import type { LinkSource, ShardLinks } from './shard-links.js';
import type { LinkObserver } from './unreachable-nodes.js';

/** Unused links are closed this long after a change. Keeping one for a moment costs next to nothing. */
const sweepAfterMs = 100;

export class PeerLinks implements LinkSource {
  readonly #clusterId: string;
  readonly #onRefused: (address: string, reason: string) => void;
  readonly #observer: LinkObserver | undefined;
  readonly #links = new Map<string, PeerLink>();
  readonly #shards = new Map<number, ShardLinks>();
  #sweep: NodeJS.Timeout | undefined;

  /** @param onRefused the node at an address refuses the stream: called once, and again only after it has accepted one. */
  constructor(clusterId: string, onRefused: (address: string, reason: string) => void = () => {}, observer?: LinkObserver) {
    this.#clusterId = clusterId;
    this.#onRefused = onRefused;
    this.#observer = observer;
  }

  add(shard: ShardLinks): void {
    this.#shards.set(shard.codec.shard, shard);
  }

  /** Links that only this shard used are closed. */
  remove(shard: ShardLinks): void {
    if (this.#shards.get(shard.codec.shard) === shard) this.#shards.delete(shard.codec.shard);
    this.usesChanged();
  }

  to(address: string): PeerLink {
    return this.#links.get(address) ?? this.#open(address);
  }

  /** One sweep serves all shards that change within a while: the death of a node changes many, each in a turn of its own. */
  usesChanged(): void {
    this.#sweep ??= setTimeout(() => {
      this.#sweep = undefined;
      this.#closeUnused();
    }, sweepAfterMs);
  }

  close(): void {
    clearTimeout(this.#sweep);
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
      this.#observer?.closed(address);
    }
  }

  #open(address: string): PeerLink {
    const link: PeerLink = new PeerLink(address, this.#clusterId, {
      onUp: () => {
        this.#observer?.wentUp(address);
        this.#each((shard) => shard.wentUp(link));
      },
      onDown: (refused, reason) => {
        this.#observer?.wentDown(address, reason);
        this.#each((shard) => shard.wentDown(link, refused));
      },
      onMessage: (shard, message) => this.#shards.get(shard)?.received(message),
      onUseReported: () => this.#each((shard) => shard.useReported(link)),
      onRefused: (reason) => this.#onRefused(address, reason),
      onWrongReplica: (shard, replicaId) => this.#shards.get(shard)?.wrongReplica(replicaId),
    });
    this.#links.set(address, link);
    return link;
  }

  #each(action: (shard: ShardLinks) => void): void {
    for (const shard of this.#shards.values()) action(shard);
  }
}
