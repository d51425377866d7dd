/** Shards without a live member of their in-sync set: what the operator's command does when some data, or ZooKeeper's, is left. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { programPath } from '../../local/programs.js';
import { startZooKeeper } from '../../local/zookeeper.js';
import type { Topology } from '../../src/index.js';
import { startCluster } from '../cluster/support/cluster.js';
import { runKvctl } from '../cluster/support/kvctl.js';
import { loggedCommands } from '../cluster/support/logged-commands.js';

const run = promisify(execFile);

/** Short sessions, so that a dead node is detected soon. */
const extra = ['--session-ms', '2000'];

test('the command chooses a backup that was out of the set when the last member died, with its data', async () => {
  await using cluster = await startCluster({ nodes: 2, extra });
  await using client = await cluster.connect();
  await client.put('old', 'held by both');
  const frozen = await cluster.backup();
  const primary = await cluster.primary();
  frozen.freeze();
  await cluster.waitUntil(
    'the frozen backup is out',
    ({ shards }) => shards[0]?.replicas.filter((one) => one.inSync).length === 1,
  );
  // Only a few batches are in flight to a backup at a time, so later writes are not sent to the frozen one.
  for (let batch = 0; batch < 10; batch += 1) await client.put('filler', 'may be on its way to the frozen one');
  await client.put('new', 'held by the primary alone');
  await primary.kill();
  frozen.thaw();
  await loggedCommands(cluster, primary.id);
  const words = ['shard', 'force-primary', '0', '--accept-data-loss', '--nodes', frozen.address];
  await run(process.execPath, [programPath('kvctl'), ...words]);
  await cluster.waitForInSync(1);
  expect((await client.get('old'))?.value.toString()).toBe('held by both');
  expect(await client.get('new')).toBeUndefined();
});

/** A ZooKeeper whose address comes from outside must not be stopped. */
const ownZookeeper = test.skipIf(process.env.KVNODE_ZK);
const keys = Array.from({ length: 60 }, (_, index) => `k${index}`);

ownZookeeper(
  'ZooKeeper lost its data: kvctl status reports that nothing is lost, and one command resumes all shards',
  async () => {
    await using zookeeper = await startZooKeeper();
    await using cluster = await startCluster({ zookeeper, nodes: 2, shards: 4, extra });
    {
      await using client = await cluster.connect();
      await client.mput(keys.map((key) => ({ key, value: key })));
    }
    await zookeeper.loseData();
    await zookeeper.startServer();
    await cluster.waitUntil('all are offline', ({ nodes, shards }) => nodes.length === 2 && shards.every((one) => one.offline));
    const at = ['--nodes', cluster.addresses.join(',')];
    const force = ['shard', 'force-primary', '--all', ...at];

    const { warnings } = JSON.parse((await runKvctl(['status', '--json', ...at])).stdout) as { warnings: string[] };
    expect(warnings[0]).toMatch(
      /^shards 0-3 are offline because ZooKeeper lost its data\. Nothing is lost: .* force-primary --all$/,
    );
    expect(warnings[1]).not.toContain('force-primary');

    const plan = await runKvctl(force);
    expect(plan).toMatchObject({ code: 1, stderr: expect.stringContaining('Nothing was changed.') });
    expect(plan.stdout).toContain('shards 0-3: ZooKeeper has lost the state. Nothing is lost:');
    const planned = JSON.parse((await runKvctl([...force, '--json'])).stdout) as { shards: object[] };
    expect(planned.shards).toMatchObject(Array.from({ length: 4 }, (_, shard) => ({ shard, lost: 'nothing' })));

    const executed = await runKvctl([...force, '--accept-data-loss', '--json']);
    expect(executed.code).toBe(0);
    const { shards } = JSON.parse(executed.stdout) as { shards: { forced: boolean }[] };
    expect(shards.map(({ forced }) => forced)).toEqual([true, true, true, true]);
    await cluster.waitForInSync(2);
    await using client = await cluster.connect();
    const found = await client.mget(keys);
    expect(found.map((one) => one?.value.toString())).toEqual(keys);
    expect(await runKvctl(force)).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing to do') });
  },
);

test('some shards have lost all copies: the plan names them, and the others keep serving without the loss of a key', async () => {
  const options = [...extra, '--replicas', '1', '--replace-after-ms', '1000'];
  await using cluster = await startCluster({ nodes: 3, shards: 8, extra: options });
  await using client = await cluster.connect();
  await client.mput(keys.map((key) => ({ key, value: key })));
  const before = await cluster.waitUntil('every node leads what is placed on it', ({ nodes, shards }) => {
    const isPlaced = nodes.every(({ id }) => shards.some(({ placedNodeIds }) => placedNodeIds.includes(id)));
    const isLed = shards.every(({ primaryNodeId, placedNodeIds }) => placedNodeIds[0] === primaryNodeId);
    return isPlaced && isLed && shards.every(({ replicas, serving }) => serving && replicas.length === 1);
  });
  const dead = await cluster.primary();
  const gone = before.shards.filter(({ primaryAddress }) => primaryAddress === dead.address).map(({ shard }) => shard);
  const places = await Promise.all(keys.map(async (key) => (await client.locate(key)).shard));
  await dead.kill();
  await cluster.waitUntil('what it held is offline', ({ nodes, shards }) => {
    const isOffline = gone.every((shard) => shards[shard]?.offline === true);
    return nodes.length === 2 && isOffline;
  });
  const at = ['--nodes', cluster.addresses.join(',')];
  const plan = await runKvctl(['shard', 'force-primary', '--all', '--json', ...at]);
  const planned = JSON.parse(plan.stdout) as { shards: { shard: number }[] };
  expect(planned.shards.map(({ shard }) => shard).sort((one, other) => one - other)).toEqual(gone);
  expect(planned.shards).toMatchObject(gone.map(() => ({ lost: 'everything', cause: 'replicas-gone' })));

  const forced = await runKvctl(['shard', 'force-primary', gone.join(','), '--accept-data-loss', ...at]);
  expect(forced.code).toBe(0);
  for (const shard of gone) expect(forced.stdout).toContain(`is primary of shard ${shard} in epoch`);
  await cluster.waitUntil('every shard is served', ({ shards }) => shards.every(({ serving, offline }) => serving && !offline));
  const found = await client.mget(keys);
  const expected = keys.map((key, index) => (gone.includes(places[index]!) ? undefined : key));
  expect(found.map((one) => one?.value.toString())).toEqual(expected);
});

ownZookeeper('shards without a copy in a restored cluster begin empty by the command, and the plan reports that', async () => {
  await using zookeeper = await startZooKeeper();
  const oneCopy = ['--session-ms', '2000', '--replicas', '1', '--replace-after-ms', '1000'];
  await using cluster = await startCluster({ zookeeper, nodes: 2, shards: 4, extra: oneCopy });
  const isSettled = ({ nodes, shards }: Topology): boolean =>
    nodes.every(({ id }) => shards.some(({ primaryNodeId }) => primaryNodeId === id)) &&
    shards.every(({ serving, replicas }) => serving && replicas.length === 1);
  await cluster.waitUntil('each node leads some shards', isSettled);
  await zookeeper.loseData();
  await cluster.nodes[1]!.kill();
  await zookeeper.startServer();
  await cluster.waitUntil(
    'every shard is offline',
    ({ nodes, shards }) => nodes.length === 1 && shards.every((one) => one.offline),
  );
  const command = ['shard', 'force-primary', '--all', '--nodes', cluster.nodes[0]!.address];
  const { stdout, stderr } = await runKvctl(command);
  expect(stdout + stderr).toContain('Everything in the shard is lost');
  expect((await runKvctl([...command, '--accept-data-loss'])).code).toBe(0);
  await cluster.waitUntil('every shard serves', ({ shards }) => shards.every(({ serving, offline }) => serving && !offline));
});
