import { expect, test } from 'vitest';
import { isInSync } from '../../local/ring.js';
import { startCluster } from '../cluster/support/cluster.js';

const shardCount = 16;
/** The session outlasts the test, so only the other holders report the new primary. */
const options = ['--session-ms', '60000'];
const patienceMs = 60_000;
/** Shorter than the time in which the client itself detects a silent connection. */
const deadlineMs = 6_000;
const keys = Array.from({ length: 20 * shardCount }, (_, index) => `key-${index}`);

test('more nodes than copies: one node freezes, and a connected client keeps using all shards', async () => {
  await using cluster = await startCluster({ nodes: 5, shards: shardCount, extra: options, waitForInSync: false });
  await cluster.waitUntil('every shard has its copies', (topology) => isInSync(topology, 3), patienceMs);
  await using client = await cluster.connect();
  const entriesOf = (value: string) => keys.map((key) => ({ key, value }));
  for (const outcome of await client.mput(entriesOf('before'))) expect(outcome.ok).toBe(true);

  // The client watches the topology at some node. The freezes hit first one node, then another.
  for (const node of [cluster.nodes[0]!, cluster.nodes[3]!]) {
    const { shards } = await cluster.waitUntil(
      `every shard has its copies, and ${node.id} leads some`,
      (topology) => isInSync(topology, 3) && topology.shards.some(({ primaryNodeId }) => primaryNodeId === node.id),
      patienceMs,
    );
    expect(shards.filter(({ placedNodeIds }) => !placedNodeIds.includes(node.id)).length).toBeGreaterThan(0);
    node.freeze();
    const read = await client.mgetSettled(keys, { deadlineMs });
    expect(read.filter(({ ok }) => !ok)).toEqual([]);
    const written = await client.mput(entriesOf(`while ${node.id} is frozen`), { deadlineMs });
    expect(written.filter(({ ok }) => !ok)).toEqual([]);
    expect(client.knownTopology?.shards.filter(({ primaryNodeId }) => primaryNodeId === node.id)).toEqual([]);
    node.thaw();
  }
  const final = await client.mget(keys);
  expect(new Set(final.map((found) => found?.value.toString()))).toEqual(new Set([`while ${cluster.nodes[3]!.id} is frozen`]));
});
