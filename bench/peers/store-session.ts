/** The running servers of one store, on which trials are measured one after the other. */
import { loadavg } from 'node:os';
import { cpuMsOf } from '../goals/process-figures.js';
import { measure } from './measure.js';
import type { Measured } from './plan.js';
import type { BenchScenario, StoreName, Trial } from './scenarios.js';
import { storeNamed } from './stores/index.js';
import type { RunningStore } from './stores/store.js';

const serverWarmUpMs = 4_000;

export interface Result extends Trial {
  /** The number of the round, from 1. */
  readonly round: number;
  readonly measured: Measured;
  /** CPU time of all servers for each operation, warm-up and first writes of the keys included. */
  readonly serversCpuMicroseconds: number;
  /**
   * The load average of the last minute at the end of the measurement: the store's own work, and other load on the
   * machine.
   */
  readonly loadAverage: number;
}

export interface MeasuredTime {
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export class StoreSession {
  readonly #store: StoreName;
  readonly #running: RunningStore;
  /** The keys that the store holds. */
  #filled = '';

  /** Starts the servers, and runs them warm. @throws Error if they do not start; then all have been ended */
  static async start(store: StoreName, signal: AbortSignal): Promise<StoreSession> {
    const session = new StoreSession(store, await (await storeNamed(store)).start());
    try {
      await session.#warmUpServers(signal);
      return session;
    } catch (error) {
      await session.stop();
      throw error;
    }
  }

  private constructor(store: StoreName, running: RunningStore) {
    this.#store = store;
    this.#running = running;
  }

  async measure(
    scenario: BenchScenario,
    round: number,
    { warmUpMs, measureMs }: MeasuredTime,
    signal: AbortSignal,
  ): Promise<Result> {
    const [store, { addresses }] = [this.#store, this.#running];
    const keys = `${scenario.keyspace} keys of ${scenario.valueBytes} bytes`;
    const prefill = keys !== this.#filled;
    const before = await this.#cpuMs();
    const measured = await measure({ store, addresses, scenario, prefill, warmUpMs, measureMs, seed: round }, signal);
    this.#filled = keys;
    const cpuMs = (await this.#cpuMs()) - before;
    const seconds = (warmUpMs + measureMs) / 1_000;
    const operations = measured.operationsPerSecond * seconds + (prefill ? scenario.keyspace : 0);
    return { store, scenario, round, measured, serversCpuMicroseconds: (cpuMs * 1_000) / operations, loadAverage: loadavg()[0]! };
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }

  /**
   * Fresh servers, in Node.js and Java alike, have not compiled their hot code yet. Without the warm-up, the first
   * measurement would meet slower servers than the rest. The keys are few, and are among the measured keys.
   */
  async #warmUpServers(signal: AbortSignal): Promise<void> {
    const [store, { addresses }] = [this.#store, this.#running];
    const scenario = { mix: 'mixed', valueBytes: 100, keyspace: 1_000, inFlight: 256, threads: 1, pace: 'highest' } as const;
    await measure({ store, addresses, scenario, prefill: true, warmUpMs: 0, measureMs: serverWarmUpMs, seed: 0 }, signal);
  }

  async #cpuMs(): Promise<number> {
    const each = await Promise.all(this.#running.pids.map(cpuMsOf));
    return each.reduce((sum, ms) => sum + ms, 0);
  }
}
