/**
 * ZooKeeper loses everything, or goes back to an older state, on real processes: no second history begins,
 * acknowledged writes survive, and the operator's command resumes the shard (R3, R7, R13). More such tests are in
 * test/long/lost-history.test.ts.
 */
import { expect } from 'vitest';
import { KvClient, type ReplicaStatus } from '../../src/index.js';
import { runKvctl } from './support/kvctl.js';
import {
  expectNothingDiscarded,
  goOn,
  lostHistory,
  patienceMs,
  replicas,
  waitForReplicas,
  waitUntilOffline,
} from './support/lost-history.js';

lostHistory(
  'ZooKeeper loses everything, and the holders are frozen beside an empty node: it begins no history',
  async ({ zookeeper, cluster, client, written }) => {
    const holders = [...cluster.nodes];
    await zookeeper.loseData();
    await zookeeper.startServer();
    await waitForReplicas(cluster, ({ offline }) => offline);
    const newcomer = await cluster.addNode();
    await cluster.waitUntil('all are registered', ({ nodes }) => nodes.length === 3);
    for (const holder of holders) holder.freeze();
    // Their sessions end, and the newcomer is the first candidate. When it reports the shard offline, a birth would
    // have been due.
    await using stranger = await KvClient.connect({ nodes: [newcomer.address] });
    await expect.poll(async () => (await stranger.topology()).nodes.length, { timeout: patienceMs }).toBe(1);
    await waitUntilOffline(stranger, newcomer);
    const refusal = { executed: 'no' };
    await expect(stranger.get('before1', { deadlineMs: 1_000 })).rejects.toMatchObject(refusal);
    await expect(stranger.put('before1', 'second history', { deadlineMs: 1_000 })).rejects.toMatchObject(refusal);
    for (const holder of holders) holder.thaw();
    await cluster.waitUntil('all are registered again', ({ nodes }) => nodes.length === 3);
    expect((await replicas(cluster)).map(({ keys }) => keys)).toEqual([10, 10, 0]);
    expect(await goOn(cluster)).toBe(1);
    await written.expectAll(client);
    await cluster.waitForInSync(3);
    expectNothingDiscarded(cluster);
  },
);

lostHistory(
  'ZooKeeper goes back to a state before an eviction: its primary keeps serving, and nothing is lost',
  async ({ zookeeper, cluster, client, written }) => {
    await zookeeper.backUp();
    const backup = await cluster.backup();
    await backup.kill();
    await cluster.waitUntil('the backup is out', ({ shards }) => shards[0]?.replicas.filter(({ inSync }) => inSync).length === 1);
    await written.write(client, 'since', 10);
    await zookeeper.goBack();
    await zookeeper.startServer();
    const primary = await cluster.primary();
    await primary.log.waitFor(({ msg }) => msg.startsWith('ZooKeeper has lost data'), { timeoutMs: patienceMs });
    await written.write(client, 'again', 10);
    await cluster.restart(backup);
    await cluster.waitForInSync(2, patienceMs);
    await written.expectAll(client);
  },
);

lostHistory(
  'ZooKeeper forgets the removal of a backup, and the backup claims: writes acknowledged since then are kept',
  async ({ zookeeper, cluster, client, written }) => {
    await zookeeper.backUp();
    const [first, second] = [await cluster.primary(), await cluster.backup()];
    await using atFirst = await KvClient.connect({ nodes: [first.address] });
    await using atSecond = await KvClient.connect({ nodes: [second.address] });
    second.freeze();
    await written.write(atFirst, 'since', 10);
    await zookeeper.goBack();
    first.freeze();
    await zookeeper.startServer();
    second.thaw();
    // A watch that ZooKeeper sent during the freeze may show the second its removal. Then it does not claim.
    const ofSecond = async (): Promise<ReplicaStatus | undefined> => (await atSecond.nodeStatus(second.address)).replicas[0];
    await expect.poll(async () => (await ofSecond())?.serving || (await ofSecond())?.offline, { timeout: patienceMs }).toBe(true);
    const hasClaimed = (await ofSecond())?.serving === true;
    first.thaw();
    await expect
      .poll(async () => (await atFirst.nodeStatus(first.address)).replicas, { timeout: patienceMs })
      .toMatchObject([
        hasClaimed
          ? { keys: 20, offline: true, held: { epoch: 1, removals: 1 }, found: { epoch: 2 } }
          : { keys: 20, serving: true, held: { epoch: 1 } },
      ]);
    expectNothingDiscarded(cluster);
    if (hasClaimed) await chooseHistoryOf(first);
    await cluster.waitForInSync(2, patienceMs);
    await written.expectAll(client);
    await waitForReplicas(cluster, ({ keys }) => keys === 23);
  },
);

/** The operator sees both lines, and chooses the line that the node holds. */
async function chooseHistoryOf({ address }: { readonly address: string }): Promise<void> {
  await using client = await KvClient.connect({ nodes: [address] });
  const environment = { KVNODE_NODES: address };
  const status = await runKvctl(['status'], { environment });
  expect(`${status.stdout}${status.stderr}`).toMatch(
    /ZooKeeper names history .* at epoch 2:.*, and the data here is of history .* at epoch 1:/,
  );
  const [kept] = (await client.nodeStatus(address)).replicas;
  const command = ['shard', 'force-primary', '0', '--history', kept!.held!.epochId, '--accept-data-loss'];
  expect(await runKvctl(command, { environment })).toMatchObject({ code: 0 });
}
