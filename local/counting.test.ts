import { expect, test } from 'vitest';
import type { KvClient } from '../src/client/index.js';
import { Counting } from './counting.js';

/** Counters in memory. `executions` says how often an increment of a counter is executed, from its value and the key. */
function clientThat(executions: (key: string, value: number) => number): KvClient {
  const counters = new Map<string, number>();
  return {
    async increment(key: string) {
      const value = counters.get(key) ?? 0;
      counters.set(key, value + executions(key, value));
      await new Promise(setImmediate);
    },
    async get(key: string) {
      return { value: Buffer.from(String(counters.get(key) ?? 0)) };
    },
  } as unknown as KvClient;
}

test('increments that are executed once are counted', async () => {
  const counting = new Counting(clientThat(() => 1));
  await counting.more(100);
  await counting.more(100);
  expect(await counting.stop()).toBeGreaterThanOrEqual(200);
});

test.each([
  ['lost', 0],
  ['executed twice', 2],
])('one acknowledged increment that was %s is found', async (_what, executions) => {
  const counting = new Counting(clientThat((key, value) => (key === 'counter:7' && value === 3 ? executions : 1)));
  await counting.more(200);
  await expect(counting.stop()).rejects.toThrow(/^counter:7 is at \d+, though \d+ increments by 1 were acknowledged/);
});

test('an increment that fails ends the count', async () => {
  const counting = new Counting(
    clientThat((_key, value) => {
      if (value === 3) throw new Error('refused');
      return 1;
    }),
  );
  await expect(counting.more(1_000)).rejects.toThrow('refused');
  await expect(counting.stop()).rejects.toThrow('refused');
});
