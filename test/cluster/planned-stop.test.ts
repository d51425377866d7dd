import { expect, test } from 'vitest';
import { startCluster } from './support/cluster.js';
import { Workload } from './support/workload.js';

test('SIGTERM to the primary under load: it hands over and exits 0, and no call of the client fails', async () => {
  await using cluster = await startCluster();
  await using client = await cluster.connect();
  const load = new Workload(client);
  await load.writes(100);
  for (let round = 0; round < 3; round++) {
    const primary = await cluster.primary();
    expect(await primary.stop()).toEqual({ code: 0, signal: null });
    await load.writes(100);
    await cluster.restart(primary);
    await cluster.waitForInSync(3);
  }
  await load.stop();
  expect([...load.errors]).toEqual([]);
  expect(load.violations).toEqual([]);
});

test('SIGTERM to a backup under load: it leaves and exits 0, and no call of the client fails', async () => {
  await using cluster = await startCluster();
  await using client = await cluster.connect();
  const load = new Workload(client);
  await load.writes(50);
  const backup = await cluster.backup();
  expect(await backup.stop()).toEqual({ code: 0, signal: null });
  await cluster.waitForInSync(2);
  await load.writes(50);
  await load.stop();
  expect([...load.errors]).toEqual([]);
  expect(load.violations).toEqual([]);
});

test('all nodes stopped at once exit 0 one after the other, and the last one logs that its data is lost', async () => {
  await using cluster = await startCluster();
  const exits = await Promise.all(cluster.nodes.map((node) => node.stop()));
  expect(exits).toEqual(cluster.nodes.map(() => ({ code: 0, signal: null })));
  const last = cluster.nodes.filter(
    (node) => node.log.find((record) => record.msg.startsWith('this was the last copy')).length > 0,
  );
  expect(last).toHaveLength(1);
});

test('a second signal ends the node at once', async () => {
  await using cluster = await startCluster({ nodes: 1, extra: ['--min-in-sync', '1'] });
  const [node] = cluster.nodes;
  node!.freeze();
  node!.signal('SIGTERM');
  node!.signal('SIGINT');
  node!.thaw();
  expect((await node!.exited).code).toBeGreaterThan(128);
});

test('a single node serves, and serves again, empty and with higher versions, after a planned stop and a start', async () => {
  await using cluster = await startCluster({ nodes: 1 });
  const [node] = cluster.nodes;
  let version: number;
  {
    await using client = await cluster.connect();
    ({ version } = await client.put('k', 'v'));
    expect((await client.get('k'))?.value.toString()).toBe('v');
  }
  expect(await node!.stop()).toEqual({ code: 0, signal: null });
  await cluster.restart(node!);
  await cluster.waitForInSync(1);
  await using client = await cluster.connect();
  expect(await client.get('k')).toBeUndefined();
  expect((await client.put('k', 'w')).version).toBeGreaterThan(version);
});

test('with --min-in-sync 2 a single node definitely refuses writes, and accepts them when a second one has joined', async () => {
  await using cluster = await startCluster({ nodes: 1, extra: ['--min-in-sync', '2'], waitForInSync: false });
  await cluster.waitForInSync(1);
  await using client = await cluster.connect();
  await expect(client.put('k', 'v', { deadlineMs: 300 })).rejects.toMatchObject({ code: 'TOO_FEW_IN_SYNC', executed: 'no' });
  expect(await client.get('k')).toBeUndefined();
  await cluster.addNode();
  await cluster.waitForInSync(2);
  expect((await client.put('k', 'v')).version).toBeGreaterThan(0);
});
