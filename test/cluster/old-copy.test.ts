/** A node that is started with an old copy of its data directory, as real processes. */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { killAll, replicaIds, restartAll, startDurable, temporaryFolder } from './support/durable-cluster.js';
import { Written } from './support/lost-history.js';

const extra = ['--session-ms', '2000'];

test('an old copy of a data directory is recognised: its replicas get new ids, and nothing acknowledged is lost', async () => {
  const cluster = await startDurable({ nodes: 2, shards: 1, extra });
  const folder = cluster.nodes[1]!.options.extra!.at(-1)!;
  const copy = join(await temporaryFolder(), 'copy');
  const written = new Written();
  const write = async (prefix: string): Promise<void> => {
    await using client = await cluster.connect();
    await written.write(client, prefix, 10);
  };
  await write('before');
  const idsBefore = await replicaIds(cluster);
  await killAll(cluster);
  await cp(folder, copy, { recursive: true });

  const [other, node] = await restartAll(cluster);
  await cluster.waitForInSync(2);
  expect(await replicaIds(cluster)).toEqual(idsBefore);
  await write('after the copy');
  await killAll(cluster);
  await rm(folder, { recursive: true });
  await cp(copy, folder, { recursive: true });

  const [again] = await restartAll(cluster, [node!]);
  await again!.log.waitFor(({ msg }) => msg.startsWith('the data directory is an old copy'));
  await cluster.waitUntil('the shard is offline', ({ shards }) => shards[0]?.offline === true);
  await restartAll(cluster, [other!]);
  await cluster.waitForInSync(2);
  const kept = (await replicaIds(cluster)).filter((id) => idsBefore.includes(id));
  expect(kept).toEqual(idsBefore.filter((id) => id.startsWith(`${other!.id}~`)));
  await using client = await cluster.connect();
  await written.expectAll(client);
});
