/** Executes the whole run. In every round each store is measured in turn, alone on the machine, with fresh servers. */
import { loadavg } from 'node:os';
import { measure } from './measure.js';
import type { Measured } from './plan.js';
import { type StoreName, scenarioId, type Trial } from './scenarios.js';
import { storeNamed } from './stores/index.js';
import type { RunningStore } from './stores/store.js';

const serverWarmUpMs = 4_000;

export interface RoundsOptions {
  readonly trials: readonly Trial[];
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface Result extends Trial {
  /** The number of the round, from 1. */
  readonly round: number;
  readonly measured: Measured;
  /**
   * The load average of the last minute at the end of the measurement: the store's own work, and other load on the
   * machine.
   */
  readonly loadAverage: number;
}

export interface RunResults {
  readonly results: readonly Result[];
  /** The measurements that failed, with the reasons. */
  readonly failures: readonly string[];
}

/** @param signal ends the run early; the servers are stopped, and the result has the measurements until then */
export async function runRounds(options: RoundsOptions, print: (line: string) => void, signal: AbortSignal): Promise<RunResults> {
  const results: Result[] = [];
  const failures: string[] = [];
  const stores = [...new Set(options.trials.map(({ store }) => store))];
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const store of rotated(stores, round - 1)) {
      if (signal.aborted) break;
      print(`round ${round} of ${options.rounds}: ${store}`);
      const onFailure = (what: string, error: unknown): void => {
        if (signal.aborted) return;
        failures.push(`round ${round}, ${store}, ${what}: ${error instanceof Error ? error.message : String(error)}`);
        print(`  ${failures.at(-1)}`);
      };
      const own = options.trials.filter((trial) => trial.store === store);
      await runStore({ ...options, trials: rotated(own, round - 1) }, round, store, {
        onFailure,
        onResult: (result) => {
          results.push(result);
          print(`  ${describe(result)}`);
        },
        signal,
      });
    }
  }
  return { results, failures };
}

interface Observer {
  readonly onResult: (result: Result) => void;
  readonly onFailure: (what: string, error: unknown) => void;
  readonly signal: AbortSignal;
}

async function runStore({ trials, warmUpMs, measureMs }: RoundsOptions, round: number, store: StoreName, observer: Observer) {
  const { onResult, onFailure, signal } = observer;
  let running: RunningStore | undefined;
  try {
    running = await (await storeNamed(store)).start();
    let filled = '';
    await warmUpServers(store, running.addresses, signal);
    for (const trial of trials) {
      if (signal.aborted) return;
      const { scenario } = trial;
      const keys = `${scenario.keyspace} keys of ${scenario.valueBytes} bytes`;
      const prefill = keys !== filled;
      const plan = { ...trial, addresses: running.addresses, prefill, warmUpMs, measureMs, seed: round };
      try {
        const measured = await measure(plan, signal);
        onResult({ ...trial, round, measured, loadAverage: loadavg()[0]! });
        filled = keys;
      } catch (error) {
        onFailure(scenarioId(scenario), error);
      }
    }
  } catch (error) {
    onFailure('start', error);
  } finally {
    await running?.stop();
  }
}

/**
 * Fresh servers, in Node.js and Java alike, have not compiled their hot code yet. Without the warm-up, the first
 * measurement would meet slower servers than the rest. The keys are few, and are among the measured keys.
 */
async function warmUpServers(store: StoreName, addresses: readonly string[], signal: AbortSignal): Promise<void> {
  const scenario = { mix: 'mixed', valueBytes: 100, keyspace: 1_000, inFlight: 256, threads: 1, pace: 'highest' } as const;
  await measure({ store, addresses, scenario, prefill: true, warmUpMs: 0, measureMs: serverWarmUpMs, seed: 0 }, signal);
}

/**
 * Rotates the order, so that no store is always first or last: other load changes, and so do servers while they run.
 */
function rotated<T>(list: readonly T[], by: number): T[] {
  const at = by % Math.max(1, list.length);
  return [...list.slice(at), ...list.slice(0, at)];
}

function describe({ scenario, measured }: Result): string {
  const { operationsPerSecond, p50Ms, p99Ms, failed, firstFailure } = measured;
  const times = `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`;
  const failures = failed === 0 ? '' : `, ${failed} FAILED: ${firstFailure}`;
  return `${scenarioId(scenario)}: ${Math.round(operationsPerSecond)} operations/s, ${times}${failures}`;
}
