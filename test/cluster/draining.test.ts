import { expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import type { KvClient } from '../../src/index.js';
import { startCluster } from './support/cluster.js';
import { startDurable } from './support/durable-cluster.js';
import { runKvctl } from './support/kvctl.js';
import { Workload } from './support/workload.js';

const keyCount = 2_000;

async function fill(client: KvClient): Promise<void> {
  const entries = Array.from({ length: keyCount }, (_, index) => ({ key: `key-${index}`, value: `value ${index}` }));
  for (const outcome of await client.mput(entries, { deadlineMs: 120_000 })) if (!outcome.ok) throw outcome.error;
}

/** Each key has its value, and there are no others. */
async function expectExactly(client: KvClient): Promise<void> {
  const keys = Array.from({ length: keyCount }, (_, index) => `key-${index}`);
  const found = await client.mget(keys, { deadlineMs: 120_000 });
  expect(found.filter((one, index) => one?.value.toString() !== `value ${index}`)).toEqual([]);
}

/** Which nodes hold or are to hold something, by id. */
async function holders(cluster: LocalCluster): Promise<Set<string>> {
  const { shards } = await cluster.topology();
  const held = shards.flatMap(({ replicas }) => replicas.filter(({ live }) => live).map(({ nodeId }) => nodeId));
  return new Set([...held, ...shards.flatMap(({ placedNodeIds }) => placedNodeIds)]);
}

async function untilHeldBy(cluster: LocalCluster, ...ids: string[]): Promise<void> {
  const expected = ids.sort().join();
  await cluster.waitUntil(
    `the shards are on ${expected}`,
    ({ shards }) =>
      shards.every(({ replicas, placedNodeIds, serving }) => {
        const settled = replicas.every(({ live, inSync, nodeId }) => live && inSync && placedNodeIds.includes(nodeId));
        return serving && settled && replicas.length === placedNodeIds.length && placedNodeIds.every((id) => ids.includes(id));
      }),
    120_000,
  );
  expect([...(await holders(cluster))].sort().join()).toBe(expected);
}

function kvctl(cluster: LocalCluster, ...words: string[]) {
  return runKvctl([...words, '--nodes', cluster.addresses.join(',')]);
}

/** On a busy machine each process takes seconds to start. */
const timeout = 400_000;

test('a node is drained under load, stays empty over a restart, and gets its share back with undrain', { timeout }, async () => {
  await using cluster = await startCluster({ nodes: 4, shards: 8, extra: ['--replicas', '3', '--min-in-sync', '2'] });
  await using client = await cluster.connect();
  await fill(client);
  const load = new Workload(client, { workers: 4, deadlineMs: 60_000 });
  await load.writes(50);
  const drained = await cluster.primary();
  const others = cluster.nodes.filter((node) => node !== drained).map(({ id }) => id);

  // docs/operations.md, "Taking a node out": the node is drained, checked, and then stopped or restarted.
  const done = await kvctl(cluster, 'drain', drained.id, '--wait');
  expect(done.stderr + done.stdout).toContain(`node ${drained.id} holds nothing any more`);
  expect(done.code).toBe(0);
  await untilHeldBy(cluster, ...others);
  const [status] = (await cluster.statuses()).filter(({ nodeId }) => nodeId === drained.id);
  expect(status?.replicas).toEqual([]);
  expect((await kvctl(cluster, 'status')).stdout).toMatch(/draining[\s\S]*yes/);
  expect((await kvctl(cluster, 'can-stop', drained.id)).code).toBe(0);

  // The mark outlives the process: the node that comes back under its id gets nothing.
  await load.writes(50);
  await drained.kill();
  const again = await cluster.restart(drained);
  await load.writes(50);
  await untilHeldBy(cluster, ...others);
  expect(again.log.find((record) => record.msg === 'role changed')).toEqual([]);

  expect(await kvctl(cluster, 'undrain', drained.id)).toMatchObject({ code: 0 });
  await untilHeldBy(cluster, drained.id, ...others);
  await load.stop();
  expect(load.violations).toEqual([]);
  expect([...load.errors]).toEqual([]);
  await expectExactly(client);
});

test('a drain that would leave too few copies is refused, names the shards, and changes nothing', { timeout }, async () => {
  await using cluster = await startCluster({ nodes: 3, shards: 2, extra: ['--replicas', '3', '--min-in-sync', '2'] });
  await using client = await cluster.connect();
  const [node] = cluster.nodes;
  const refused = await kvctl(cluster, 'drain', node!.id);
  expect(refused.stderr).toContain('NOT_DRAINED');
  expect(refused.stderr).toContain('shards 0-1 would have 2 copies instead of 3');
  expect(refused.code).toBe(1);
  expect(await client.topology()).toMatchObject({ nodes: [{ draining: false }, { draining: false }, { draining: false }] });
  expect((await kvctl(cluster, 'drain', 'nobody:1')).code).toBe(2);

  // One copy of three may go, and a second one may not.
  expect((await kvctl(cluster, 'can-stop', node!.id)).code).toBe(0);
  await cluster.nodes[2]!.kill();
  await cluster.waitUntil('the dead copy is not in sync', ({ shards }) =>
    shards.every(({ replicas }) => replicas.filter(({ inSync }) => inSync).length === 2),
  );
  const must = await kvctl(cluster, 'can-stop', node!.id);
  expect(must.stdout).toContain('shards 0-1: 1 left, 2 needed');
  expect(must.code).toBe(10);
});

test('undrain amid a drain; the drained node and the controller restart amid one, and the node is taken out for good', {
  timeout,
}, async () => {
  // Slow moves, so that the drain is under way for a while.
  const cluster = await startDurable({ nodes: 3, shards: 4, extra: ['--replicas', '2', '--move-rate', '200KiB'] });
  await using client = await cluster.connect();
  await fill(client);
  const load = new Workload(client, { workers: 2, deadlineMs: 60_000 });
  const [controller, drained] = cluster.nodes;
  const all = cluster.nodes.map(({ id }) => id);

  await client.drainNode(drained!.id);
  await load.writes(10);
  await client.undrainNode(drained!.id);
  await cluster.waitUntil('no shard leaves', ({ nodes }) => nodes.every(({ draining }) => !draining));
  await untilHeldBy(cluster, ...all);

  await client.drainNode(drained!.id);
  await drained!.kill();
  const again = await cluster.restart(drained!);
  await controller!.kill();
  await cluster.restart(controller!);
  const others = all.filter((id) => id !== drained!.id);
  await untilHeldBy(cluster, ...others);
  expect(await kvctl(cluster, 'drain', drained!.id, '--wait')).toMatchObject({ code: 0 });
  expect(await kvctl(cluster, 'can-stop', drained!.id)).toMatchObject({ code: 0 });
  await again.stop();
  expect(await kvctl(cluster, 'undrain', drained!.id)).toMatchObject({ code: 0 });
  await untilHeldBy(cluster, ...others);
  await load.stop();
  expect(load.violations).toEqual([]);
  await expectExactly(client);
});
