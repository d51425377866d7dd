/** Clusters whose nodes keep their data, under load and through many ends of all processes. */
import { expect, test } from 'vitest';
import { LocalCluster, type LocalClusterOptions } from '../../local/local-cluster.js';
import { isAtRest } from '../../local/ring.js';
import { KvClient, type Topology } from '../../src/index.js';
import { killAll, restartAll, startDurable, temporaryFolder } from '../cluster/support/durable-cluster.js';
import { ExactLoad } from '../cluster/support/exact-load.js';

const patienceMs = 90_000;
const extra = ['--session-ms', '2000'];

/** While no node runs its writes wait for a node. */
function patientClient(nodes: readonly string[]): Promise<KvClient> {
  return KvClient.connect({ nodes: [...nodes], deadlineMs: patienceMs });
}

test.each(['always', 'interval'])(
  'all nodes are killed under load, again and again: every write is executed once (%s)',
  async (mode) => {
    const cluster = await startDurable({ shards: 4, extra: [...extra, '--durability', mode] });
    await using client = await patientClient(cluster.addresses);
    const load = new ExactLoad(client, { name: 'load', workers: 4 });
    for (let round = 0; round < 3; round++) {
      await load.answers(60);
      await killAll(cluster);
      const { nodes } = cluster;
      // Another node is the first one back in each round.
      await restartAll(cluster, [...nodes.slice(round), ...nodes.slice(0, round)]);
      await cluster.waitForInSync(3, patienceMs);
    }
    await load.answers(20);
    await load.stop();
    expect(load.findings).toEqual([]);
  },
  400_000,
);

test('copies that have moved to a new node are not revived by a restart of all nodes', async () => {
  const cluster = await startDurable({ shards: 8, extra: [...extra, '--replicas', '2'] });
  await using client = await patientClient(cluster.addresses);
  const keys = Array.from({ length: 100 }, (_, index) => `key-${index}`);
  await client.mput(keys.map((key) => ({ key, value: `value of ${key}` })));
  await cluster.addNode();
  const newNode = 'node-4';
  const hasMoved = (topology: Topology): boolean =>
    isAtRest(topology, 4, 2) && topology.shards.some(({ placedNodeIds }) => placedNodeIds.includes(newNode));
  await cluster.waitUntil('copies have moved to the new node', hasMoved, patienceMs);
  await killAll(cluster);
  await restartAll(cluster);
  await cluster.waitUntil('the copies are where they were', hasMoved, patienceMs);
  const held = (await cluster.statuses()).map(({ replicas }) => replicas.length).reduce((sum, count) => sum + count, 0);
  expect(held).toBe(8 * 2);
  for (const key of keys) expect((await client.get(key))?.value.toString()).toBe(`value of ${key}`);
}, 300_000);

test('a cluster that is started again with its folder, and the folder of its ZooKeeper, continues with its data', async () => {
  const dataDir = await temporaryFolder();
  // A ZooKeeper of its own, whose data is kept as well.
  const options: LocalClusterOptions = { shards: 2, dataDir, extra: ['--max-data', '1GiB'] };
  const clusterIds: string[] = [];
  for (const round of [1, 2, 3]) {
    await using cluster = await LocalCluster.start(options);
    await using client = await patientClient(cluster.addresses);
    const { value } = await client.increment('rounds');
    expect(Number(value)).toBe(round);
    clusterIds.push((await cluster.topology()).clusterId);
    await cluster.stop();
  }
  expect(new Set(clusterIds).size).toBe(1);
}, 300_000);
