import { expect, test } from 'vitest';
import { KvClient } from '../../src/index.js';
import type { Topology } from '../../src/wire/contract/kv-api.js';
import { startCluster } from '../cluster/support/cluster.js';
import { Workload } from '../cluster/support/workload.js';

const shards = 32;

function whole(copies: number): (topology: Topology) => boolean {
  return (topology) =>
    topology.shards.length === 32 &&
    topology.shards.every(
      ({ serving, replicas }) => serving && replicas.filter((one) => one.inSync && one.live).length === copies,
    );
}

test('many shards: a node with primaries dies under load, its shards continue elsewhere, no write is lost', async () => {
  await using cluster = await startCluster({ shards });
  await using client = await cluster.connect();
  await cluster.waitUntil('every shard has three copies', whole(3));
  const load = new Workload(client, { workers: 16, keysPerWorker: 8 });
  await load.writes(500);
  const victim = await cluster.primary();
  await victim.kill();
  await load.writes(500);
  const after = await cluster.waitUntil('every shard has two copies', whole(2));
  expect(after.shards.filter(({ primaryNodeId }) => primaryNodeId === victim.id)).toEqual([]);
  await cluster.restart(victim);
  await cluster.waitUntil('every shard has three copies again', whole(3));
  await load.stop();
  expect(load.violations).toEqual([]);
});

test('many shards: a node that stops hands over all of them together, and no call fails', async () => {
  await using cluster = await startCluster({ shards });
  await using client = await cluster.connect();
  await cluster.waitUntil('every shard has three copies', whole(3));
  const load = new Workload(client, { workers: 16, keysPerWorker: 8 });
  await load.writes(500);
  const stopped = await cluster.primary();
  expect(await stopped.stop()).toMatchObject({ code: 0 });
  await load.writes(500);
  await cluster.waitUntil('every shard has two copies', whole(2));
  await load.stop();
  expect(load.violations).toEqual([]);
  expect([...load.errors]).toEqual([]);
});

test('many shards: any node accepts a call for any key, also of shards of which it is not primary', async () => {
  await using cluster = await startCluster({ shards });
  await cluster.waitUntil('every shard has three copies', whole(3));
  for (const address of cluster.addresses) {
    await using client = await KvClient.connect({ nodes: [address], api: 'unary' });
    for (let key = 0; key < 64; key++) await client.put(`key:${key}`, address);
    for (let key = 0; key < 64; key++) expect((await client.get(`key:${key}`))?.value.toString()).toBe(address);
  }
});
