import { expect, test } from 'vitest';
import { startZooKeeper } from '../../local/zookeeper.js';
import { startCluster } from '../cluster/support/cluster.js';
import { Workload } from '../cluster/support/workload.js';

const outageMs = 20_000;

/** A ZooKeeper whose address comes from outside must not be stopped. */
const ownZookeeper = test.skipIf(process.env.KVNODE_ZK);

ownZookeeper.each(['stopped', 'frozen'] as const)(
  'ZooKeeper %s for twenty seconds: reads and writes continue, and afterwards changes of members work again',
  async (outage) => {
    await using zookeeper = await startZooKeeper();
    await using cluster = await startCluster({ zookeeper });
    await using client = await cluster.connect();
    const load = new Workload(client);
    await load.writes(50);
    const primary = await cluster.primary();
    load.resetPause();
    if (outage === 'stopped') await zookeeper.stopServer();
    else zookeeper.pauseServer();
    const began = performance.now();
    // The test is about service during the whole outage, not at one moment, so its length is fixed.
    while (performance.now() - began < outageMs) await load.writes(100);
    expect([...load.errors]).toEqual([]);
    if (outage === 'stopped') await zookeeper.startServer();
    else zookeeper.resumeServer();
    await load.writes(50);
    expect((await cluster.primary()).id).toBe(primary.id);
    await cluster.waitForInSync(3);
    const added = await cluster.addNode();
    await cluster.waitForInSync(4);
    expect(added.running).toBe(true);
    await load.stop();
    expect(load.violations).toEqual([]);
    expect([...load.errors]).toEqual([]);
  },
);
