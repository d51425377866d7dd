/**
 * ZooKeeper loses everything, or goes back to what it held earlier, on real processes: no second history begins, what was
 * acknowledged stays, and the operator's command goes on (R3, R7, R13).
 */
import { expect, test } from 'vitest';
import { operate } from '../../faults/operator.js';
import type { LocalCluster } from '../../local/local-cluster.js';
import { startZooKeeper } from '../../local/zookeeper.js';
import { KvClient, type NodeStatus, type ReplicaStatus } from '../../src/index.js';
import { startCluster } from './support/cluster.js';
import { runKvctl } from './support/kvctl.js';

const extra = ['--session-ms', '2000'];
const patienceMs = 60_000;

/** With an address from outside there is nothing that we may stop. */
const ownZookeeper = test.skipIf(process.env.KVNODE_ZK);

/** Keys that were written and acknowledged, with their versions. */
class Written {
  readonly #values = new Map<string, { value: string; version: number }>();
  readonly #versions: number[] = [];

  async write(client: KvClient, prefix: string, count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const key = `${prefix}${index}`;
      const { version } = await client.put(key, `value of ${key}`, { deadlineMs: patienceMs });
      this.#values.set(key, { value: `value of ${key}`, version });
      this.#versions.push(version);
    }
  }

  /** Every key is there as it was written, the next writes are served, and no version was used twice. */
  async expectAll(client: KvClient): Promise<void> {
    for (const [key, { value, version }] of this.#values) {
      const found = await client.get(key, { deadlineMs: patienceMs });
      expect({ key, value: found?.value.toString(), version: found?.version }).toEqual({ key, value, version });
    }
    await this.write(client, 'afterwards', 3);
    expect(this.#versions).toEqual([...this.#versions].sort((one, other) => one - other));
    expect(new Set(this.#versions).size).toBe(this.#versions.length);
  }
}

async function replicas(cluster: LocalCluster): Promise<ReplicaStatus[]> {
  return (await cluster.statuses()).flatMap((status) => status.replicas);
}

/** All running nodes; undefined while one does not answer. */
function statusesOf(cluster: LocalCluster): Promise<NodeStatus[] | undefined> {
  return cluster.statuses().catch(() => undefined);
}

/** Waits until every running node's replica is as wanted. */
async function waitForReplicas(cluster: LocalCluster, holds: (replica: ReplicaStatus) => boolean): Promise<void> {
  await expect
    .poll(async () => (await statusesOf(cluster))?.flatMap((status) => status.replicas).every(holds), { timeout: patienceMs })
    .toBe(true);
}

/** @returns how many commands it took until the shard served, and no replica kept data of another line. */
async function goOn(cluster: LocalCluster): Promise<number> {
  await using client = await cluster.connect();
  const isDone = async (): Promise<boolean> => {
    const all = (await statusesOf(cluster))?.flatMap((status) => status.replicas);
    return all?.some(({ serving }) => serving) === true && all.every(({ offline, found }) => !offline && !found);
  };
  const told: string[] = [];
  const statuses = (): Promise<NodeStatus[] | undefined> => statusesOf(cluster);
  const given = await operate({ client, statuses, isDone, patienceMs, tell: (line) => told.push(line) });
  expect(await isDone(), `${told.join('\n')}\n${JSON.stringify(await replicas(cluster))}\n${cluster.logs()}`).toBe(true);
  return given;
}

function expectNothingDiscarded(cluster: LocalCluster): void {
  for (const { log } of cluster.nodes) expect(log.find(({ msg }) => msg.includes('is discarded'))).toEqual([]);
}

ownZookeeper('ZooKeeper loses everything, and the holders stand still beside an empty node: it begins no history', async () => {
  await using zookeeper = await startZooKeeper();
  await using cluster = await startCluster({ zookeeper, nodes: 2, extra });
  await using client = await cluster.connect();
  const written = new Written();
  await written.write(client, 'k', 100);
  const holders = [...cluster.nodes];
  await zookeeper.loseData();
  await zookeeper.startServer();
  await waitForReplicas(cluster, ({ offline }) => offline);
  const newcomer = await cluster.addNode();
  await cluster.waitUntil('all are registered', ({ nodes }) => nodes.length === 3);
  for (const holder of holders) holder.freeze();
  // Their sessions end, and the newcomer is the first candidate. It has waited longer than a birth takes once it says so.
  await using stranger = await KvClient.connect({ nodes: [newcomer.address] });
  await expect.poll(async () => (await stranger.topology()).nodes.length, { timeout: patienceMs }).toBe(1);
  await expect
    .poll(async () => (await stranger.nodeStatus(newcomer.address)).replicas.map(({ offline }) => offline), {
      timeout: patienceMs,
    })
    .toEqual([true]);
  const refusal = { executed: 'no' };
  await expect(stranger.get('k1', { deadlineMs: 1_000 })).rejects.toMatchObject(refusal);
  await expect(stranger.put('k1', 'second history', { deadlineMs: 1_000 })).rejects.toMatchObject(refusal);
  for (const holder of holders) holder.thaw();
  await cluster.waitUntil('all are registered again', ({ nodes }) => nodes.length === 3);
  expect((await replicas(cluster)).map(({ keys }) => keys)).toEqual([100, 100, 0]);
  expect(await goOn(cluster)).toBe(1);
  await written.expectAll(client);
  await cluster.waitForInSync(3);
  expectNothingDiscarded(cluster);
});

ownZookeeper('ZooKeeper goes back to a state before an eviction: its primary goes on, and nothing is lost', async () => {
  await using zookeeper = await startZooKeeper();
  await using cluster = await startCluster({ zookeeper, nodes: 2, extra });
  await using client = await cluster.connect();
  const written = new Written();
  await written.write(client, 'before', 10);
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
});

ownZookeeper(
  'ZooKeeper goes back to epoch 1 after a failover, and the new primary dies: the shard goes on with what is left',
  async () => {
    await using zookeeper = await startZooKeeper();
    await using cluster = await startCluster({ zookeeper, nodes: 3, extra });
    await using client = await cluster.connect();
    const written = new Written();
    await written.write(client, 'before', 10);
    await zookeeper.backUp();
    const first = await cluster.primary();
    await first.kill();
    await cluster.waitUntil('another node serves', ({ shards }) => shards[0]?.epoch === 2 && shards[0].serving, patienceMs);
    const second = await cluster.primary();
    await waitForReplicas(cluster, ({ epoch }) => epoch === 2);
    await written.write(client, 'since', 10);
    // Entries that the last replica has not applied are given versions above the floor.
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

ownZookeeper('ZooKeeper goes back while the primary that knows better stands still: the older one does not serve', async () => {
  await using zookeeper = await startZooKeeper();
  await using cluster = await startCluster({ zookeeper, nodes: 2, extra });
  await using client = await cluster.connect();
  const written = new Written();
  await written.write(client, 'before', 10);
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
  await expect
    .poll(async () => (await atFirst.nodeStatus(first.address)).replicas.map(({ offline }) => offline), { timeout: patienceMs })
    .toEqual([true]);
  second.thaw();
  await waitForReplicas(cluster, ({ offline }) => offline);
  expect(await goOn(cluster)).toBe(1);
  await cluster.waitForInSync(2, patienceMs);
  await written.expectAll(client);
});

ownZookeeper(
  'the command is given on either side while the other stands still: both keep their data until one is chosen',
  async () => {
    await using zookeeper = await startZooKeeper();
    await using cluster = await startCluster({ zookeeper, nodes: 2, extra });
    await using client = await cluster.connect();
    const common = new Written();
    await common.write(client, 'common', 10);
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
      await expect
        .poll(async () => (await alone.nodeStatus(live.address)).replicas.map(({ offline }) => offline), { timeout: patienceMs })
        .toEqual([true]);
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
    // The first returns as the primary of an epoch of its own. If that has the higher number, the second stops serving,
    // and the operator has two histories of equal worth to choose from. One of them is kept whole, and the other discarded.
    await goOn(cluster);
    await cluster.waitForInSync(2, patienceMs);
    await common.expectAll(client);
    const [chosen, other] = (await client.get('second0')) === undefined ? [0, 'second0'] : [1, 'first0'];
    await written[chosen]!.expectAll(client);
    expect(await client.get(other as string)).toBeUndefined();
  },
);

ownZookeeper(
  'ZooKeeper forgets that a backup was removed, and the backup claims: what was acknowledged since is kept',
  async () => {
    await using zookeeper = await startZooKeeper();
    await using cluster = await startCluster({ zookeeper, nodes: 2, extra });
    await using client = await cluster.connect();
    const written = new Written();
    await written.write(client, 'before', 10);
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
    // What ZooKeeper sent while the second stood still may tell it of its removal. Then it does not claim.
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

/** The operator sees both lines, and chooses the one that the node holds. */
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
