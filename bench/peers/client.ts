/**
 * The client process: it makes one measurement of one store, and ends. Its argument is the plan, its only line the
 * result.
 *
 * With more than one thread, each thread has its own client and runs this file as well. They begin when all are
 * connected.
 */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { forEachKey } from '../for-each-key.js';
import { keyName } from '../options.js';
import { givenRate, highestRate } from './load.js';
import { createOperations, createValues } from './operations.js';
import type { ClientPlan, Measured } from './plan.js';
import { storeNamed } from './stores/index.js';
import type { StoreClient } from './stores/store.js';
import { Tally, type TallyParts } from './tally.js';

const prefillsInFlight = 256;

async function main(plan: ClientPlan): Promise<void> {
  const client = await connect(plan);
  if (plan.prefill) await prefill(client, plan);
  const measured = plan.scenario.threads > 1 ? await measureInThreads(plan) : await measure(client, plan);
  process.stdout.write(`${JSON.stringify(measured)}\n`);
  await client.close();
}

async function connect({ store, addresses }: ClientPlan): Promise<StoreClient> {
  return (await storeNamed(store)).connect(addresses);
}

async function prefill(client: StoreClient, { scenario }: ClientPlan): Promise<void> {
  const nextValue = createValues(scenario.valueBytes);
  const write = client.create ?? client.put;
  await forEachKey({ from: 0, to: scenario.keyspace }, prefillsInFlight, async (keyIndex) => {
    await write.call(client, keyName(keyIndex), nextValue());
  });
}

async function measure(client: StoreClient, plan: ClientPlan): Promise<Measured> {
  const start = createOperations(client, plan.scenario, plan.seed);
  const before = process.cpuUsage();
  const highest = await highestRate(start, plan.scenario.inFlight, plan);
  const measured = result(plan, highest, process.cpuUsage(before));
  if (plan.scenario.pace === 'highest') return measured;
  const half = await givenRate(start, measured.operationsPerSecond / 2, plan);
  const { p50Ms, p99Ms, failed, firstFailure } = result(plan, half, { user: 0, system: 0 });
  return { ...measured, p50Ms, p99Ms, failed: measured.failed + failed, firstFailure: measured.firstFailure ?? firstFailure };
}

async function measureInThreads(plan: ClientPlan): Promise<Measured> {
  const workers = Array.from(
    { length: plan.scenario.threads },
    (_, thread) => new Worker(new URL(import.meta.url), { workerData: { ...plan, seed: plan.seed + thread } }),
  );
  // Rejects if a worker fails.
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const before = process.cpuUsage();
  for (const worker of workers) worker.postMessage('begin');
  const parts = (await Promise.all(workers.map((worker) => once(worker, 'message')))) as [TallyParts][];
  const used = process.cpuUsage(before);
  const sum = new Tally();
  for (const [part] of parts) sum.add(part);
  return result(plan, sum, used);
}

/**
 * The CPU time covers warm-up and measurement. So the number of operations is extrapolated from the rate for the same
 * time.
 */
function result(plan: ClientPlan, tally: Tally, { user, system }: NodeJS.CpuUsage): Measured {
  const operationsPerSecond = (tally.succeeded * 1_000) / plan.measureMs;
  const operations = (operationsPerSecond * (plan.warmUpMs + plan.measureMs)) / 1_000;
  return {
    operationsPerSecond,
    p50Ms: tally.percentileMs(50),
    p99Ms: tally.percentileMs(99),
    failed: tally.failed,
    firstFailure: tally.firstFailure,
    clientCpuMicroseconds: (user + system) / operations,
  };
}

async function work(plan: ClientPlan, port: NonNullable<typeof parentPort>): Promise<void> {
  const client = await connect(plan);
  const start = createOperations(client, plan.scenario, plan.seed);
  port.postMessage('connected');
  await once(port, 'message');
  const tally = await highestRate(start, plan.scenario.inFlight, plan);
  port.postMessage(tally.parts);
  await client.close();
  port.close();
}

if (isMainThread) {
  const [plan] = process.argv.slice(2);
  await main(JSON.parse(plan!) as ClientPlan);
  process.exit(0);
} else if (parentPort !== null) await work(workerData as ClientPlan, parentPort);
