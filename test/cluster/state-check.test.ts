/** kvctl state check: of a cluster that is written while it is checked, and whose primary dies. */
import { expect, test, vi } from 'vitest';
import { startCluster } from './support/cluster.js';
import { runKvctl, startKvctl } from './support/kvctl.js';

const idleKeys = Array.from({ length: 6_000 }, (_, index) => `idle:${index}`);
const value = 'v'.repeat(200);

interface CheckJson {
  readonly differ: boolean;
  readonly shards: readonly {
    readonly nodes: readonly string[];
    readonly checked: boolean;
    readonly differences: readonly object[];
  }[];
}

test('a check of a healthy cluster reports nothing, while it is written and a primary dies', async () => {
  await using cluster = await startCluster({ nodes: 4, shards: 4 });
  await using client = await cluster.connect();
  for (const outcome of await client.mput(idleKeys.map((key) => ({ key, value })))) expect(outcome.ok).toBe(true);
  const stop = new AbortController();
  let written = 0;
  const writer = async (lane: number): Promise<void> => {
    for (let round = 0; !stop.signal.aborted; round++) {
      const key = `hot:${lane}:${round % 100}`;
      if (round % 7 === 6) await client.delete(key, { deadlineMs: 30_000 });
      else await client.put(key, `${round}`, { deadlineMs: 30_000, ...(round % 3 === 0 && { ttlMs: 50 }) });
      written += 1;
    }
  };
  const writers = Promise.all([0, 1, 2, 3].map(writer));
  await vi.waitUntil(() => written > 100, { timeout: 30_000 });
  const address = cluster.addresses.join(',');
  const words = ['--nodes', address, '--deadline-ms', '30000', 'state', 'check', '--json'];
  const first = await runKvctl(words);
  expect(JSON.parse(first.stdout)).toMatchObject({
    differ: false,
    shards: [0, 1, 2, 3].map((shard) => ({ shard, checked: true })),
  });
  expect((JSON.parse(first.stdout) as CheckJson).shards.map(({ nodes }) => nodes.length)).toEqual([3, 3, 3, 3]);
  expect(first.code).toBe(0);

  const slow = startKvctl(['--nodes', address, '--deadline-ms', '30000', 'state', 'check', '--rate', '200000']);
  await slow.notes(/checked/);
  const primary = await cluster.primary();
  await primary.kill();
  const { code, stdout } = await slow.ended;
  expect(stdout).toContain('of 4 shards: no copy differs');
  expect(code).toBe(0);
  stop.abort();
  await writers;
});

test('a check of a shard that does not exist, or that nobody serves, says so', async () => {
  await using cluster = await startCluster({ nodes: 1, shards: 2 });
  const words = ['--nodes', cluster.addresses.join(','), 'state', 'check'];
  expect(await runKvctl([...words, '2'])).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no shard 2') });
  expect(await runKvctl([...words, '1'])).toMatchObject({ code: 0, stdout: 'compared 0 keys of 1 shards: no copy differs\n' });
});
