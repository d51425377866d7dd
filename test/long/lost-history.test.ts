/**
 * ZooKeeper loses everything, or goes back to an older state, together with failovers and frozen nodes (R3, R7, R13).
 */
import { expect } from 'vitest';
import { KvClient } from '../../src/index.js';
import {
  expectNothingDiscarded,
  goOn,
  lostHistory,
  lostHistoryOfThree,
  patienceMs,
  Written,
  waitForReplicas,
  waitUntilOffline,
} from '../cluster/support/lost-history.js';

lostHistoryOfThree(
  'ZooKeeper goes back to epoch 1 after a failover, and the new primary dies: the shard resumes with the remaining copy',
  async ({ zookeeper, cluster, client, written }) => {
    await zookeeper.backUp();
    const first = await cluster.primary();
    await first.kill();
    await cluster.waitUntil('another node serves', ({ shards }) => shards[0]?.epoch === 2 && shards[0].serving, patienceMs);
    const second = await cluster.primary();
    await waitForReplicas(cluster, ({ epoch }) => epoch === 2);
    await written.write(client, 'since', 10);
    // Entries that the last replica has not applied get versions above the floor.
    await waitForReplicas(cluster, ({ appliedSeq }) => appliedSeq === 20);
    await zookeeper.goBack();
    await second.kill();
    await zookeeper.startServer();
    await waitForReplicas(cluster, ({ offline }) => offline);
    expect(await goOn(cluster)).toBe(1);
    await cluster.restart(first);
    await cluster.restart(second);
    await cluster.waitForInSync(3, patienceMs);
    await written.expectAll(client);
  },
);

lostHistory(
  'ZooKeeper goes back while the newest primary is frozen: the older one does not serve',
  async ({ zookeeper, cluster, client, written }) => {
    await zookeeper.backUp();
    const [first, second] = [await cluster.primary(), await cluster.backup()];
    first.freeze();
    await using atSecond = await KvClient.connect({ nodes: [second.address] });
    await written.write(atSecond, 'since', 10);
    await zookeeper.goBack();
    second.freeze();
    await zookeeper.startServer();
    first.thaw();
    await using atFirst = await KvClient.connect({ nodes: [first.address] });
    await waitUntilOffline(atFirst, first);
    second.thaw();
    await waitForReplicas(cluster, ({ offline }) => offline);
    expect(await goOn(cluster)).toBe(1);
    await cluster.waitForInSync(2, patienceMs);
    await written.expectAll(client);
  },
);

lostHistory(
  'the command runs on either side while the other is frozen: both keep their data until one is chosen',
  async ({ zookeeper, cluster, client, written: common }) => {
    const written: Written[] = [];
    const [first, second] = [await cluster.primary(), await cluster.backup()];
    for (const [frozen, live] of [
      [second, first],
      [first, second],
    ] as const) {
      await zookeeper.loseData();
      frozen.freeze();
      live.thaw();
      await zookeeper.startServer();
      await using alone = await KvClient.connect({ nodes: [live.address] });
      await waitUntilOffline(alone, live);
      await alone.forcePrimary(live.address, { shard: 0, acceptDataLoss: true });
      const ofLive = new Written();
      await ofLive.write(alone, live === first ? 'first' : 'second', 5);
      written.push(ofLive);
    }
    first.thaw();
    await using atFirst = await KvClient.connect({ nodes: [first.address] });
    await expect
      .poll(async () => (await atFirst.nodeStatus(first.address)).replicas, { timeout: patienceMs })
      .toMatchObject([{ keys: 15, offline: true, found: { epoch: expect.any(Number) } }]);
    const [kept] = (await atFirst.nodeStatus(first.address)).replicas;
    expect(kept?.held?.history).toBe(kept?.found?.history);
    expectNothingDiscarded(cluster);
    // The first returns as the primary of an epoch of its own. If that has the higher number, the second stops
    // serving, and the operator may choose either history. That one is kept whole, and the other discarded.
    await goOn(cluster);
    await cluster.waitForInSync(2, patienceMs);
    await common.expectAll(client);
    const [chosen, other] = (await client.get('second0')) === undefined ? [0, 'second0'] : [1, 'first0'];
    await written[chosen]!.expectAll(client);
    expect(await client.get(other as string)).toBeUndefined();
  },
);
