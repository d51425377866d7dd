/**
 * The links to the nodes whose replicas the core wants to speak to: one stream per node, whatever it carries.
 *
 * A link to every other registered node is kept open although only primaries speak: a new one would otherwise spend more of
 * a takeover on connecting than on everything else. The core hears only of links that it wants.
 */
import type { Event, Message, ReplicaId } from '../replication/index.js';
import type { ReplicationCodec } from '../rpc/replication-codec.js';
import { PeerLink } from './peer-link.js';

interface Route {
  readonly address: string;
  readonly link: PeerLink;
}

export class PeerLinks {
  readonly #codec: ReplicationCodec;
  readonly #handle: (event: Event) => void;
  /** Where replicas are, or were when last registered: a member whose session is gone may still be reached. */
  readonly #addresses = new Map<ReplicaId, string>();
  readonly #links = new Map<string, PeerLink>();
  #wanted: readonly ReplicaId[] = [];
  readonly #routes = new Map<ReplicaId, Route>();
  /** Addresses of nodes that may be spoken to at any time. */
  #warm: ReadonlySet<string> = new Set();

  constructor(codec: ReplicationCodec, handle: (event: Event) => void) {
    this.#codec = codec;
    this.#handle = handle;
  }

  learnAddress(replicaId: ReplicaId, address: string): void {
    this.#addresses.set(replicaId, address);
  }

  /** Opens links to these, and keeps them until told otherwise. */
  keepWarm(addresses: readonly string[]): void {
    this.#warm = new Set(addresses);
    for (const address of this.#warm) if (!this.#links.has(address)) this.#open(address);
    this.#closeUnused();
  }

  /** Drops every other link that is not kept. Events for links that are up already come later, never from within the call. */
  set(wanted: readonly ReplicaId[]): void {
    this.#wanted = wanted;
    for (const id of this.#routes.keys()) if (!wanted.includes(id)) this.#routes.delete(id);
    this.connectWanted();
    this.#closeUnused();
  }

  /** Opens what is wanted and reachable; called again when addresses become known. */
  connectWanted(): void {
    for (const id of this.#wanted) {
      const address = this.#addresses.get(id);
      if (address === undefined || this.#routes.has(id)) continue;
      const existing = this.#links.get(address);
      existing?.hurry();
      const link = existing ?? this.#open(address);
      this.#routes.set(id, { address, link });
      if (link.isUp)
        setImmediate(() => this.#routes.get(id)?.link === link && link.isUp && this.#handle({ type: 'linkUp', to: id }));
    }
  }

  send(message: Message): void {
    this.#routes.get(message.to)?.link.send(message);
  }

  close(): void {
    this.#routes.clear();
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  #closeUnused(): void {
    const used = new Set([...this.#routes.values()].map((route) => route.address));
    for (const [address, link] of this.#links) {
      if (used.has(address) || this.#warm.has(address)) continue;
      this.#links.delete(address);
      link.close();
    }
  }

  #open(address: string): PeerLink {
    const link: PeerLink = new PeerLink(address, this.#codec, {
      onUp: () => this.#tellAll(link, (to) => ({ type: 'linkUp', to })),
      onDown: (refused) => this.#tellAll(link, (to) => ({ type: 'linkDown', to, refused })),
      onMessage: (message) => this.#handle({ type: 'message', message }),
      onWrongReplica: (to) => this.#handle({ type: 'linkDown', to, refused: true }),
    });
    this.#links.set(address, link);
    return link;
  }

  #tellAll(link: PeerLink, event: (to: ReplicaId) => Event): void {
    for (const [id, route] of this.#routes) if (route.link === link) this.#handle(event(id));
  }
}
