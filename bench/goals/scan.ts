/**
 * The goals about scans. One client scans 100,000 keys of all shards, merged in order. Another scan reads 1,000 keys of a shard with
 * 1,000,000 keys; there the longest delay of the primary's event loop is measured as well.
 */
import { fileURLToPath } from 'node:url';
import type { NodeProcess } from '../../local/node-process.js';
import { KvClient, type ScanOptions } from '../../src/index.js';
import { forEachKey } from '../for-each-key.js';
import { keyName } from '../options.js';
import { createValues } from '../peers/operations.js';
import { spreadOf, spreadText } from '../peers/summary.js';
import type { DelayRecord } from './event-loop-hook.js';
import type { Goal, GoalOutcome, GoalRun } from './goal.js';
import { startLoadedCluster, valueBytes } from './loaded-cluster.js';
import { startSettledCluster } from './settled-cluster.js';

const allKeys = 100_000;
const wantedAllMs = 150;
const fewKeys = 1_000;
const wantedFewMs = 5;
const shards = 16;
const writesInFlight = 256;
/** Scans before the measurement, during which V8 compiles the code. */
const warmUps = 20;
const scansOfRound = 20;
const delayMessage: DelayRecord['msg'] = 'event loop delay';
const hookPath = fileURLToPath(new URL('./event-loop-hook.js', import.meta.url));

export const scan: Goal = {
  name: 'scan',
  async measure(run) {
    return [await scanAll(run), ...(await scanFew(run))];
  },
};

async function scanAll(run: GoalRun): Promise<GoalOutcome> {
  await using cluster = await startSettledCluster({ shards });
  const client = await KvClient.connect({ nodes: cluster.addresses });
  try {
    const nextValue = createValues(valueBytes);
    await forEachKey({ from: 0, to: allKeys }, writesInFlight, async (index) => {
      run.signal.throwIfAborted();
      await client.put(keyName(index), nextValue());
    });
    const took = await timesOf(run, `${allKeys} keys of ${shards} shards`, () => readAll(client, {}, allKeys));
    return outcomeOf(`scan of ${allKeys} keys with ${valueBytes} bytes each, ${shards} shards, KvClient`, took, wantedAllMs);
  } finally {
    await client.close();
  }
}

async function scanFew(run: GoalRun): Promise<GoalOutcome[]> {
  await using cluster = await startLoadedCluster({ nodes: 3, nodeOptions: ['--import', hookPath] }, run.signal);
  const client = await KvClient.connect({ nodes: cluster.addresses });
  try {
    const primary = await cluster.primary();
    const options = { from: keyName(500_000), limit: fewKeys };
    const what = `${fewKeys} keys of a shard with 1,000,000`;
    await delaysSince(primary);
    const took = await timesOf(run, what, () => readAll(client, options, fewKeys));
    const { longestMs } = await delaysSince(primary);
    run.print(`longest delay of the event loop of the primary ${longestMs.toFixed(1)} ms`);
    return [outcomeOf(`scan of ${what}, KvClient`, took, wantedFewMs)];
  } finally {
    await client.close();
  }
}

async function readAll(client: KvClient, options: ScanOptions, wanted: number): Promise<void> {
  let keys = 0;
  for await (const _ of client.scan(options)) keys += 1;
  if (keys !== wanted) throw new Error(`a scan has shown ${keys} keys instead of ${wanted}`);
}

/** The median time of a scan in each round. */
async function timesOf({ rounds, signal, print }: GoalRun, what: string, scanOnce: () => Promise<void>): Promise<number[]> {
  for (let number = 0; number < warmUps; number++) await scanOnce();
  const medians: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const times: number[] = [];
    for (let number = 0; number < scansOfRound; number++) {
      signal.throwIfAborted();
      const beginMs = performance.now();
      await scanOnce();
      times.push(performance.now() - beginMs);
    }
    const median = spreadOf(times)!.median;
    medians.push(median);
    print(`round ${round}: ${what} in ${median.toFixed(1)} ms`);
  }
  return medians;
}

function outcomeOf(what: string, times: readonly number[], wantedMs: number): GoalOutcome {
  const found = spreadOf(times)!;
  return {
    what,
    wanted: `under ${wantedMs} ms`,
    found: `${spreadText(found, 1)} ms`,
    reached: found.median < wantedMs,
    figures: { medianMs: found.median, lowestMs: found.lowest, highestMs: found.highest },
  };
}

async function delaysSince(node: NodeProcess): Promise<DelayRecord> {
  const since = node.log.count;
  node.signal('SIGUSR2');
  return (await node.log.waitFor(delayMessage, { since })) as unknown as DelayRecord;
}
