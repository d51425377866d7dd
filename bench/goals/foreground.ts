/**
 * The foreground process: a pipeline client that reads and writes while something else is measured. It has `inFlight`
 * operations in flight, and regularly reports their number, until it is killed.
 */
import { setInterval } from 'node:timers/promises';
import { KvClient } from '../../src/index.js';
import { highestRate } from '../peers/load.js';
import { createOperations } from '../peers/operations.js';
import { keyCount, valueBytes } from './loaded-cluster.js';

export interface ForegroundPlan {
  readonly addresses: readonly string[];
  readonly inFlight: number;
  /** Default `mixed`: half gets, half puts. */
  readonly mix?: 'mixed' | 'put';
}

/** The figures so far. */
export interface ForegroundReport {
  /** Milliseconds of the machine's clock. */
  readonly atMs: number;
  readonly done: number;
  readonly failed: number;
  readonly firstFailure: string | undefined;
}

const tellEveryMs = 50;
const deadlineMs = 60_000;
const seed = 1;

const [text] = process.argv.slice(2);
const plan = JSON.parse(text!) as ForegroundPlan;
const { inFlight, mix = 'mixed' } = plan;
const client = await KvClient.connect({ nodes: plan.addresses, deadlineMs, maxInFlight: inFlight });
const store = {
  put: (key: string, value: Buffer) => client.put(key, value),
  get: async (key: string) => (await client.get(key))?.value,
  close: () => client.close(),
};
const scenario = { mix, valueBytes, keyspace: keyCount, inFlight, threads: 1, pace: 'highest' } as const;
const start = createOperations(store, scenario, seed);

let [done, failed] = [0, 0];
let firstFailure: string | undefined;
const count = async (): Promise<void> => {
  try {
    await start();
    done += 1;
  } catch (error) {
    failed += 1;
    firstFailure ??= error instanceof Error ? error.message : String(error);
    throw error;
  }
};
void highestRate(count, inFlight, { warmUpMs: 0, measureMs: Number.POSITIVE_INFINITY });
for await (const _ of setInterval(tellEveryMs)) {
  process.stdout.write(`${JSON.stringify({ atMs: Date.now(), done, failed, firstFailure } satisfies ForegroundReport)}\n`);
}
