/** Nodes that keep their data in databases, as real processes. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import type { NodeProcess } from '../../local/node-process.js';
import { KvClient } from '../../src/index.js';
import { killAll, refused, replicaIds, restartAll } from './support/durable-cluster.js';
import { expectBackupToReturnByTheLog, expectToOutlastTheEndOfAll } from './support/ended-nodes.js';
import { ExactLoad } from './support/exact-load.js';
import { Written } from './support/lost-history.js';
import { type StateKind, startWithStates, stateOptions, stopPostgres } from './support/state-stores.js';

/** Short sessions, so that a dead node is detected soon. */
const extra = ['--session-ms', '2000'];
const databases = ['lmdb', 'postgres'] as const;

afterAll(stopPostgres);

function dataDirOf({ options }: NodeProcess): string {
  const words = options.extra!;
  return words[words.indexOf('--data-dir') + 1]!;
}

/** Also before the new node is placed, `waitForInSync` would be content. */
async function bothInSync(cluster: LocalCluster): Promise<void> {
  await cluster.waitUntil('two replicas are in sync', ({ shards }) =>
    shards.every(({ replicas }) => replicas.filter(({ inSync, live }) => inSync && live).length === 2),
  );
}

/** Ends the node for good: its data is not to be found any more. */
async function leave(cluster: LocalCluster, node: NodeProcess): Promise<void> {
  await node.kill();
  await cluster.disconnect();
  await cluster.waitUntil('it is taken out', ({ shards }) =>
    shards.every(({ replicas }) => replicas.every(({ nodeId, inSync }) => !inSync || !node.options.extra!.includes(nodeId))),
  );
}

describe.each(databases)('data in %s', (kind) => {
  test('a killed node finds its data, keeps its replicas, and takes what it lacks from the log', async () => {
    const cluster = await startWithStates([kind, kind, kind], { extra });
    await expectBackupToReturnByTheLog(cluster);
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)('all nodes end at once (%s): every acknowledged write is there', async (signal) => {
    const cluster = await startWithStates([kind, kind, kind], { extra });
    await expectToOutlastTheEndOfAll(cluster, signal);
  });
});

describe('nodes with data in different places', () => {
  const pairs: readonly (readonly [StateKind, StateKind])[] = [
    ['memory', 'lmdb'],
    ['lmdb', 'memory'],
    ['memory', 'postgres'],
    ['postgres', 'lmdb'],
  ];
  test.each(pairs)('a primary with %s gives its data to a node with %s', async (first, second) => {
    const cluster = await startWithStates([first], { extra });
    const written = new Written();
    const values = Array.from({ length: 1_000 }, (_, index) => ({ key: `bulk ${index}`, value: `${index} `.repeat(100) }));
    const [giver] = cluster.nodes;
    {
      await using client = await cluster.connect();
      for (const { ok } of await client.mput(values)) expect(ok).toBe(true);
      await client.put('expiring', 'value', { ttlMs: 3_600_000 });
      const writing = written.write(client, 'while it joins', 100);
      await cluster.addNode(await stateOptions(second));
      await writing;
      await bothInSync(cluster);
    }
    await leave(cluster, giver!);
    const [, taker] = cluster.nodes;
    for (const end of ['none', 'SIGKILL'] as const) {
      if (end === 'SIGKILL') {
        await taker!.kill();
        await restartAll(cluster, [taker!]);
      }
      await using client = await cluster.connect();
      await written.expectAll(client);
      const found = await client.mget(values.map(({ key }) => key));
      expect(found.map((one) => one?.value.toString())).toEqual(values.map(({ value }) => value));
      expect((await client.get('expiring'))?.expiresInMs).toBeGreaterThan(0);
    }
  });

  test('writes are executed exactly once while every node is killed in turn, and then all of them', async () => {
    const cluster = await startWithStates(['lmdb', 'memory', 'postgres'], { extra, shards: 4 });
    await using client = await KvClient.connect({ nodes: cluster.addresses, deadlineMs: 60_000 });
    const load = new ExactLoad(client, { name: 'mixed', workers: 4 });
    for (const node of [...cluster.nodes]) {
      await load.answers(100);
      await node.kill();
      await load.answers(20);
      await cluster.restart(node);
      await cluster.waitForInSync(3);
    }
    await load.answers(100);
    await killAll(cluster);
    for (const node of [...cluster.nodes]) await cluster.restart(node);
    await load.answers(100);
    await load.stop();
    expect(load.findings).toEqual([]);
  });
});

describe('lmdb', () => {
  test('a replica whose database is gone takes the data from the primary, as a new one', async () => {
    const cluster = await startWithStates(['lmdb'], { extra });
    const written = new Written();
    {
      await using client = await cluster.connect();
      await written.write(client, 'before', 100);
    }
    const [giver] = cluster.nodes;
    const taker = await cluster.addNode(await stateOptions('lmdb'));
    await bothInSync(cluster);
    const before = await replicaIds(cluster);
    await taker.kill();
    await rm(join(dataDirOf(taker), 'state'), { recursive: true });
    const again = await cluster.restart(taker);
    // Until its session expires, the replica that was killed counts as in sync.
    await cluster.waitUntil('its new replica is in sync', ({ shards }) =>
      shards.every(({ replicas }) =>
        replicas.some(
          ({ nodeId, replicaId, inSync, live }) => nodeId === again.id && !before.includes(replicaId) && inSync && live,
        ),
      ),
    );
    expect(again.log.find(({ msg }) => msg.includes('cannot be used: it is discarded'))).toHaveLength(1);
    expect((await replicaIds(cluster)).filter((id) => before.includes(id))).toHaveLength(1);
    await leave(cluster, giver!);
    await using client = await cluster.connect();
    await written.expectAll(client);
  });

  test('a key expires after a restart of all nodes, too', async () => {
    const cluster = await startWithStates(['lmdb', 'lmdb'], { extra });
    {
      await using client = await cluster.connect();
      await client.put('expires', 'value', { ttlMs: 3_000 });
      await client.put('stays', 'value');
    }
    await killAll(cluster);
    await restartAll(cluster);
    await using client = await cluster.connect();
    const isGone = async (): Promise<boolean> => (await client.get('expires')) === undefined;
    while (!(await isGone())) await pause(50);
    expect((await client.get('stays'))?.value.toString()).toBe('value');
  });

  test('a data directory stays of its kind', async () => {
    const cluster = await startWithStates(['lmdb'], { extra });
    const [node] = cluster.nodes;
    await node!.kill();
    const inMemory = ['--shards', '1', '--id', 'node-1', '--data-dir', dataDirOf(node!)];
    const { code, output } = await refused(cluster, inMemory);
    expect([code, output]).toEqual([
      1,
      expect.stringContaining('belongs to a node with --state lmdb, and this one has --state memory'),
    ]);
  });
});
