/**
 * Keeps a client with one cluster. At the start it queries the cluster of every address. If the client follows rebuilds, it looks
 * for the rebuilt cluster.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { KvError } from '../../errors.js';
import type { Connections } from '../transport/connections.js';
import type { AddressBook } from './address-book.js';
import type { ClusterIdentity } from './cluster-identity.js';
import type { RoutingTable } from './routing-table.js';
import type { Strangers } from './strangers.js';

/** A client has moved from one cluster to its replacement. */
export interface ClusterChange {
  /** Id of the cluster that the client belonged to. */
  readonly before: string;
  /** Id of the cluster that the client belongs to now. */
  readonly now: string;
}

export interface MembershipParts {
  readonly identity: ClusterIdentity;
  readonly strangers: Strangers;
  readonly connections: Connections;
  readonly addressBook: AddressBook;
  readonly table: RoutingTable;
  readonly followRebuilds: boolean;
  /** Queries the cluster of the node there, once. The connection then knows if it is another cluster. @throws KvError */
  ask(address: string, deadlineMs: number): Promise<void>;
  /** Called after the client has moved, before it has sent anything to the new cluster. */
  onChanged(change: ClusterChange): void;
}

/** Limits the addresses that are queried; a cluster may have hundreds of nodes. */
const maxAsked = 32;
/** Limits the wait for one node. If it belongs to another cluster, it will refuse later requests. */
const answerMs = 500;

export class ClusterMembership {
  readonly #parts: MembershipParts;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
  }

  /** @throws KvError WRONG_CLUSTER naming both clusters, if nodes of two answer at the addresses that the client was given. */
  async refuseMixture(): Promise<void> {
    const addresses = this.#addresses;
    if (addresses.length < 2) return;
    await this.#askAll(addresses);
    const error = this.#parts.strangers.mixtureAt(addresses);
    if (error !== undefined) throw error;
  }

  /** Call this when no node of the cluster has answered for a while. */
  async followIfRebuilt(): Promise<void> {
    const { identity, strangers, followRebuilds } = this.#parts;
    const before = identity.id;
    if (!followRebuilds || before === undefined) return;
    const addresses = this.#addresses;
    await this.#askAll(addresses);
    const now = strangers.majorityAt(addresses);
    if (now === undefined || this.#isOwnReachable(addresses)) return;
    identity.follow(now);
    this.#parts.onChanged({ before, now });
  }

  get #addresses(): readonly string[] {
    return this.#parts.addressBook.addresses.slice(0, maxAsked);
  }

  #isOwnReachable(addresses: readonly string[]): boolean {
    const { table, connections } = this.#parts;
    const known = table.topology?.nodes.map(({ address }) => address) ?? [];
    return [...addresses, ...known].some((address) => connections.to(address).isReady);
  }

  /** Afterwards each connection knows whether its node belongs to another cluster. */
  async #askAll(addresses: readonly string[]): Promise<void> {
    const answers = addresses.map((address) => this.#parts.ask(address, answerMs).catch(ignoreKvError));
    const over = new AbortController();
    await Promise.race([Promise.all(answers), pause(answerMs, undefined, { signal: over.signal }).catch(() => {})]);
    over.abort();
  }
}

/** Only the error WRONG_CLUSTER shows the cluster of a node; the connection records it. */
function ignoreKvError(error: unknown): void {
  if (!(error instanceof KvError)) throw error;
}
