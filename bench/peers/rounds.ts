/**
 * Executes the whole run. In every round each store is measured in turn, alone on the machine, with fresh servers. Side
 * by side, the servers of all stores run at once, and every scenario is measured on each store in turn: what is compared
 * is then measured within seconds, which helps where other work on the machine comes and goes.
 */
import { type StoreName, scenarioId, type Trial } from './scenarios.js';
import { type MeasuredTime, type Result, StoreSession } from './store-session.js';

export interface RoundsOptions extends MeasuredTime {
  readonly trials: readonly Trial[];
  readonly rounds: number;
  readonly sideBySide: boolean;
}

export interface RunResults {
  readonly results: readonly Result[];
  /** The measurements that failed, with the reasons. */
  readonly failures: readonly string[];
}

/** @param signal ends the run early; the servers are stopped, and the result has the measurements until then */
export async function runRounds(options: RoundsOptions, print: (line: string) => void, signal: AbortSignal): Promise<RunResults> {
  const run = new Rounds(options, print, signal);
  await (options.sideBySide ? run.sideBySide() : run.oneByOne());
  return run;
}

class Rounds implements RunResults {
  readonly results: Result[] = [];
  readonly failures: string[] = [];
  readonly #options: RoundsOptions;
  readonly #stores: readonly StoreName[];
  readonly #print: (line: string) => void;
  readonly #signal: AbortSignal;

  constructor(options: RoundsOptions, print: (line: string) => void, signal: AbortSignal) {
    this.#options = options;
    this.#stores = [...new Set(options.trials.map(({ store }) => store))];
    this.#print = print;
    this.#signal = signal;
  }

  async oneByOne(): Promise<void> {
    const { rounds, trials } = this.#options;
    for (let round = 1; round <= rounds; round += 1) {
      for (const store of rotated(this.#stores, round - 1)) {
        if (this.#signal.aborted) return;
        this.#print(`round ${round} of ${rounds}: ${store}`);
        const session = await this.#start(store);
        const own = trials.filter((trial) => trial.store === store);
        for (const trial of rotated(own, round - 1)) await this.#measure(session, trial, round);
        await session?.stop();
      }
    }
  }

  async sideBySide(): Promise<void> {
    const { rounds, trials } = this.#options;
    const ids = [...new Set(trials.map(({ scenario }) => scenarioId(scenario)))];
    const sessions = new Map<StoreName, StoreSession | undefined>();
    for (const store of this.#stores) sessions.set(store, await this.#start(store));
    for (let round = 1; round <= rounds; round += 1) {
      this.#print(`round ${round} of ${rounds}`);
      for (const id of ids) {
        const same = trials.filter(({ scenario }) => scenarioId(scenario) === id);
        for (const trial of rotated(same, round - 1)) await this.#measure(sessions.get(trial.store), trial, round);
      }
    }
    for (const session of sessions.values()) await session?.stop();
  }

  /** Undefined: the store could not be started, which has been noted. */
  async #start(store: StoreName): Promise<StoreSession | undefined> {
    if (this.#signal.aborted) return undefined;
    try {
      return await StoreSession.start(store, this.#signal);
    } catch (error) {
      this.#failed(`${store}, start`, error);
      return undefined;
    }
  }

  async #measure(session: StoreSession | undefined, { store, scenario }: Trial, round: number): Promise<void> {
    if (session === undefined || this.#signal.aborted) return;
    try {
      const result = await session.measure(scenario, round, this.#options, this.#signal);
      this.results.push(result);
      this.#print(`  ${describe(result)}`);
    } catch (error) {
      this.#failed(`round ${round}, ${store}, ${scenarioId(scenario)}`, error);
    }
  }

  #failed(what: string, error: unknown): void {
    if (this.#signal.aborted) return;
    this.failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    this.#print(`  ${this.failures.at(-1)}`);
  }
}

/**
 * Rotates the order, so that no store is always first or last: other load changes, and so do servers while they run.
 */
function rotated<T>(list: readonly T[], by: number): T[] {
  const at = by % Math.max(1, list.length);
  return [...list.slice(at), ...list.slice(0, at)];
}

function describe({ store, scenario, measured, serversCpuMicroseconds }: Result): string {
  const { operationsPerSecond, p50Ms, p99Ms, clientCpuMicroseconds, failed, firstFailure } = measured;
  const times = `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`;
  const cpu = `CPU client ${clientCpuMicroseconds.toFixed(1)} µs, servers ${serversCpuMicroseconds.toFixed(1)} µs`;
  const failures = failed === 0 ? '' : `, ${failed} FAILED: ${firstFailure}`;
  return `${store} ${scenarioId(scenario)}: ${Math.round(operationsPerSecond)} operations/s, ${times}, ${cpu}${failures}`;
}
