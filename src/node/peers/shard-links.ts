/**
 * The links of one shard: to the nodes of the replicas that its core sends to. The links belong to the node, and all its shards
 * share them (peer-links.ts).
 *
 * A link to the node of every other candidate is kept open although only primaries need it. Without it a new primary would spend
 * more of a takeover on connecting than on everything else. The core gets events only of links that it wants.
 */
import { type Event, type Message, nodeIdOf, type ReplicaId } from '../../replication/index.js';
import type { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import type { HolderAccounts } from '../capacity/holder-accounts.js';
import type { PeerLink } from './peer-link.js';

/** The node's links, which its shards share. */
export interface LinkSource {
  /** This node. */
  readonly nodeId: string;
  /** The one link to a node, which is at this address now. */
  to(nodeId: string, address: string): PeerLink;
  /** A shard uses other links than before: those that no shard uses may be closed. */
  usesChanged(): void;
}

export class ShardLinks {
  readonly codec: ReplicationCodec;
  readonly #source: LinkSource;
  readonly #handle: (event: Event) => void;
  readonly #accounts: Pick<HolderAccounts, 'learnUse'>;
  /** The address at which a replica of each node was registered last: a member whose session is gone may still be reached. */
  readonly #addresses = new Map<string, string>();
  #wanted: readonly ReplicaId[] = [];
  readonly #routes = new Map<ReplicaId, PeerLink>();
  /** The nodes to which this one sends if it becomes primary. */
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
    this.#addresses.set(nodeIdOf(replicaId), address);
  }

  /** Opens links to the nodes of these replicas, and keeps them until the next call. */
  keepWarm(replicaIds: readonly ReplicaId[]): void {
    // An earlier process of this node may still be registered.
    this.#warm = [...new Set(replicaIds.map(nodeIdOf))].filter((nodeId) => nodeId !== this.#source.nodeId);
    for (const nodeId of this.#warm) this.#linkTo(nodeId);
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
      if (this.#routes.has(id)) continue;
      const nodeId = nodeIdOf(id);
      if (nodeId === this.#source.nodeId) {
        // A replica of an earlier process of this node: it is gone.
        setImmediate(() => this.#wanted.includes(id) && this.wrongReplica(id));
        continue;
      }
      const link = this.#linkTo(nodeId);
      if (link === undefined) continue;
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

  /** Adds the nodes whose links are in use. */
  collectUsed(nodeIds: Set<string>): void {
    for (const nodeId of this.#warm) nodeIds.add(nodeId);
    for (const { nodeId } of this.#routes.values()) nodeIds.add(nodeId);
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

  #linkTo(nodeId: string): PeerLink | undefined {
    const address = this.#addresses.get(nodeId);
    return address === undefined ? undefined : this.#source.to(nodeId, address);
  }
}
