/** Finds a connected node for the next attempt of an operation, and builds the error if there is none. */
import { KvError } from '../../errors.js';
import { type Limits, remainingMs } from '../call-limits.js';
import type { AddressBook } from '../routing/address-book.js';
import type { Preference, RoutingTable } from '../routing/routing-table.js';
import type { Strangers } from '../routing/strangers.js';
import type { Connections } from '../transport/connections.js';
import type { NodeConnection } from '../transport/node-connection.js';
import type { Failure } from './client-operation.js';
import { blamesTheNode } from './retry-rule.js';
import type { WakeUp } from './wake-up.js';

export interface NodeFinderParts {
  readonly table: RoutingTable;
  readonly connections: Connections;
  readonly addressBook: AddressBook;
  readonly strangers: Strangers;
  readonly wakeUp: WakeUp;
}

export class NodeFinder {
  readonly #parts: NodeFinderParts;
  readonly #isOver: (limits: Limits) => boolean;

  /** @param isOver whether an operation must not begin another attempt: closed, cancelled or past its deadline. */
  constructor(parts: NodeFinderParts, isOver: (limits: Limits) => boolean) {
    this.#parts = parts;
    this.#isOver = isOver;
  }

  /** Returns the best node that is connected, or the next best that becomes so; undefined if none does in time. */
  async reach(shard: number, last: Failure | undefined, limits: Limits): Promise<NodeConnection | undefined> {
    const { table, connections, addressBook } = this.#parts;
    const primary = table.primaryOf(shard);
    if (last === undefined && primary !== undefined) {
      const connection = connections.to(primary);
      if (connection.isReady) return connection;
    }
    const candidates = table.candidates(shard, addressBook.addresses, {
      ...lessonsOf(last, table.reportedPrimaryOf(shard)),
      isSuspect: (address) => connections.isSuspect(address),
    });
    // A primary that could not be reached is the last candidate. It is tried beside the others: they could only forward.
    if (primary !== undefined) connections.to(primary).connect();
    const samePrimary = () => table.primaryOf(shard) === primary;
    for (const address of candidates) {
      const connection = connections.to(address);
      if (connection.isReady || (await connection.whenReady(limits, samePrimary))) return connection;
      // A new primary is known: start again with it. The deadline and the number of changes of primary bound this recursion.
      if (!this.#isOver(limits) && !samePrimary()) return this.reach(shard, last, limits);
      if (this.#isOver(limits)) return undefined;
    }
    return undefined;
  }

  /**
   * Does nothing unless every address belongs to another cluster: waiting is then useless, but the addresses may be out of
   * date. They are read again. @throws KvError WRONG_CLUSTER if every address still belongs to another cluster
   */
  async throwIfAllAreStrangers(shard: number, limits: Limits): Promise<void> {
    const { strangers, addressBook, wakeUp } = this.#parts;
    const areAllStrangers = () => strangers.areAll(this.#addressesFor(shard));
    if (!areAllStrangers()) return;
    const refreshed = new AbortController();
    const signal = limits.signal === undefined ? refreshed.signal : AbortSignal.any([limits.signal, refreshed.signal]);
    void addressBook.refresh().then(() => refreshed.abort());
    await wakeUp.sleep(remainingMs(limits), signal, shard);
    const error = areAllStrangers() ? strangers.errorAt(this.#addressesFor(shard)) : undefined;
    if (error !== undefined) throw error;
  }

  /** The error of an attempt for which no node could be reached: WRONG_CLUSTER or UNREACHABLE. */
  unreachable(shard: number): KvError {
    const { strangers, addressBook } = this.#parts;
    const addresses = this.#addressesFor(shard);
    const wrong = strangers.errorAt(addresses);
    if (wrong !== undefined) return wrong;
    const message = addresses.length === 0 ? 'no node is known' : `no node could be reached: ${addresses.join(', ')}`;
    return new KvError('UNREACHABLE', message, { cause: addressBook.lastError });
  }

  #addressesFor(shard: number): string[] {
    const { table, addressBook } = this.#parts;
    return table.candidates(shard, addressBook.addresses, { isSuspect: () => false });
  }
}

/** The preference that follows from the last attempt; none if a new primary has become known since. */
function lessonsOf(last: Failure | undefined, primary: string | undefined): Omit<Preference, 'isSuspect'> {
  if (last === undefined || last.primaryThen !== primary) return {};
  const hint = last.error.primaryAddress;
  return blamesTheNode(last.error) ? { hint, avoid: [last.address] } : { hint, stay: last.address };
}
