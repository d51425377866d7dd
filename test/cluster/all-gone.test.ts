import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import { programPath } from '../../local/programs.js';
import { startZooKeeper } from '../../local/zookeeper.js';
import { startCluster } from './support/cluster.js';
import { runKvctl } from './support/kvctl.js';

const run = promisify(execFile);

/** Short sessions, so that a dead node is detected soon. */
const extra = ['--session-ms', '2000'];

async function saysWhatIsLost(cluster: LocalCluster, lostNode: string): Promise<string[]> {
  const commands = await Promise.all(
    cluster.nodes
      .filter((node) => node.running)
      .map(async (node) => {
        const record = await node.log.waitFor(({ msg }) => msg.startsWith('no member of the in-sync set is live'));
        expect(record.msg).toContain(lostNode);
        return String(record.command);
      }),
  );
  return [...new Set(commands)];
}

test('the whole in-sync set is gone: nodes log the loss and the command, the shard stays offline until the command', async () => {
  await using cluster = await startCluster({ nodes: 3, extra });
  {
    await using client = await cluster.connect();
    await client.put('k', 'v');
  }
  // All three die and come back empty: no node holds the acknowledged writes.
  const last = await cluster.primary();
  await Promise.all(cluster.nodes.map((node) => node.kill()));
  await Promise.all(cluster.nodes.map((node) => cluster.restart(node)));
  const commands = await saysWhatIsLost(cluster, last.id);
  expect(commands).toEqual(['kvctl shard force-primary --all']);

  await using client = await cluster.connect();
  await expect(client.put('k', 'w', { deadlineMs: 1_000 })).rejects.toMatchObject({ executed: 'no', code: 'SHARD_OFFLINE' });
  const topology = await cluster.topology();
  expect(topology.shards[0]).toMatchObject({ offline: true, serving: false });
  const status = [programPath('kvctl'), 'status', '--nodes', cluster.addresses.join(',')];
  const offline = { code: 8, stdout: expect.stringContaining('OFFLINE') };
  await expect(run(process.execPath, status)).rejects.toMatchObject(offline);
  await expect(run(process.execPath, [...status, '--json'])).rejects.toMatchObject({
    code: 8,
    stdout: expect.stringContaining('"health":"not-serving"'),
  });
  expect((await run(process.execPath, [...status, '--fail-on', 'never'])).stdout).toContain('OFFLINE');

  const words = commands[0]!.split(' ').slice(1);
  const withoutFlag = [...words.filter((word) => word !== '--accept-data-loss'), '--nodes', cluster.addresses.join(',')];
  await expect(run(process.execPath, [programPath('kvctl'), ...withoutFlag])).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining('Everything in the shard is lost'),
    stderr: expect.stringContaining('--accept-data-loss'),
  });
  const accepted = [...words, '--accept-data-loss', '--nodes', cluster.addresses.join(',')];
  const { stdout } = await run(process.execPath, [programPath('kvctl'), ...accepted]);
  expect(stdout).toMatch(/epoch/);
  await cluster.waitForInSync(3);
  expect(await client.get('k')).toBeUndefined();
  expect((await client.put('k', 'w')).version).toBeGreaterThan(2 ** 32);
});

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
  await saysWhatIsLost(cluster, primary.id);
  const words = ['shard', 'force-primary', '0', '--accept-data-loss', '--nodes', frozen.address];
  await run(process.execPath, [programPath('kvctl'), ...words]);
  await cluster.waitForInSync(1);
  expect((await client.get('old'))?.value.toString()).toBe('held by both');
  expect(await client.get('new')).toBeUndefined();
});

test('the command is refused while a member of the in-sync set lives', async () => {
  await using cluster = await startCluster({ nodes: 2 });
  const words = ['shard', 'force-primary', '0', '--accept-data-loss', '--nodes', cluster.addresses.join(',')];
  await expect(run(process.execPath, [programPath('kvctl'), ...words])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is live'),
  });
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
