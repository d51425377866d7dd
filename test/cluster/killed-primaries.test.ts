/** Writes of KvClient while primaries are killed (R16). */
import { expect, test } from 'vitest';
import { KvClient } from '../../src/index.js';
import { startCluster } from './support/cluster.js';
import { ExactLoad } from './support/exact-load.js';

const kills = 4;

test('primaries are killed under load: no write fails at default deadlines, and each is executed exactly once', async () => {
  await using cluster = await startCluster({ shards: 4 });
  const nodes = cluster.addresses;
  await using frames = await KvClient.connect({ nodes });
  await using grpc = await KvClient.connect({ nodes, transport: 'grpc' });
  await using unary = await KvClient.connect({ nodes, api: 'unary' });
  const loads = [
    new ExactLoad(frames, { name: 'frames' }),
    new ExactLoad(grpc, { name: 'grpc', workers: 4 }),
    new ExactLoad(unary, { name: 'unary', workers: 4 }),
  ];
  const served = () => Promise.all(loads.map((load) => load.answers(50)));
  await served();
  for (let kill = 0; kill < kills; kill++) {
    const victim = await cluster.primary();
    await victim.kill();
    await served();
    await cluster.restart(victim);
    await cluster.waitForInSync(3);
  }
  for (const load of loads) await load.stop();
  expect(loads.flatMap(({ findings }) => findings)).toEqual([]);
});

test('a client that has just connected writes to shards of which it knows no position yet', async () => {
  const extra = ['--replicas', '1'];
  await using cluster = await startCluster({ nodes: 3, shards: 16, extra, waitForInSync: false });
  await cluster.waitUntil(
    'every shard serves',
    ({ nodes, shards }) => nodes.length === 3 && shards.every(({ serving }) => serving),
  );
  for (const address of cluster.addresses) {
    await using client = await KvClient.connect({ nodes: [address] });
    const counters = Array.from({ length: 64 }, (_, index) => `counter-${address}-${index}`);
    const sums = await Promise.all(counters.map((key) => client.increment(key)));
    expect(sums.map(({ value }) => value)).toEqual(counters.map(() => '1'));
  }
});
