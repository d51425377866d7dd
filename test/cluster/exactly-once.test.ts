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
