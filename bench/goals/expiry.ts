/**
 * The goals about expiry: 1,000,000 keys that become due within a minute are deleted soon after, other operations are not
 * delayed meanwhile, and a TTL costs little memory.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { captureBench } from '../../local/bench-process.js';
import type { LocalCluster } from '../../local/local-cluster.js';
import { KvClient } from '../../src/index.js';
import { forEachKey } from '../for-each-key.js';
import { createValues } from '../peers/operations.js';
import { type Spread, spreadOf, spreadText } from '../peers/summary.js';
import type { BenchResult } from '../result.js';
import { expiredIn, expiringKeysOf, lagsBetween, lagsSoFar, percentileBoundMs } from './expiry-lag.js';
import type { Goal, GoalOutcome, GoalRun } from './goal.js';
import { keyCount, valueBytes, writeKeysTo } from './loaded-cluster.js';
import { growthPerKey } from './memory-growth.js';
import { startSettledCluster } from './settled-cluster.js';

const nodes = 3;
const wantedLagMs = 100;
const wantedLatencyMs = 20;
const wantedTtlBytes = 16;

/** The keys become due within this time, at random moments. */
const windowMs = 60_000;
/** Keys without a TTL that are written first, to estimate how long the others take: the first is due after twice that time. */
const trialKeys = 50_000;
const leadFactor = (2 * keyCount) / trialKeys;
const writesInFlight = 256;
const deadlineMs = 60_000;
/** Longer than the measurement of memory. */
const longTtlMs = 3_600_000;
/** The other operations: half gets and half puts on a schedule, so that a stall shows in the percentiles. */
const operationsPerSecond = 2_000;
const otherKeys = 10_000;
const goneTimeoutMs = 300_000;
const lookAgainMs = 200;

interface Wave {
  /** The p99 is at most this. */
  readonly lagMs: number;
  /** p99 of the other operations before the keys became due, and meanwhile. */
  readonly latencyBeforeMs: number;
  readonly latencyMs: number;
}

export const expiry: Goal = {
  name: 'expiry',
  async measure(run) {
    return [...outcomesOf(await measureWaves(run)), await measureMemory(run)];
  },
};

async function measureWaves(run: GoalRun): Promise<Wave[]> {
  await using cluster = await startSettledCluster({ nodes, extra: ['--http-port', '0', '--min-in-sync', String(nodes)] });
  const waves: Wave[] = [];
  for (let round = 1; round <= run.rounds; round += 1) {
    const wave = await measureWave(cluster, run);
    waves.push(wave);
    const latencies = `${wave.latencyMs.toFixed(1)} ms, ${wave.latencyBeforeMs.toFixed(1)} ms before`;
    run.print(`round ${round}: p99 of the lag at most ${wave.lagMs} ms, p99 of other operations ${latencies}`);
  }
  return waves;
}

async function measureWave(cluster: LocalCluster, { measureMs, signal }: GoalRun): Promise<Wave> {
  const latencyBeforeMs = await latencyOfOthers(cluster, measureMs, signal);
  const dueFromMs = await writeDying(cluster, signal);
  const leftMs = dueFromMs - performance.now();
  if (leftMs < 0) throw new Error(`keys were due before all ${keyCount} were written: the machine has become slower meanwhile`);
  const before = await lagsSoFar(cluster);
  await pause(leftMs, undefined, { signal });
  const latencyMs = await latencyOfOthers(cluster, windowMs, signal);
  await untilGone(cluster, signal);
  const lags = lagsBetween(before, await lagsSoFar(cluster));
  if (expiredIn(lags) !== keyCount) throw new Error(`${expiredIn(lags)} keys have expired, not ${keyCount}`);
  return { lagMs: percentileBoundMs(lags, 99), latencyBeforeMs, latencyMs };
}

/** @returns the time from which on the keys are due */
async function writeDying(cluster: LocalCluster, signal: AbortSignal): Promise<number> {
  const client = await KvClient.connect({ nodes: cluster.addresses, deadlineMs });
  try {
    const nextValue = createValues(valueBytes);
    const startedMs = performance.now();
    await forEachKey({ from: 0, to: trialKeys }, writesInFlight, async (index) => {
      signal.throwIfAborted();
      await client.put(`lasting:${index}`, nextValue());
    });
    const endedMs = performance.now();
    const dueFromMs = endedMs + (endedMs - startedMs) * leadFactor;
    await forEachKey({ from: 0, to: keyCount }, writesInFlight, async (index) => {
      signal.throwIfAborted();
      const ttlMs = Math.ceil(dueFromMs - performance.now() + Math.random() * windowMs);
      await client.put(`dying:${index}`, nextValue(), { ttlMs: Math.max(1, ttlMs) });
    });
    return dueFromMs;
  } finally {
    await client.close();
  }
}

/** p99 of reads or of writes, whichever is longer. @throws Error if an operation failed */
async function latencyOfOthers({ addresses }: LocalCluster, durationMs: number, signal: AbortSignal): Promise<number> {
  const words = ['--nodes', addresses.join(','), '--threads', '1', '--keyspace', String(otherKeys), '--json'];
  const pace = ['--rate', String(operationsPerSecond), '--duration', String(durationMs / 1_000)];
  const { reads, writes } = JSON.parse(await captureBench([...words, ...pace], signal)) as BenchResult;
  if (reads.failed + writes.failed > 0) throw new Error(`${reads.failed + writes.failed} other operations failed`);
  return Math.max(reads.latencyMs!.p99, writes.latencyMs!.p99);
}

async function untilGone(cluster: LocalCluster, signal: AbortSignal): Promise<void> {
  for (const endMs = performance.now() + goneTimeoutMs; (await expiringKeysOf(cluster)) > 0; ) {
    if (performance.now() > endMs) throw new Error(`keys are still there ${goneTimeoutMs} ms after the last was due`);
    await pause(lookAgainMs, undefined, { signal });
  }
}

function outcomesOf(waves: readonly Wave[]): GoalOutcome[] {
  const [lag, latency, before] = (['lagMs', 'latencyMs', 'latencyBeforeMs'] as const).map(
    (figure) => spreadOf(waves.map((wave) => wave[figure]))!,
  ) as [Spread, Spread, Spread];
  const what = `while ${keyCount.toLocaleString('en-US')} keys expire in ${windowMs / 1_000} s`;
  return [
    {
      what: `p99 of the lag of expiry, ${what}`,
      wanted: `at most ${wantedLagMs} ms`,
      found: `at most ${spreadText(lag, 0)} ms`,
      reached: lag.median <= wantedLagMs,
      figures: { medianMs: lag.median, lowestMs: lag.lowest, highestMs: lag.highest },
    },
    {
      what: `p99 of other operations, ${operationsPerSecond.toLocaleString('en-US')}/s on schedule, ${what}`,
      wanted: `under ${wantedLatencyMs} ms`,
      found: `${spreadText(latency, 1)} ms; before: ${spreadText(before, 1)} ms`,
      reached: latency.median < wantedLatencyMs,
      figures: { medianMs: latency.median, lowestMs: latency.lowest, highestMs: latency.highest, beforeMs: before.median },
    },
  ];
}

/** Each measurement has fresh nodes, since freed memory is not always returned to the system. */
async function measureMemory(run: GoalRun): Promise<GoalOutcome> {
  const [without, withTtl]: [number[], number[]] = [[], []];
  for (let round = 1; round <= run.rounds; round += 1) {
    without.push(await growthOf({}, run));
    withTtl.push(await growthOf({ ttlMs: longTtlMs }, run));
    run.print(`round ${round}: ${without.at(-1)!.toFixed(0)} bytes a key, with a TTL ${withTtl.at(-1)!.toFixed(0)}`);
  }
  const difference = spreadOf(withTtl.map((bytes, round) => bytes - without[round]!))!;
  const figures = {
    medianBytes: difference.median,
    lowestBytes: difference.lowest,
    highestBytes: difference.highest,
    keyBytes: spreadOf(without)!.median,
    expiringKeyBytes: spreadOf(withTtl)!.median,
  };
  return {
    what: `resident memory of a TTL, at ${keyCount.toLocaleString('en-US')} keys`,
    wanted: `at most ${wantedTtlBytes} bytes`,
    found: `${spreadText(difference, 0)} bytes: ${figures.expiringKeyBytes.toFixed(0)} / ${figures.keyBytes.toFixed(0)} a key`,
    reached: difference.median <= wantedTtlBytes,
    figures,
  };
}

async function growthOf(options: { readonly ttlMs?: number }, { signal }: GoalRun): Promise<number> {
  await using cluster = await startSettledCluster({ nodes, extra: ['--min-in-sync', String(nodes)] });
  const { pid } = await cluster.primary();
  return await growthPerKey(pid, () => writeKeysTo(cluster, signal, options), signal);
}
