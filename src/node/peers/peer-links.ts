/**
 * The links of a node: one to each other node with which it shares a shard. Each carries messages of all these shards, whichever of
 * the two nodes leads them.
 */
import type { Message, RequestBody } from '../../replication/index.js';
import type { FrameListener, FrameStream } from '../../transport/index.js';
import { isRequest, type WireMessage } from '../../wire/peer/replication-codec.js';
import { acceptPeer, type TakeConnection } from './accept-peer.js';
import type { OwnProcess, PeerConnection } from './peer-connection.js';
import { PeerLink } from './peer-link.js';
import type { LinkSource, ShardLinks } from './shard-links.js';
import type { LinkObserver } from './unreachable-nodes.js';

/** Gets the requests of primaries on other nodes. */
export interface RequestHandler {
  onRequest(connection: PeerConnection, shard: number, message: Message & { readonly body: RequestBody }): void;
  /** Nothing of this connection comes any more. */
  onConnectionOver(connection: PeerConnection): void;
}

export interface PeerLinksParts {
  readonly own: OwnProcess;
  readonly requests: RequestHandler;
  /** The two nodes refuse each other: called once, and again only after a message was understood. `peer`: the id of the other one. */
  onRefused(peer: string, reason: string): void;
  readonly observer?: LinkObserver;
}

/** Links that no shard wants are closed this long after a change. Keeping one for a moment costs next to nothing. */
const sweepAfterMs = 100;

export class PeerLinks implements LinkSource {
  readonly #parts: PeerLinksParts;
  readonly #links = new Map<string, PeerLink>();
  readonly #shards = new Map<number, ShardLinks>();
  #sweep: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: PeerLinksParts) {
    this.#parts = parts;
  }

  get nodeId(): string {
    return this.#parts.own.nodeId;
  }

  add(shard: ShardLinks): void {
    this.#shards.set(shard.codec.shard, shard);
  }

  remove(shard: ShardLinks): void {
    if (this.#shards.get(shard.codec.shard) === shard) this.#shards.delete(shard.codec.shard);
    this.usesChanged();
  }

  to(nodeId: string, address: string): PeerLink {
    const link = this.#linkOf(nodeId);
    link.want(address);
    return link;
  }

  /** Serves a connection that another node opens. @param onSilent called if that node does not introduce itself. */
  accept(accept: (listener: FrameListener) => FrameStream, onSilent: () => void = () => {}): void {
    const take: TakeConnection = (stream, hello) => {
      if (this.#closed) return undefined;
      const link = this.#linkOf(hello.nodeId);
      return link.accepts(hello) ? link.accept(stream, hello) : undefined;
    };
    acceptPeer(accept, this.#parts.own, take, onSilent);
  }

  /** Only these nodes are registered: connections to others that no shard wants are closed. */
  onNodes(registered: readonly string[]): void {
    const used = this.#used();
    for (const link of this.#links.values()) {
      if (!used.has(link.nodeId) && !registered.includes(link.nodeId)) this.#close(link);
    }
  }

  /** One sweep serves all shards that change within a while: the death of a node changes many, each in a turn of its own. */
  usesChanged(): void {
    if (this.#closed) return;
    this.#sweep ??= setTimeout(() => {
      this.#sweep = undefined;
      this.#closeUnused();
    }, sweepAfterMs);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#sweep);
    this.#shards.clear();
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  /** A connection that is up stays as long as the other node is registered: that node may want it. */
  #closeUnused(): void {
    const used = this.#used();
    for (const link of this.#links.values()) {
      if (used.has(link.nodeId)) continue;
      if (link.isUp) link.unwant();
      else this.#close(link);
    }
  }

  #used(): ReadonlySet<string> {
    const used = new Set<string>();
    for (const shard of this.#shards.values()) shard.collectUsed(used);
    return used;
  }

  #close(link: PeerLink): void {
    this.#links.delete(link.nodeId);
    link.close();
    if (link.address !== undefined) this.#parts.observer?.closed(link.address);
  }

  #linkOf(nodeId: string): PeerLink {
    return this.#links.get(nodeId) ?? this.#newLink(nodeId);
  }

  #newLink(nodeId: string): PeerLink {
    const { own, requests, onRefused, observer } = this.#parts;
    const link: PeerLink = new PeerLink(nodeId, own, {
      onUp: () => {
        if (link.address !== undefined) observer?.wentUp(link.address);
        this.#each((shard) => shard.wentUp(link));
      },
      onDown: (refused, reason) => {
        if (link.address !== undefined) observer?.wentDown(link.address, reason);
        this.#each((shard) => shard.wentDown(link, refused));
        this.usesChanged();
      },
      onMessage: (connection, shard, message) => this.#received(connection, shard, message),
      onUseReported: () => this.#each((shard) => shard.useReported(link)),
      onRefused: (reason) => onRefused(nodeId, reason),
      onConnectionOver: (connection) => requests.onConnectionOver(connection),
    });
    this.#links.set(nodeId, link);
    return link;
  }

  #received(connection: PeerConnection, shard: number, message: WireMessage): void {
    if (isRequest(message)) this.#parts.requests.onRequest(connection, shard, message);
    else if (message.body.type === 'wrongReplica') this.#shards.get(shard)?.wrongReplica(message.from);
    else this.#shards.get(shard)?.received(message as Message);
  }

  #each(action: (shard: ShardLinks) => void): void {
    for (const shard of this.#shards.values()) action(shard);
  }
}
