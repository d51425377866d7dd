/**
 * Nodes die, flap and restart, and ZooKeeper stops, in the middle of moves and under a load whose history is checked.
 * A test detects a move in the topology, so copies are sent slowly.
 */
import { expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import { canLose, movingShards, type Part, withPart } from '../../local/moving.js';
import type { NodeProcess } from '../../local/node-process.js';
import { startZooKeeper } from '../../local/zookeeper.js';
import type { KvClient } from '../../src/index.js';
import type { ShardInfo, Topology } from '../../src/wire/contract/kv-api.js';
import { checkHistory, isClean } from '../../verification/index.js';
import { startCluster } from '../cluster/support/cluster.js';
import { RecordedLoad } from '../cluster/support/recorded-load.js';

/** A long lease and grace, so that a busy machine evicts no member: an evicted member could not replace a dead one. */
const patientTimes = ['--lease-ms', '2000', '--grace-ms', '2500', '--session-ms', '3000'];
const slowMoves = ['--move-rate', '262144'];
const shards = 12;
const patienceMs = 90_000;
const ballastKeys = 300;
const ballastBytes = 4_096;
/** A ZooKeeper whose address comes from outside must not be stopped. */
const ownZookeeper = test.skipIf(process.env.KVNODE_ZK);

/** The data before the faults, which must be there after them: enough that a move takes a second. */
async function writeBallast(client: KvClient): Promise<void> {
  const outcomes = await client.mput(Array.from({ length: ballastKeys }, (_, index) => ballastEntry(index)));
  expect(outcomes.every(({ ok }) => ok)).toBe(true);
}

async function expectBallast(client: KvClient): Promise<void> {
  const found = await client.mget(Array.from({ length: ballastKeys }, (_, index) => ballastEntry(index).key));
  expect(found.map((one) => one?.value.toString())).toEqual(found.map((_, index) => ballastEntry(index).value));
}

function ballastEntry(index: number) {
  return { key: `ballast-${index}`, value: String(index).padEnd(ballastBytes, '.') };
}

/**
 * Waits until every shard serves with its full set, exactly where it is placed, and every running node holds some
 * shard.
 */
function settled(cluster: LocalCluster): Promise<Topology> {
  return cluster.waitUntil(
    'every shard is where it is placed, on all that run',
    (topology) => {
      const running = cluster.nodes.filter((node) => node.running).map(({ id }) => id);
      const holders = new Set(topology.shards.flatMap(({ placedNodeIds }) => placedNodeIds));
      const isOnAll = holders.size === running.length && running.every((id) => holders.has(id));
      return isOnAll && movingShards(topology).length === 0 && topology.shards.every(({ serving }) => serving);
    },
    patienceMs,
  );
}

/** Waits for a running node with this part in a move, whose death leaves every shard a copy. */
async function caughtInMove(
  cluster: LocalCluster,
  idsOf: (shard: ShardInfo, topology: Topology) => string[],
): Promise<NodeProcess> {
  let found: NodeProcess | undefined;
  await cluster.waitUntil('a shard moves', (topology) => {
    const ids = movingShards(topology).flatMap((shard) => idsOf(shard, topology));
    found = cluster.nodes.find((node) => node.running && ids.includes(node.id) && canLose(topology, [node.id]));
    return found !== undefined;
  });
  return found!;
}

async function expectNothingLost(load: RecordedLoad, client: KvClient): Promise<void> {
  const final = await load.stop();
  const report = checkHistory(load.history, final);
  expect(isClean(report), JSON.stringify(report, undefined, 2)).toBe(true);
  expect(report.operations).toBeGreaterThan(500);
  // Every operation succeeded within its deadline: the client retried each one that was not executed.
  expect(load.history.filter(({ outcome }) => outcome.kind === 'refused')).toEqual([]);
  await expectBallast(client);
}

const parts: readonly (Part | 'controller')[] = ['taker', 'giver', 'bystander', 'controller'];

test('taker, giver, bystander and controller are killed during a move: shards get full sets, and nothing is lost', async () => {
  const extra = [...patientTimes, ...slowMoves, '--replace-after', '1000'];
  await using cluster = await startCluster({ nodes: 4, shards, extra, waitForInSync: false });
  await settled(cluster);
  await using client = await cluster.connect();
  await writeBallast(client);
  const load = new RecordedLoad(client, { workers: 6, keys: 36 });
  for (const part of parts) {
    await cluster.addNode();
    const victim = await caughtInMove(cluster, (shard, { nodes }) =>
      part === 'controller' ? nodes.slice(0, 1).map(({ id }) => id) : withPart(part, shard),
    );
    await victim.kill();
    await load.answers(50);
    await settled(cluster);
  }
  await expectNothingLost(load, client);
});

test('a node that is killed and restarted repeatedly, or stopped by SIGUSR2, keeps its shards, and no copy moves', async () => {
  const extra = patientTimes;
  await using cluster = await startCluster({ nodes: 4, shards, extra, waitForInSync: false });
  const before = await settled(cluster);
  await using client = await cluster.connect();
  await writeBallast(client);
  const load = new RecordedLoad(client, { workers: 6, keys: 36 });
  const holdsSome = (id: string) => (topology: Topology) =>
    topology.shards.some((shard) => withPart('bystander', shard).includes(id));
  for (let round = 0; round < 3; round++) {
    const flapping = cluster.nodes[1]!;
    await flapping.kill();
    await cluster.restart(flapping);
    // The node dies again as soon as it is in sync.
    await cluster.waitUntil('it has a shard in sync', holdsSome(flapping.id), patienceMs);
  }
  await settled(cluster);

  const unknownBefore = load.history.filter(({ outcome }) => outcome.kind === 'unknown').length;
  const returning = cluster.nodes[2]!;
  returning.signal('SIGUSR2');
  expect(await returning.exited).toEqual({ code: 0, signal: null });
  await load.answers(50);
  await cluster.restart(returning);
  const after = await settled(cluster);
  expect(load.history.filter(({ outcome }) => outcome.kind === 'unknown')).toHaveLength(unknownBefore);

  expect(after.placementVersion).toBe(before.placementVersion);
  expect(after.shards.map(({ placedNodeIds }) => placedNodeIds)).toEqual(before.shards.map(({ placedNodeIds }) => placedNodeIds));
  await expectNothingLost(load, client);
});

test('a node that is stopped for a restart hands over the shards that only it holds', async () => {
  const extra = ['--replicas', '1', ...patientTimes];
  await using cluster = await startCluster({ nodes: 2, shards: 6, extra, waitForInSync: false });
  await settled(cluster);
  await using client = await cluster.connect();
  await writeBallast(client);
  const [returning] = cluster.nodes;
  returning!.signal('SIGUSR2');
  expect(await returning!.exited).toEqual({ code: 0, signal: null });
  await settled(cluster);
  await expectBallast(client);
});

ownZookeeper(
  'ZooKeeper stops in the middle of a move: moving shards are served, and the move ends when ZooKeeper is back',
  async () => {
    await using zookeeper = await startZooKeeper();
    const extra = [...patientTimes, ...slowMoves];
    await using cluster = await startCluster({ nodes: 3, shards, extra, zookeeper, waitForInSync: false });
    await settled(cluster);
    await using client = await cluster.connect();
    await writeBallast(client);
    const load = new RecordedLoad(client, { workers: 6, keys: 36 });
    const joiner = await cluster.addNode();
    await caughtInMove(cluster, (shard) => withPart('taker', shard));
    await zookeeper.stopServer();
    await load.answers(400);
    await zookeeper.startServer();
    const { shards: placed } = await settled(cluster);
    expect(placed.some(({ placedNodeIds }) => placedNodeIds.includes(joiner.id))).toBe(true);
    await expectNothingLost(load, client);
    expect(load.history.filter(({ outcome }) => outcome.kind === 'unknown')).toEqual([]);
  },
);
