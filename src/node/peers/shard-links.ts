/**
 * The links of one shard: to the nodes of the replicas that its core sends to. The links belong to the node, and all its shards
 * share them (peer-links.ts).
 *
 * A link to the node of every other candidate is kept open although only primaries send. Without it a new primary would spend
 * more of a takeover on connecting than on everything else. The core gets events only of links that it wants.
 */
import type { Event, Message, ReplicaId } from '../../replication/index.js';
import type { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import type { HolderAccounts } from '../capacity/holder-accounts.js';
import type { PeerLink } from './peer-link.js';

/** The node's links, which its shards share. */
export interface LinkSource {
  /** The one link to the node at an address; opened if there is none. */
  to(address: string): PeerLink;
  /** A shard uses other links than before: those that no shard uses may be closed. */
  usesChanged(): void;
}

export class ShardLinks {
  readonly codec: ReplicationCodec;
  readonly #source: LinkSource;
  readonly #handle: (event: Event) => void;
  readonly #accounts: Pick<HolderAccounts, 'learnUse'>;
  /** The address at which each replica was registered last: a member whose session is gone may still be reached. */
  readonly #addresses = new Map<ReplicaId, string>();
  #wanted: readonly ReplicaId[] = [];
  readonly #routes = new Map<ReplicaId, PeerLink>();
  /** Addresses of the nodes to which this one sends if it becomes primary. */
  #warm: readonly string[] = [];

  constructor(
    codec: ReplicationCodec,
    source: LinkSource,
    handle: (event: Event) => void,
    accounts: Pick<HolderAccounts, 'learnUse'>,
  ) {
    this.#accounts = accounts;
    this.codec = codec;
    this.#source = source;
    this.#handle = handle;
  }

  learnAddress(replicaId: ReplicaId, address: string): void {
    this.#addresses.set(replicaId, address);
  }

  /** Opens links to these addresses, and keeps them until the next call. */
  keepWarm(addresses: readonly string[]): void {
    this.#warm = addresses;
    for (const address of addresses) this.#source.to(address);
    this.#source.usesChanged();
  }

  /** Drops every other link, unless it is kept warm. The event for a link that is up already comes later, not within this call. */
  set(wanted: readonly ReplicaId[]): void {
    this.#wanted = wanted;
    for (const id of this.#routes.keys()) {
      if (wanted.includes(id)) continue;
      this.#routes.delete(id);
      this.#accounts.learnUse(id, undefined);
    }
    this.connectWanted();
    this.#source.usesChanged();
  }

  /** Opens the links that are wanted and whose addresses are known; called again when addresses become known. */
  connectWanted(): void {
    for (const id of this.#wanted) {
      const address = this.#addresses.get(id);
      if (address === undefined || this.#routes.has(id)) continue;
      const link = this.#source.to(address);
      link.connectNow();
      this.#routes.set(id, link);
      this.#accounts.learnUse(id, link.usedBytes);
      if (link.isUp) setImmediate(() => this.#routes.get(id) === link && link.isUp && this.#handle({ type: 'linkUp', to: id }));
    }
  }

  send(message: Message): void {
    this.#routes.get(message.to)?.send(this.codec, message);
  }

  /** The node at the other end has reported what its data costs. */
  useReported(link: PeerLink): void {
    for (const [to, route] of this.#routes) if (route === link) this.#accounts.learnUse(to, link.usedBytes);
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
      this.#accounts.learnUse(to, undefined);
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
