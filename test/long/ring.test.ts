import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { writeWalkthroughKeys } from '../../local/failover-walkthrough.js';
import { programPath } from '../../local/programs.js';
import { ringWalkthrough } from '../../local/ring-walkthrough.js';
import { createStepRunner } from '../../local/steps.js';
import { startCluster } from '../cluster/support/cluster.js';

const run = promisify(execFile);
const shardCount = 16;
/** With these options a dead node is detected and replaced soon. */
const extra = ['--session-ms', '2000', '--replace-after-ms', '500'];

test('the walk-through of the ring: a node joins and takes its share, a node dies and is replaced, no key is lost', async () => {
  await using cluster = await startCluster({ nodes: 3, shards: shardCount, extra });
  await using client = await cluster.connect();
  const written = await writeWalkthroughKeys(client, 300);
  const { joined, replaced } = await ringWalkthrough(
    cluster,
    client,
    written,
    createStepRunner(() => {}),
  );
  // Three copies of each shard on four nodes: a quarter of the copies moves to the new node, and no other copy moves.
  expect(joined).toMatchObject({ copies: 3 * shardCount, moved: (3 * shardCount) / 4 });
  expect(replaced.moved).toBe((3 * shardCount) / 4);

  const words = ['--nodes', cluster.addresses.join(','), 'status', '--json'];
  const { stdout } = await run(process.execPath, [programPath('kvctl'), ...words]);
  const { topology } = JSON.parse(stdout) as { topology: { shards: { settled: boolean }[] } };
  expect(topology.shards).toHaveLength(shardCount);
  expect(topology.shards.every(({ settled }) => settled)).toBe(true);
});
