/**
 * Watches the topology: one node, any of them, for everything, and as many others for their own shards that two holders of each
 * shard are watched (`watch-plan.ts`). Then a frozen node hides nothing: neither that it is no longer primary, nor changes of other
 * shards.
 */
import type { TopologyReport } from '../../wire/contract/kv-api.js';
import type { Connections } from '../transport/connections.js';
import type { AddressBook } from './address-book.js';
import { anyShard, type RoutingTable } from './routing-table.js';
import { TopologyWatch } from './topology-watch.js';
import { planWatches } from './watch-plan.js';

export interface TopologyWatchesOptions {
  readonly table: RoutingTable;
  readonly connections: Connections;
  readonly addressBook: AddressBook;
  /** How long a node may take to become reachable, and then to send its first report. */
  readonly firstAnswerMs: number;
  /** @returns whether the report was taken; false if the node belongs to another cluster. */
  readonly onReport: (from: string, report: TopologyReport) => boolean;
  readonly onLost: (from: string) => void;
  /** Called when no node has answered and the addresses have been read again. */
  readonly onNobody: () => Promise<void>;
}

/** Delay before a new plan: changes come close together, and each may need another plan. */
const planAgainMs = 20;

export class TopologyWatches {
  readonly #options: TopologyWatchesOptions;
  readonly #base: TopologyWatch;
  readonly #others = new Map<string, TopologyWatch>();
  /** Watches that are being closed. */
  readonly #ending = new Set<Promise<void>>();
  readonly #random = Math.random();
  #planning: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: TopologyWatchesOptions) {
    this.#options = options;
    this.#base = new TopologyWatch({
      ...options,
      heldOnly: false,
      next: (last) => this.#candidates().find((address) => address !== last) ?? this.#candidates()[0],
      onVain: async (failures) => {
        this.reconsider();
        if (failures < this.#candidates().length) return;
        await options.addressBook.refresh();
        await options.onNobody();
      },
    });
  }

  start(): void {
    this.#base.start();
  }

  /** Nodes, or what they hold, or whether they can be reached, may have changed. */
  reconsider(): void {
    if (this.#closed) return;
    this.#planning ??= setTimeout(() => {
      this.#planning = undefined;
      this.#plan();
    }, planAgainMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#planning);
    await Promise.all([this.#base.close(), ...[...this.#others.values()].map((watch) => watch.close()), ...this.#ending]);
  }

  #plan(): void {
    const { table, connections } = this.#options;
    const { topology } = table;
    if (topology === undefined) return;
    const base = this.#base.address;
    const watched = [...this.#others.keys()];
    const isSuspect = (address: string) => connections.isSuspect(address);
    const wanted = new Set(planWatches({ topology, base, watched, isSuspect, random: this.#random }));
    for (const [address, watch] of this.#others) if (!wanted.has(address)) this.#end(address, watch);
    for (const address of wanted) if (!this.#others.has(address)) this.#begin(address);
  }

  #begin(address: string): void {
    const watch = new TopologyWatch({
      ...this.#options,
      heldOnly: true,
      next: () => address,
      onVain: () => this.reconsider(),
    });
    this.#others.set(address, watch);
    watch.start();
  }

  #end(address: string, watch: TopologyWatch): void {
    this.#others.delete(address);
    const ended = watch.close().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }

  #candidates(): string[] {
    const { table, connections, addressBook } = this.#options;
    return table
      .candidates(anyShard, addressBook.addresses, { isSuspect: (address) => connections.isSuspect(address) })
      .filter((address) => connections.otherClusterAt(address) === undefined);
  }
}
