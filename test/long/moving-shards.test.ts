import { expect, test } from 'vitest';
import type { Topology } from '../../src/wire/contract/kv-api.js';
import { checkHistory, isClean } from '../../verification/index.js';
import { startCluster } from '../cluster/support/cluster.js';
import { RecordedLoad } from '../cluster/support/recorded-load.js';

const shardCount = 12;
const patienceMs = 90_000;

/** Every shard is exactly where it is placed, on these nodes and no others, and its preferred primary is primary. */
function settledOn(nodeIds: readonly string[]): (topology: Topology) => boolean {
  const wanted = [...nodeIds].sort().join();
  return ({ shards }) =>
    shards.length === shardCount &&
    [...new Set(shards.flatMap(({ placedNodeIds }) => placedNodeIds))].sort().join() === wanted &&
    shards.every(({ serving, placedNodeIds, primaryNodeId, replicas }) => {
      const holders = replicas.filter(({ inSync, live }) => inSync && live).map(({ nodeId }) => nodeId);
      const isWhole = [...holders].sort().join() === [...placedNodeIds].sort().join() && replicas.length === holders.length;
      return serving && isWhole && primaryNodeId === placedNodeIds[0];
    });
}

test('three nodes grow to five and shrink back under load: no write is lost, no read is stale, no call fails', async () => {
  await using cluster = await startCluster({ shards: shardCount, waitForInSync: false });
  const first = cluster.nodes.map(({ id }) => id);
  await cluster.waitUntil('twelve shards are on three nodes', settledOn(first), patienceMs);
  await using client = await cluster.connect();
  const load = new RecordedLoad(client, { workers: 8, keys: 40 });

  // Two nodes start at once.
  const joined = (await Promise.all([cluster.addNode(), cluster.addNode()])).map(({ id }) => id);
  const grown = await cluster.waitUntil('they are on five', settledOn([...first, ...joined]), patienceMs);
  for (const id of [...first, ...joined]) {
    const held = grown.shards.filter(({ placedNodeIds }) => placedNodeIds.includes(id)).length;
    expect(held, 'shards that one of five nodes holds').toBeGreaterThanOrEqual(7);
    expect(held).toBeLessThanOrEqual(8);
  }

  // The first node is the controller.
  const leaving = cluster.nodes.slice(0, 2);
  for (const node of leaving) {
    expect(await node.stop()).toEqual({ code: 0, signal: null });
  }
  await cluster.waitUntil('they are on the three that are left', settledOn([first[2]!, ...joined]), patienceMs);

  const final = await load.stop();
  const report = checkHistory(load.history, final);
  expect(isClean(report), JSON.stringify(report, undefined, 2)).toBe(true);
  expect(report.operations).toBeGreaterThan(1_000);
  const failed = load.history.filter(({ outcome }) => outcome.kind === 'refused' || outcome.kind === 'unknown');
  expect(failed).toEqual([]);
});
