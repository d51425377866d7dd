/**
 * Keeps one topology stream open, to any node, and moves to another one when it breaks.
 *
 * Where one node is primary of everything, another is preferred: then the death of the primary does not silence the news
 * of it. Where there are several primaries, two watches at two nodes serve the same end.
 */
import type { Topology } from '../rpc/kv-api.js';
import type { AddressBook } from './address-book.js';
import type { Connections } from './connections.js';
import { monotonicNowMs } from './limits.js';
import type { NodeConnection } from './node-connection.js';
import { backoffMs } from './retry-rule.js';
import { anyShard, type RoutingTable } from './routing-table.js';
import { WakeUp } from './wake-up.js';

export interface TopologyWatchOptions {
  readonly table: RoutingTable;
  readonly connections: Connections;
  readonly addressBook: AddressBook;
  /** How long a node may take to become reachable, and then to send its first topology. */
  readonly firstAnswerMs: number;
  readonly onTopology: (topology: Topology) => void;
  /** Asked again at `reconsider`. */
  readonly isNeeded: () => boolean;
  /** The node that another watch is at, if there is another one. */
  readonly elsewhereThan: () => string | undefined;
}

export class TopologyWatch {
  readonly #options: TopologyWatchOptions;
  readonly #wakeUp = new WakeUp();
  #closed = false;
  #running: Promise<void> | undefined;
  #address: string | undefined;

  constructor(options: TopologyWatchOptions) {
    this.#options = options;
  }

  /** Of the node that is or was last watched. */
  get address(): string | undefined {
    return this.#address;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** The topology has changed. */
  reconsider(): void {
    this.#wakeUp.wakeAll();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wakeUp.wakeAll();
    await this.#running;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#closed) {
      while (!this.#closed && !this.#options.isNeeded()) await this.#wakeUp.sleep(longestSleepMs);
      if (this.#closed) return;
      const address = this.#nextAddress(this.#address);
      this.#address = address;
      const heard = address !== undefined && (await this.#watch(this.#options.connections.to(address)));
      if (this.#closed) return;
      failures = heard ? 0 : failures + 1;
      // Every known node was asked in vain.
      if (failures >= this.#candidates().length) await this.#options.addressBook.refresh();
      // Also after a stream that worked: one that ends as soon as it has begun must not be opened in a tight loop.
      if (!this.#closed) await this.#wakeUp.sleep(backoffMs(failures + 1, Math.random()));
    }
  }

  #nextAddress(last: string | undefined): string | undefined {
    const candidates = this.#candidates(this.#options.table.solePrimary, this.#options.elsewhereThan());
    return candidates.find((address) => address !== last) ?? candidates[0];
  }

  #candidates(...avoid: (string | undefined)[]): string[] {
    const { table, connections, addressBook } = this.#options;
    const isSuspect = (address: string) => connections.isSuspect(address);
    return table.candidates(anyShard, addressBook.addresses, { avoid, isSuspect });
  }

  /** @returns after the stream has ended, whether it brought anything. */
  async #watch(connection: NodeConnection): Promise<boolean> {
    const { firstAnswerMs, onTopology } = this.#options;
    const startedAtMs = monotonicNowMs();
    const ready = await connection.whenReady({ startedAtMs, deadlineAtMs: startedAtMs + firstAnswerMs, signal: undefined });
    const { transport } = connection;
    if (!ready || transport === undefined || this.#closed) return false;
    let heard = false;
    let ended = false;
    const stop = transport.watchTopology({
      onTopology: (topology) => {
        const first = !heard;
        heard = true;
        onTopology(topology);
        if (first || this.#shouldMove(connection)) this.#wakeUp.wakeAll();
      },
      onEnd: () => {
        ended = true;
        this.#wakeUp.wakeAll();
      },
    });
    const givenUpAtMs = monotonicNowMs() + firstAnswerMs;
    const isWaiting = () => !heard && !ended && !this.#closed && monotonicNowMs() < givenUpAtMs;
    while (isWaiting()) await this.#wakeUp.sleep(givenUpAtMs - monotonicNowMs());
    while (heard && !ended && !this.#closed && !this.#shouldMove(connection)) await this.#wakeUp.sleep(longestSleepMs);
    stop();
    return heard;
  }

  /** Its node has become the one primary, or the news come from elsewhere already, and there is another to ask. */
  #shouldMove({ address }: NodeConnection): boolean {
    const { table, connections, isNeeded, elsewhereThan } = this.#options;
    if (!isNeeded()) return true;
    if (table.solePrimary !== address && elsewhereThan() !== address) return false;
    return this.#candidates(address).some((other) => other !== address && !connections.isSuspect(other));
  }
}

/** A stream may live for days; timers take no more than about 24. */
const longestSleepMs = 24 * 60 * 60 * 1_000;
