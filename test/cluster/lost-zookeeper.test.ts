import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { foundCluster } from '../../local/found-cluster.js';
import type { LocalCluster } from '../../local/local-cluster.js';
import { NodeProcess } from '../../local/node-process.js';
import { programPath } from '../../local/programs.js';
import { startZooKeeper } from '../../local/zookeeper.js';
import { ZookeeperClient } from '../../src/coordination/zookeeper/zookeeper-client.js';
import type { KvClient } from '../../src/index.js';
import { startCluster } from './support/cluster.js';

const run = promisify(execFile);
const extra = ['--session-ms', '2000'];
const keys = Array.from({ length: 100 }, (_, index) => `k${index}`);
const noWatch = { watch: false };

/** A ZooKeeper whose address comes from outside must not be stopped. */
const ownZookeeper = test.skipIf(process.env.KVNODE_ZK);

async function kvctl(cluster: LocalCluster, ...words: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [programPath('kvctl'), ...words, '--nodes', cluster.addresses.join(',')]);
  return stdout;
}

async function inZookeeper<T>(cluster: LocalCluster, act: (client: ZookeeperClient) => Promise<T>): Promise<T> {
  const client = await ZookeeperClient.connect({
    servers: cluster.zookeeper.address,
    sessionMs: 4_000,
    startupTimeoutMs: 10_000,
  });
  try {
    return await act(client);
  } finally {
    await client.close();
  }
}

/** The data survived: every key is there as it was written, and the next write is served. */
async function expectAllKeys(client: KvClient): Promise<void> {
  const found = await client.mget(keys);
  expect(found.map((one) => one?.value.toString())).toEqual(keys);
  await client.put('after', 'v');
}

async function forcePrimary(cluster: LocalCluster): Promise<void> {
  await cluster.waitUntil('the shard is reported as offline', ({ shards }) => shards[0]?.offline === true);
  await kvctl(cluster, 'shard', 'force-primary', '0', '--accept-data-loss');
}

ownZookeeper(
  'ZooKeeper loses everything while a new node waits for it: the holders keep their data and their cluster',
  async () => {
    await using zookeeper = await startZooKeeper();
    await using cluster = await startCluster({ zookeeper, nodes: 2, extra });
    await using client = await cluster.connect();
    await client.mput(keys.map((key) => ({ key, value: key })));
    const before = await cluster.topology();
    await zookeeper.loseData();
    const newcomer = NodeProcess.spawn({ zk: zookeeper.address, root: cluster.root, extra: [...extra, '--shards', '1'] });
    try {
      await zookeeper.startServer();
      await newcomer.listening();
      expect(newcomer.log.find('listening')[0]?.clusterId).toBe(before.clusterId);
      const stored = await inZookeeper(cluster, (client) => client.get(`${cluster.root}/config`, noWatch));
      expect(JSON.parse(stored!.data.toString())).toMatchObject({ clusterId: before.clusterId, restored: true });
      const after = await cluster.waitUntil(
        'three nodes are registered',
        ({ nodes, placementVersion }) => nodes.length === 3 && placementVersion > before.placementVersion,
      );
      expect(after.clusterId).toBe(before.clusterId);
      const holding = (await cluster.statuses()).map(({ replicas }) => replicas[0]?.keys);
      expect(holding).toEqual([100, 100]);
      await forcePrimary(cluster);
      // A client from before the loss follows the change.
      await expectAllKeys(client);
    } finally {
      await newcomer.kill();
    }
  },
);

ownZookeeper(
  'ZooKeeper restarts with another cluster: the holders keep their data, serve nothing and name both, until it is deleted',
  async () => {
    await using zookeeper = await startZooKeeper();
    await using cluster = await startCluster({ zookeeper, nodes: 2, extra: [...extra, '--http-port', '0'] });
    await using client = await cluster.connect();
    await client.mput(keys.map((key) => ({ key, value: key })));
    const { clusterId } = await cluster.topology();
    await zookeeper.loseData();
    // The holders are frozen, so that the other cluster is founded first.
    for (const node of cluster.nodes) node.freeze();
    await zookeeper.startServer();
    await foundCluster(zookeeper.address, cluster.root, ['--shards', '1']);
    for (const node of cluster.nodes) node.thaw();
    const config = await inZookeeper(cluster, (client) => client.get(`${cluster.root}/config`, noWatch));
    const { clusterId: otherId } = JSON.parse(config!.data.toString()) as { clusterId: string };
    for (const node of cluster.nodes) {
      const { msg } = await node.log.waitFor(({ msg }) => msg.includes(otherId));
      for (const words of [clusterId, 'keeps its data and serves nothing', cluster.root]) expect(msg).toContain(words);
      const readiness = await fetch(`http://${node.httpAddress}/readyz`);
      expect(readiness.status).toBe(503);
      expect(await readiness.json()).toEqual({ ready: false, reasons: [msg] });
      const value = await fetch(`http://${node.httpAddress}/api/kv/k1`);
      expect(value.status).toBe(503);
      expect(await value.text()).toContain(otherId);
    }
    const refusal = { code: 'NO_PRIMARY', executed: 'no', message: expect.stringContaining(otherId) };
    await expect(client.get('k1', { deadlineMs: 500 })).rejects.toMatchObject(refusal);
    await expect(client.put('k1', 'x', { deadlineMs: 500 })).rejects.toMatchObject(refusal);
    expect(await kvctl(cluster, 'status').catch(({ stdout }: { stdout: string }) => stdout)).toContain(otherId);
    const wellAgain = cluster.nodes.map(({ log }) => log.waitFor('the configuration in ZooKeeper agrees with this node again'));
    await inZookeeper(cluster, async (client) => {
      await client.delete(`${cluster.root}/config`, -1);
      await client.delete(cluster.root, -1);
    });
    await Promise.all(wellAgain);
    await forcePrimary(cluster);
    await expectAllKeys(client);
  },
);
