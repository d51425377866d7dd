import { expect, test } from 'vitest';
import { isAsPlaced } from '../../local/ring.js';
import { KvError, type Topology } from '../../src/index.js';
import { shardOfKey } from '../../src/placement/index.js';
import { startCluster } from '../cluster/support/cluster.js';

const shardCount = 16;
const options = ['--session-ms', '2000'];
const keys = Array.from({ length: 3_000 }, (_, index) => `key-${index}`);
const shardOf = (key: string) => shardOfKey(key, shardCount);

test('mput and mget while a node is killed: results are in order, and only failed-over shards have failures', async () => {
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
  const failedOver = new Set(shards.filter(({ shard, epoch }) => shardsAfter[shard]!.epoch > epoch).map(({ shard }) => shard));
  for (const { shard, primaryNodeId } of shards) if (primaryNodeId === victim.id) expect(failedOver).toContain(shard);

  expect(written.map(({ key }) => key)).toEqual(keys);
  for (const outcome of written) {
    if (outcome.ok) continue;
    expect(outcome.error).toBeInstanceOf(KvError);
    expect(outcome.error).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
    expect(failedOver).toContain(shardOf(outcome.key));
  }
  // A read changes nothing, so the client retries it until it is served.
  expect(read.map((outcome) => outcome.ok && outcome.found?.value.toString().split(' ')[0])).toEqual(keys);

  const after = await client.mget(keys);
  for (const [index, found] of after.entries()) {
    const outcome = written[index]!;
    const possible = outcome.ok ? ['meanwhile'] : ['before', 'meanwhile'];
    expect(possible.map((value) => `${outcome.key} ${value}`)).toContain(found?.value.toString());
    if (outcome.ok) expect(found?.version).toBe(outcome.version);
  }
});
