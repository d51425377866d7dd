/**
 * The links of one shard: to the nodes of the replicas that its core wants to speak to. They are the node's, shared by all
 * shards (peer-links.ts).
 *
 * A link to the node of every other candidate is kept open although only primaries speak: a new one would otherwise spend
 * more of a takeover on connecting than on everything else. The core hears only of links that it wants.
 */
import type { Event, Message, ReplicaId } from '../../replication/index.js';
import type { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import type { ReportedBytes } from '../capacity/reported-bytes.js';
import type { PeerLink } from './peer-link.js';

/** Where the links come from. */
export interface LinkSource {
  /** The one link to the node there; opened if there is none. */
  to(address: string): PeerLink;
  /** Links that no shard uses may be closed. */
  usesChanged(): void;
}

export class ShardLinks {
  readonly codec: ReplicationCodec;
  readonly #source: LinkSource;
  readonly #handle: (event: Event) => void;
  readonly #told: ReportedBytes;
  /** Where replicas are, or were when last registered: a member whose session is gone may still be reached. */
  readonly #addresses = new Map<ReplicaId, string>();
  #wanted: readonly ReplicaId[] = [];
  readonly #routes = new Map<ReplicaId, PeerLink>();
  /** Addresses of nodes that may be spoken to at any time. */
  #warm: readonly string[] = [];

  constructor(codec: ReplicationCodec, source: LinkSource, handle: (event: Event) => void, told: ReportedBytes) {
    this.#told = told;
    this.codec = codec;
    this.#source = source;
    this.#handle = handle;
  }

  learnAddress(replicaId: ReplicaId, address: string): void {
    this.#addresses.set(replicaId, address);
  }

  /** Opens links to these, and keeps them until told otherwise. */
  keepWarm(addresses: readonly string[]): void {
    this.#warm = addresses;
    for (const address of addresses) this.#source.to(address);
    this.#source.usesChanged();
  }

  /** Drops every other link that is not kept. Events for links that are up already come later, never from within the call. */
  set(wanted: readonly ReplicaId[]): void {
    this.#wanted = wanted;
    for (const id of this.#routes.keys()) {
      if (wanted.includes(id)) continue;
      this.#routes.delete(id);
      this.#told.learn(id, undefined);
    }
    this.connectWanted();
    this.#source.usesChanged();
  }

  /** Opens what is wanted and reachable; called again when addresses become known. */
  connectWanted(): void {
    for (const id of this.#wanted) {
      const address = this.#addresses.get(id);
      if (address === undefined || this.#routes.has(id)) continue;
      const link = this.#source.to(address);
      link.hurry();
      this.#routes.set(id, link);
      this.#told.learn(id, link.dataBytes);
      if (link.isUp) setImmediate(() => this.#routes.get(id) === link && link.isUp && this.#handle({ type: 'linkUp', to: id }));
    }
  }

  send(message: Message): void {
    this.#routes.get(message.to)?.send(this.codec, message);
  }

  /** The link's node has told what its data costs. */
  toldBytes(link: PeerLink): void {
    for (const [to, route] of this.#routes) if (route === link) this.#told.learn(to, link.dataBytes);
  }

  /** Adds the addresses in use. */
  collectUsed(addresses: Set<string>): void {
    for (const address of this.#warm) addresses.add(address);
    for (const { address } of this.#routes.values()) addresses.add(address);
  }

  wentUp(link: PeerLink): void {
    for (const [to, route] of this.#routes) if (route === link) this.#handle({ type: 'linkUp', to });
  }

  wentDown(link: PeerLink, refused: boolean): void {
    for (const [to, route] of this.#routes) {
      if (route !== link) continue;
      this.#told.learn(to, undefined);
      this.#handle({ type: 'linkDown', to, refused });
    }
  }

  received(message: Message): void {
    this.#handle({ type: 'message', message });
  }

  wrongReplica(to: ReplicaId): void {
    this.#handle({ type: 'linkDown', to, refused: true });
  }
}
