/** Nodes with data directories, as real processes: what was acknowledged survives the end of every process. */
import { randomBytes } from 'node:crypto';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { NodeProcess } from '../../local/node-process.js';
import { killAll, refused, restartAll, startDurable, temporaryFolder } from './support/durable-cluster.js';
import { expectBackupToReturnByTheLog, expectToOutlastTheEndOfAll } from './support/ended-nodes.js';
import { runKvctl } from './support/kvctl.js';
import { goOn, lostHistoryOfThree, patienceMs, Written, waitForReplicas } from './support/lost-history.js';

/** Short sessions, so that a dead node is detected soon. */
const extra = ['--session-ms', '2000'];

describe('durability - restarts', () => {
  test('a killed node finds its data, keeps its replicas, and takes what it lacks from the log', async () => {
    const cluster = await startDurable({ extra });
    await expectBackupToReturnByTheLog(cluster);
  });

  test('a node that returns takes from the disk of the primary what the log in memory does not hold any more', async () => {
    // The log in memory has at most 4 MiB then.
    const cluster = await startDurable({ extra: [...extra, '--max-memory', '256MiB'] });
    const values = new Map<string, Buffer>();
    const backup = await cluster.backup();
    {
      await using client = await cluster.connect();
      await client.put('before', 'value');
      await backup.kill();
      for (let index = 0; index < 80; index++) {
        const value = randomBytes(200_000);
        values.set(`key ${index % 50}`, value);
        await client.put(`key ${index % 50}`, value, { deadlineMs: 60_000 });
      }
    }
    const others = cluster.nodes.filter((node) => node !== backup);
    const [again] = await restartAll(cluster, [backup]);
    await cluster.waitForInSync(3);
    expect(again!.log.find('snapshot received')).toEqual([]);
    const reads = others.flatMap(({ log }) => log.find('a replica lacks entries that are read from the log on disk'));
    expect(reads.length).toBeGreaterThan(0);
    // It alone has the data now.
    await cluster.disconnect();
    await Promise.all(others.map((node) => node.kill()));
    await using client = await cluster.connect();
    for (const [key, value] of values)
      expect((await client.get(key, { deadlineMs: 60_000 }))?.value.equals(value), key).toBe(true);
  });

  test.each([
    ['always', 'SIGKILL'],
    ['interval', 'SIGKILL'],
    ['always', 'SIGTERM'],
  ] as const)('all nodes end at once (durability %s, %s): every acknowledged write is there', async (durability, signal) => {
    const cluster = await startDurable({ extra: [...extra, '--durability', durability] });
    await expectToOutlastTheEndOfAll(cluster, signal);
  });

  test('a shard waits for a member of its in-sync set, says for which, and serves once one is back', async () => {
    const cluster = await startDurable({ extra });
    const [stale, ...members] = cluster.nodes;
    const written = new Written();
    {
      await using client = await cluster.connect();
      await written.write(client, 'before', 10);
      await stale!.kill();
      await cluster.waitUntil('it is taken out', ({ shards }) => shards[0]?.replicas.filter(({ inSync }) => inSync).length === 2);
      await written.write(client, 'without it', 10);
    }
    await killAll(cluster);
    await restartAll(cluster, [stale!]);
    await cluster.waitUntil('the shard is offline', ({ shards }) => shards[0]?.offline === true);
    const readStatus = () => runKvctl(['status', '--nodes', cluster.addresses.join(',')]);
    // The registrations of killed nodes end one after the other.
    const names = (stdout: string) => members.every(({ id }) => new RegExp(`in sync last and are gone: .*${id}`).test(stdout));
    await expect.poll(async () => names((await readStatus()).stdout), { timeout: patienceMs }).toBe(true);
    const status = await readStatus();
    expect(status.code).toBe(8);
    expect(status.stdout).toContain('durability: always');
    expect(status.stdout).toContain('Start these nodes again: they have the data on their disks.');
    {
      await using client = await cluster.connect();
      const error = await client.put('k', 'v', { deadlineMs: 1_500 }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'SHARD_OFFLINE', executed: 'no' });
      for (const { id } of members) expect(String(error)).toContain(id);
    }
    await restartAll(cluster, [members[1]!]);
    await cluster.waitForInSync(2);
    await using client = await cluster.connect();
    await written.expectAll(client);
  });
});

describe('durability - refused at the start', () => {
  test('a folder that is in use, a copy of it, another node, and nodes that keep their data in another way', async () => {
    const cluster = await startDurable({ nodes: 1, extra });
    const [node] = cluster.nodes;
    const folder = node!.options.extra!.at(-1)!;
    const first = await refused(cluster, ['--shards', '1', '--data-dir', folder]);
    expect(first).toMatchObject({ code: 1, output: expect.stringContaining('another node uses this folder') });
    expect(first.output).toContain(`process ${node!.pid}`);

    const copy = join(await temporaryFolder(), 'copy');
    await cp(folder, copy, { recursive: true });
    const second = await refused(cluster, ['--shards', '1', '--data-dir', copy]);
    expect(second).toMatchObject({
      code: 1,
      output: expect.stringContaining(`a node with this id is running at ${node!.address}: this folder is a copy`),
    });
    const other = await refused(cluster, ['--shards', '1', '--data-dir', copy, '--id', 'other']);
    expect(other).toMatchObject({
      code: 1,
      output: expect.stringContaining('holds data of node node-1, and this is node other'),
    });

    const inMemory = await refused(cluster, ['--shards', '1']);
    expect(inMemory).toMatchObject({ code: 1, output: expect.stringContaining('with --data-dir DIR --durability always') });
    const elsewhere = await temporaryFolder();
    const interval = await refused(cluster, ['--shards', '1', '--data-dir', elsewhere, '--durability', 'interval']);
    expect(interval.output).toContain('durability is always there and interval here');
  });

  test('a node with a folder of another cluster, and one with a folder in a cluster in memory', async () => {
    const cluster = await startDurable({ nodes: 1, extra });
    const folder = cluster.nodes[0]!.options.extra!.at(-1)!;
    const inOtherCluster = ['--shards', '1', '--data-dir', await temporaryFolder()];
    const other = await startDurable({ nodes: 1, extra });
    await other.nodes[0]!.kill();
    await killAll(cluster);
    const wrong = await refused(other, ['--shards', '1', '--data-dir', folder]);
    expect(wrong).toMatchObject({ code: 1, output: expect.stringMatching(/ZooKeeper holds cluster .* is of cluster /) });

    const words = ['init', '--zk', cluster.zookeeper.address, '--root', `${cluster.root}-memory`, '--shards', '1'];
    expect((await runKvctl(words)).code).toBe(0);
    const root = `${cluster.root}-memory`;
    const node = NodeProcess.spawn({ zk: cluster.zookeeper.address, root, extra: inOtherCluster });
    expect(await node.exited).toMatchObject({ code: 1 });
    expect(node.log.tail()).toContain('It keeps its data in memory: start this node without --data-dir');
  });
});

test('durability - a node keeps its id in its folder when its address changes', async () => {
  const cluster = await startDurable({ nodes: 1, extra });
  const { zookeeper, root } = cluster;
  const dataDir = await temporaryFolder();
  const options = { zk: zookeeper.address, root, extra: ['--shards', '1', '--max-data', '1GiB', '--data-dir', dataDir] };
  const first = await NodeProcess.start(options);
  const firstId = first.address;
  await first.kill();
  const second = await NodeProcess.start(options);
  try {
    expect(second.address).not.toBe(firstId);
    const topology = await cluster.waitUntil('it is back', ({ nodes }) =>
      nodes.some(({ address }) => address === second.address),
    );
    expect(topology.nodes.find(({ address }) => address === second.address)?.id).toBe(firstId);
  } finally {
    await second.kill();
  }
});

lostHistoryOfThree(
  'durability - ZooKeeper loses its data while no node runs: the command loses nothing',
  async ({ zookeeper }) => {
    const cluster = await startDurable({ zookeeper, extra });
    const written = new Written();
    {
      await using client = await cluster.connect();
      await written.write(client, 'before', 20);
    }
    await killAll(cluster);
    await zookeeper.loseData();
    await zookeeper.startServer();
    const [first, ...others] = cluster.nodes;
    const [again] = await restartAll(cluster, [first!]);
    expect(again!.log.find(({ msg }) => msg.startsWith('ZooKeeper had lost the configuration'))).toHaveLength(1);
    await restartAll(cluster, others);
    await waitForReplicas(cluster, ({ offline, complete }) => offline && complete);
    await goOn(cluster);
    await cluster.waitForInSync(3);
    await using client = await cluster.connect();
    // The newest entries had not been applied everywhere, and got new versions (R13).
    await written.expectValues(client);
  },
);
