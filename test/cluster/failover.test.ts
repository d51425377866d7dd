import { expect, test } from 'vitest';
import { failoverWalkthrough } from '../../local/failover-walkthrough.js';
import { startCluster } from './support/cluster.js';
import { Workload } from './support/workload.js';

/**
 * Sessions are longer than the test waits, so a failover cannot have waited for the end of the dead node's session.
 */
const sessionMs = 60_000;
const longSessions = ['--session-ms', String(sessionMs)];

test('the walk-through of the README: write, kill the primary, read everything back, restart it until it is in sync', async () => {
  await using cluster = await startCluster({ extra: longSessions });
  await using client = await cluster.connect();
  const { written, failover, rejoin } = await failoverWalkthrough(cluster, client, {
    step: (_what, run) => run(),
    print: () => {},
  });
  expect(failover.successorId).not.toBe(failover.killed.id);
  expect(failover.epochAfter).toBe(failover.epochBefore + 1);
  expect(failover.failoverMs).toBeLessThan(sessionMs);
  expect(rejoin.keys).toBeGreaterThanOrEqual(written.size);
});

test('any node is killed again and again under load: no acknowledged write is lost', async () => {
  await using cluster = await startCluster({ extra: longSessions });
  await using client = await cluster.connect();
  const load = new Workload(client);
  await load.writes(100);
  for (const who of ['primary', 'backup', 'primary'] as const) {
    load.resetPause();
    const victim = who === 'primary' ? await cluster.primary() : await cluster.backup();
    await victim.kill();
    await load.writes(100);
    expect(load.longestPauseMs, `service stood still after a ${who} was killed`).toBeLessThan(sessionMs);
    await cluster.restart(victim);
    await cluster.waitForInSync(3);
  }
  await load.stop();
  expect(load.violations).toEqual([]);
  expect(load.acknowledgedWrites).toBeGreaterThan(300);
});

test('a frozen backup is taken out of the in-sync set, writes continue, and it joins again once it is thawed', async () => {
  await using cluster = await startCluster({ extra: longSessions });
  await using client = await cluster.connect();
  const load = new Workload(client);
  await load.writes(50);
  load.resetPause();
  const primary = await cluster.primary();
  const frozen = await cluster.backup();
  frozen.freeze();
  await cluster.waitUntil('the frozen backup is out', ({ shards }) => inSyncCount(shards) === 2);
  const proposal = await primary.log.waitFor(({ removed }) => Array.isArray(removed) && removed.length > 0);
  expect(proposal.removed, 'the log has the reason').toMatchObject([{ reason: 'silent' }]);
  await load.writes(50);
  frozen.thaw();
  await cluster.waitForInSync(3);
  await load.stop();
  expect(load.violations).toEqual([]);
  // The eviction takes about a lease on an idle machine, and never waits for the end of the session.
  expect(load.longestPauseMs).toBeLessThan(sessionMs);
  expect([...load.errors]).toEqual([]);
});

test('a primary frozen past grace and then continued serves no stale read and completes no write', async () => {
  await using cluster = await startCluster();
  await using client = await cluster.connect();
  const load = new Workload(client);
  await load.writes(50);
  const frozen = await cluster.primary();
  frozen.freeze();
  await cluster.waitUntil(
    'another node is primary',
    ({ shards }) => shards[0]?.primaryNodeId !== frozen.id && shards[0]?.serving === true,
  );
  await load.writes(50);
  const since = frozen.log.count;
  frozen.thaw();
  await frozen.log.waitFor(({ msg }) => msg.startsWith('the process stalled'), { since });
  // The first peer that it contacts reports the higher epoch, and it steps down.
  await frozen.log.waitFor((record) => record.msg === 'role changed' && record.role !== 'primary', { since });
  await cluster.waitForInSync(3);
  await load.stop();
  expect(load.violations).toEqual([]);
});

test('a session that expired while its node was frozen: the node registers again and joins', async () => {
  await using cluster = await startCluster({ extra: ['--session-ms', '2000'] });
  await using client = await cluster.connect();
  const load = new Workload(client);
  await load.writes(20);
  const frozen = await cluster.backup();
  frozen.freeze();
  await cluster.waitUntil('its znodes are gone', ({ nodes }) => !nodes.some((node) => node.id === frozen.id));
  frozen.thaw();
  const topology = await cluster.waitForInSync(3);
  expect(topology.nodes.map((node) => node.id)).toContain(frozen.id);
  await load.stop();
  expect(load.violations).toEqual([]);
});

function inSyncCount(shards: readonly { readonly replicas: readonly { readonly inSync: boolean }[] }[]): number {
  return shards[0]?.replicas.filter((replica) => replica.inSync).length ?? 0;
}
