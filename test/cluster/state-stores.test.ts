/** Nodes that keep their data in databases, as real processes. */
import { afterAll, describe, expect, test } from 'vitest';
import { replicaIds, restartAll } from './support/durable-cluster.js';
import { Written } from './support/lost-history.js';
import { startWithStates, stopPostgres } from './support/state-stores.js';

/** Short sessions, so that a dead node is detected soon. */
const extra = ['--session-ms', '2000'];
const databases = ['lmdb', 'postgres'] as const;

afterAll(stopPostgres);

describe.each(databases)('data in %s', (kind) => {
  test('a killed node finds its data, keeps its replicas, and takes what it lacks from the log', async () => {
    const cluster = await startWithStates([kind, kind, kind], { extra });
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
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)('all nodes end at once (%s): every acknowledged write is there', async (signal) => {
    const cluster = await startWithStates([kind, kind, kind], { extra });
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
  });
});
