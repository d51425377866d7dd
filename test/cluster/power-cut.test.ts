/** The part of `npm run demo` that ends every process of a cluster at the same moment, ZooKeeper included. */
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { powerCutWalkthrough } from '../../local/power-cut-walkthrough.js';
import { startZooKeeper } from '../../local/zookeeper.js';
import { startDurable, temporaryFolder } from './support/durable-cluster.js';

test('the walk-through of the README: kill every process while counters are incremented, start them again, count', async () => {
  const dataDir = await temporaryFolder();
  const zookeeper = await startZooKeeper({ dataFolder: join(dataDir, 'zookeeper') });
  onTestFinished(() => zookeeper.stop());
  const cluster = await startDurable({ zookeeper, dataDir, shards: 4 });
  const before = cluster.nodes;
  await using client = await cluster.connect();
  const lines: string[] = [];
  const report = await powerCutWalkthrough(cluster, client, {
    step: (_what, run) => run(),
    print: (line) => lines.push(line),
  });
  for (const node of before) expect(await node.exited).toEqual({ code: null, signal: 'SIGKILL' });
  for (const node of cluster.nodes) expect(node.log.find('snapshot received')).toEqual([]);
  expect(report.keys).toBe(1_000);
  expect(report.increments).toBeGreaterThan(1_000);
  expect(lines.at(-2)).toContain('none lost, none executed twice');
});
