import { expect, test } from 'vitest';
import type { KvClient } from '../../src/index.js';
import { startCluster } from './support/cluster.js';
import { Workload } from './support/workload.js';

/** About ten chunks of a snapshot. */
const keyCount = 20_000;

async function fill(client: KvClient): Promise<Map<string, number>> {
  const entries = Array.from({ length: keyCount }, (_, index) => ({ key: `key-${index}`, value: `value ${index}` }));
  const versions = new Map<string, number>();
  for (const outcome of await client.mput(entries, { deadlineMs: 240_000 })) {
    if (!outcome.ok) throw outcome.error;
    versions.set(outcome.key, outcome.version);
  }
  return versions;
}

test('a node that restarts empty before its session has expired joins, and gets exactly the data of the primary', async () => {
  // The session of the dead outlives the test.
  await using cluster = await startCluster({ nodes: 2, extra: ['--session-ms', '60000'] });
  await using client = await cluster.connect();
  const versions = await fill(client);
  const load = new Workload(client, { workers: 4 });
  const first = await cluster.primary();
  await first.kill();
  const again = await cluster.restart(first);
  // Its old znode, the lowest of all, still exists: order alone must not make it primary.
  expect(again.log.find((record) => record.msg === 'role changed' && record.role === 'primary')).toEqual([]);
  await cluster.waitForInSync(2);
  await again.log.waitFor('snapshot received');
  await load.writes(100);
  expect((await cluster.primary()).id).not.toBe(first.id);

  // Now it is the only running node.
  await (await cluster.primary()).stop();
  await load.writes(20);
  await load.stop();
  expect(load.violations).toEqual([]);
  const keys = [...versions.keys()];
  const found = await client.mget(keys, { deadlineMs: 240_000 });
  const wrong = keys.filter((key, index) => found[index]?.version !== versions.get(key) || found[index]?.nodeId !== again.id);
  expect(wrong).toEqual([]);
  expect(found[7]?.value.toString()).toBe('value 7');
});
