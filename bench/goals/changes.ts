/**
 * The goals about richer writes, each beside plain puts in the same shape and in turn: transactions of two keys beside puts, and
 * increments of one key beside puts of one key.
 */
import { KvClient, op } from '../../src/index.js';
import { createValues } from '../peers/operations.js';
import { spreadOf, spreadText } from '../peers/summary.js';
import type { Goal, GoalOutcome, GoalRun } from './goal.js';
import { startSettledCluster } from './settled-cluster.js';

const inFlight = 256;
const valueBytes = 100;
const keyCount = 10_000;
/** The unmeasured beginning of each measurement, in which code is compiled as well. */
const warmUpMs = 1_500;

type Work = (client: KvClient, index: number) => Promise<unknown>;

interface Comparison {
  readonly what: string;
  readonly wanted: number;
  readonly plain: Work;
  readonly richer: Work;
}

const nextValue = createValues(valueBytes);

const comparisons: readonly Comparison[] = [
  {
    what: `transactions of two keys beside puts, ${inFlight} in flight`,
    wanted: 0.5,
    plain: (client, index) => client.put(`key:${index % keyCount}`, nextValue()),
    richer: (client, index) => {
      const tag = `{${index % keyCount}}`;
      return client.transact({ do: [op.put(`${tag}:one`, nextValue()), op.put(`${tag}:other`, nextValue())] });
    },
  },
  {
    what: `increments of one key beside puts of one key, ${inFlight} callers`,
    wanted: 0.5,
    plain: (client) => client.put('one', nextValue()),
    richer: (client) => client.increment('counter'),
  },
];

export const changesGoal: Goal = {
  name: 'changes',
  async measure(run) {
    await using cluster = await startSettledCluster({ shards: 16 });
    const client = await KvClient.connect({ nodes: cluster.addresses });
    try {
      const outcomes: GoalOutcome[] = [];
      for (const comparison of comparisons) outcomes.push(await compare(comparison, client, run));
      return outcomes;
    } finally {
      await client.close();
    }
  },
};

async function compare(
  { what, wanted, plain, richer }: Comparison,
  client: KvClient,
  { rounds, measureMs, signal, print }: GoalRun,
): Promise<GoalOutcome> {
  const ratios: number[] = [];
  const rates: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const ofPlain = await rateOf(client, plain, measureMs, signal);
    const ofRicher = await rateOf(client, richer, measureMs, signal);
    print(`${what}, round ${round}: ${Math.round(ofRicher)}/s, ${Math.round(ofPlain)}/s`);
    rates.push(ofRicher);
    ratios.push(ofRicher / ofPlain);
  }
  const [ratio, rate] = [spreadOf(ratios)!, spreadOf(rates)!];
  return {
    what,
    wanted: `at least ${wanted} x`,
    found: `${spreadText(ratio, 2)}, ${spreadText(rate, 0)}/s`,
    reached: ratio.median >= wanted,
    figures: { ratio: ratio.median, perSecond: rate.median },
  };
}

/** Operations per second, each place in flight sending its next operation when the one before has ended. */
async function rateOf(client: KvClient, work: Work, measureMs: number, signal: AbortSignal): Promise<number> {
  const startsMs = performance.now() + warmUpMs;
  const endsMs = startsMs + measureMs;
  let index = 0;
  let done = 0;
  const lane = async (): Promise<void> => {
    for (;;) {
      signal.throwIfAborted();
      await work(client, index++);
      const nowMs = performance.now();
      if (nowMs > endsMs) return;
      if (nowMs > startsMs) done += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return (done * 1_000) / measureMs;
}
