/** The whole run: in every round each store in turn, alone on the machine, its servers fresh. */
import { loadavg } from 'node:os';
import { measure } from './measure.js';
import type { Measured } from './plan.js';
import { type StoreName, scenarioId, type Trial } from './scenarios.js';
import { storeNamed } from './stores/index.js';
import type { RunningStore } from './stores/store.js';

const serverWarmUpMs = 4_000;

export interface RunOptions {
  readonly trials: readonly Trial[];
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface Result extends Trial {
  /** From 1. */
  readonly round: number;
  readonly measured: Measured;
  /** Of the machine's last minute, when it ended: the store's own work, and whatever else the machine was doing. */
  readonly loadAverage: number;
}

export interface RunResults {
  readonly results: readonly Result[];
  /** What could not be measured, and why. */
  readonly failures: readonly string[];
}

/** @param signal ends the run early, with what was measured until then; the servers are stopped all the same. */
export async function run(options: RunOptions, print: (line: string) => void, signal: AbortSignal): Promise<RunResults> {
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

async function runStore({ trials, warmUpMs, measureMs }: RunOptions, round: number, store: StoreName, observer: Observer) {
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
 * Fresh servers have not been compiled for what they are to do, in Node.js and Java alike; without this, what is measured
 * first would be measured on other servers than the rest. The keys are few, and belong to what is measured.
 */
async function warmUpServers(store: StoreName, addresses: readonly string[], signal: AbortSignal): Promise<void> {
  const scenario = { mix: 'mixed', valueBytes: 100, keyspace: 1_000, inFlight: 256, threads: 1, pace: 'highest' } as const;
  await measure({ store, addresses, scenario, prefill: true, warmUpMs: 0, measureMs: serverWarmUpMs, seed: 0 }, signal);
}

/** Nothing is always the first or the last: what the machine does besides changes, and so do servers while they run. */
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
