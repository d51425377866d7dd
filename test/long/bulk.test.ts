import { expect, test } from 'vitest';
import { isAsPlaced } from '../../local/ring.js';
import type { Topology } from '../../src/index.js';
import { startCluster } from '../cluster/support/cluster.js';

const shardCount = 16;
const options = ['--session-ms', '2000'];
const keys = Array.from({ length: 3_000 }, (_, index) => `key-${index}`);

test('mput and mget while a node is killed: results are in order, and none fails', async () => {
  await using cluster = await startCluster({ nodes: 4, shards: shardCount, extra: options, waitForInSync: false });
  const settled = ({ nodes, ...topology }: Topology) => nodes.length === 4 && isAsPlaced({ nodes, ...topology });
  await cluster.waitUntil('every shard is where it is placed', settled, 90_000);
  await using client = await cluster.connect();
  const entriesOf = (value: string) => keys.map((key) => ({ key, value: `${key} ${value}` }));
  const before = await client.mput(entriesOf('before'));
  expect(before.filter(({ ok }) => !ok)).toEqual([]);
  const { shards } = await cluster.topology();
  const victim = cluster.nodes.find(({ id }) => shards.some(({ primaryNodeId }) => primaryNodeId === id))!;

  // Many writes are in flight to the node when it dies.
  const writing = client.mput(entriesOf('meanwhile'));
  const killed = victim.kill();
  const reading = client.mgetSettled(keys);
  const [written, read] = [await writing, await reading];
  await killed;
  const { shards: shardsAfter } = await cluster.topology();
  for (const { shard, epoch, primaryNodeId } of shards)
    if (primaryNodeId === victim.id) expect(shardsAfter[shard]!.epoch).toBeGreaterThan(epoch);

  expect(written.map(({ key }) => key)).toEqual(keys);
  expect(written.filter(({ ok }) => !ok)).toEqual([]);
  expect(read.map((outcome) => outcome.ok && outcome.found?.value.toString().split(' ')[0])).toEqual(keys);

  const after = await client.mget(keys);
  for (const [index, found] of after.entries()) {
    const outcome = written[index]!;
    expect(found?.value.toString()).toBe(`${outcome.key} meanwhile`);
    expect(found?.version).toBe(outcome.ok && outcome.version);
  }
});
