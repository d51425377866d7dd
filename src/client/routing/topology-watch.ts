/** Keeps one topology stream open: to one fixed node, or to any node, moving to another when the stream breaks. */
import type { TopologyReport } from '../../wire/contract/kv-api.js';
import { monotonicNowMs } from '../call-limits.js';
import { backoffMs } from '../retry/retry-rule.js';
import { WakeUp } from '../retry/wake-up.js';
import type { Connections } from '../transport/connections.js';
import type { NodeConnection } from '../transport/node-connection.js';

export interface TopologyWatchOptions {
  readonly connections: Connections;
  /** How long a node may take to become reachable, and then to send its first report. */
  readonly firstAnswerMs: number;
  /** True if the node should report only the shards that it holds. */
  readonly heldOnly: boolean;
  /** The node to watch next, after the one whose stream has ended or could not be opened. */
  readonly next: (last: string | undefined) => string | undefined;
  /** @returns whether the report was taken; false if the node belongs to another cluster, which ends the stream. */
  readonly onReport: (from: string, report: TopologyReport) => boolean;
  /** Called after the end of a stream that had reported something. */
  readonly onLost: (from: string) => void;
  /** Called with the number of nodes that were tried in a row without a report. */
  readonly onVain: (failures: number) => Promise<void> | void;
}

/** Streams that end sooner, one after the other, are opened again more and more slowly, although they brought something. */
const briefMs = 1_000;

export class TopologyWatch {
  readonly #options: TopologyWatchOptions;
  readonly #wakeUp = new WakeUp();
  #closed = false;
  #running: Promise<void> | undefined;
  #address: string | undefined;

  constructor(options: TopologyWatchOptions) {
    this.#options = options;
  }

  /** The address of the node that is or was last watched. */
  get address(): string | undefined {
    return this.#address;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wakeUp.wakeAll();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { connections, next, onVain } = this.#options;
    let failures = 0;
    let brief = 0;
    while (!this.#closed) {
      const address = next(this.#address);
      this.#address = address;
      const openedAtMs = monotonicNowMs();
      const received = address !== undefined && (await this.#watch(connections.to(address)));
      if (this.#closed) return;
      failures = received ? 0 : failures + 1;
      if (failures > 0) await onVain(failures);
      brief = received && monotonicNowMs() - openedAtMs < briefMs ? brief + 1 : 0;
      // Also after a stream that worked: one that ends as soon as it has begun must not be opened in a tight loop.
      if (!this.#closed) await this.#wakeUp.sleep(backoffMs(Math.max(failures, brief) + 1, Math.random()));
    }
  }

  /** @returns after the stream has ended, whether it reported anything. */
  async #watch(connection: NodeConnection): Promise<boolean> {
    const { firstAnswerMs, heldOnly, onReport, onLost } = this.#options;
    const { address } = connection;
    const startedAtMs = monotonicNowMs();
    const ready = await connection.whenReady({ startedAtMs, deadlineAtMs: startedAtMs + firstAnswerMs, signal: undefined });
    const { transport } = connection;
    if (!ready || transport === undefined || this.#closed) return false;
    let received = false;
    let ended = false;
    const stop = transport.watchTopology(heldOnly, {
      onReport: (report) => {
        const first = !received;
        if (onReport(address, report)) received = true;
        else ended = true;
        if (first || ended) this.#wakeUp.wakeAll();
      },
      onEnd: () => {
        ended = true;
        this.#wakeUp.wakeAll();
      },
    });
    const givenUpAtMs = monotonicNowMs() + firstAnswerMs;
    const isWaiting = () => !received && !ended && !this.#closed && monotonicNowMs() < givenUpAtMs;
    while (isWaiting()) await this.#wakeUp.sleep(givenUpAtMs - monotonicNowMs());
    while (received && !ended && !this.#closed) await this.#wakeUp.sleep(longestSleepMs);
    stop();
    if (received) onLost(address);
    return received;
  }
}

/** A stream may live for days; timers take no more than about 24. */
const longestSleepMs = 24 * 60 * 60 * 1_000;
