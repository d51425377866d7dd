/** Nodes that end and keep their data, and what must be there once they are back. */
import { expect } from 'vitest';
import type { LocalCluster } from '../../../local/local-cluster.js';
import { replicaIds, restartAll } from './durable-cluster.js';
import { Written } from './lost-history.js';

/** Ends three nodes, which keep their data, with the signal and starts them again: every replica and every acknowledged write is there. */
export async function expectToOutlastTheEndOfAll(cluster: LocalCluster, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  const written = new Written();
  {
    await using client = await cluster.connect();
    await written.write(client, 'before', 50);
  }
  const before = await replicaIds(cluster);
  for (const node of cluster.nodes) node.signal(signal);
  const exits = await Promise.all(cluster.nodes.map(({ exited }) => exited));
  if (signal === 'SIGTERM') expect(exits.map(({ code }) => code)).toEqual([0, 0, 0]);
  await restartAll(cluster, [...cluster.nodes].reverse());
  await cluster.waitForInSync(3);
  expect(await replicaIds(cluster)).toEqual(before);
  await using client = await cluster.connect();
  await written.expectAll(client);
}

/** Kills a backup of three nodes: started again it has its replicas, and takes what it lacks from the log, not as a snapshot. */
export async function expectBackupToReturnByTheLog(cluster: LocalCluster): Promise<void> {
  await using client = await cluster.connect();
  const written = new Written();
  await written.write(client, 'before', 20);
  const before = await replicaIds(cluster);
  const backup = await cluster.backup();
  await backup.kill();
  await written.write(client, 'meanwhile', 20);
  const again = await cluster.restart(backup);
  await cluster.waitForInSync(3);
  expect(await replicaIds(cluster)).toEqual(before);
  expect(again.log.find('snapshot received')).toEqual([]);
  await written.expectAll(client);
}
