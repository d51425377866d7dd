/** kvctl state check: of a cluster that is written while it is checked, and whose primary dies; of copies that were changed. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import type { NodeProcess } from '../../local/node-process.js';
import { shardOfKey } from '../../src/placement/index.js';
import { openLmdb } from '../../src/storage/lmdb/index.js';
import { lmdbWorker } from '../../src/storage/lmdb/lmdb-worker.fixture.js';
import { startCluster } from './support/cluster.js';
import { runKvctl, startKvctl } from './support/kvctl.js';
import { executeAt } from './support/postgres-tables.js';
import { startWithStates, stateOptions, stopPostgres } from './support/state-stores.js';

afterAll(stopPostgres);

const idleKeys = Array.from({ length: 6_000 }, (_, index) => `idle:${index}`);
const value = 'v'.repeat(200);

interface CheckJson {
  readonly differ: boolean;
  readonly shards: readonly {
    readonly nodes: readonly string[];
    readonly checked: boolean;
    readonly differences: readonly object[];
  }[];
}

test('a check of a healthy cluster reports nothing, while it is written and a primary dies', async () => {
  await using cluster = await startCluster({ nodes: 4, shards: 4 });
  await using client = await cluster.connect();
  for (const outcome of await client.mput(idleKeys.map((key) => ({ key, value })))) expect(outcome.ok).toBe(true);
  const stop = new AbortController();
  let written = 0;
  const writer = async (lane: number): Promise<void> => {
    for (let round = 0; !stop.signal.aborted; round++) {
      const key = `hot:${lane}:${round % 100}`;
      if (round % 7 === 6) await client.delete(key, { deadlineMs: 30_000 });
      else await client.put(key, `${round}`, { deadlineMs: 30_000, ...(round % 3 === 0 && { ttlMs: 50 }) });
      written += 1;
    }
  };
  const writers = Promise.all([0, 1, 2, 3].map(writer));
  await vi.waitUntil(() => written > 100, { timeout: 30_000 });
  const address = cluster.addresses.join(',');
  const words = ['--nodes', address, '--deadline-ms', '30000', 'state', 'check', '--json'];
  const first = await runKvctl(words);
  expect(JSON.parse(first.stdout)).toMatchObject({
    differ: false,
    shards: [0, 1, 2, 3].map((shard) => ({ shard, checked: true })),
  });
  expect((JSON.parse(first.stdout) as CheckJson).shards.map(({ nodes }) => nodes.length)).toEqual([3, 3, 3, 3]);
  expect(first.code).toBe(0);

  const slow = startKvctl(['--nodes', address, '--deadline-ms', '30000', 'state', 'check', '--rate', '200000']);
  await slow.notes(/checked/);
  const primary = await cluster.primary();
  await primary.kill();
  const { code, stdout } = await slow.ended;
  expect(stdout).toContain('of 4 shards: no copy differs');
  // The copies of the dead node are named, unless they were compared before.
  expect(code).toBe(stdout.includes(`on node ${primary.id} were not compared`) ? 1 : 0);
  stop.abort();
  await writers;
});

test('a check names the copies that it could not compare', async () => {
  await using cluster = await startCluster({ nodes: 3, shards: 2 });
  const [first, ...others] = cluster.nodes;
  for (const node of others) await node.kill();
  await cluster.waitUntil('the first one leads alone', ({ nodes, shards }) =>
    [nodes.length === 1, ...shards.map(({ serving, primaryNodeId }) => serving && primaryNodeId === first!.id)].every(Boolean),
  );
  const words = ['--nodes', first!.address, 'state', 'check'];
  const { code, stdout } = await runKvctl(words);
  expect(code).toBe(1);
  for (const { id } of others) expect(stdout).toContain(`the copies of 2 shards on node ${id} were not compared`);
  const { shards } = JSON.parse((await runKvctl([...words, '--json'])).stdout) as { shards: { notCompared: string[] }[] };
  expect(shards.map(({ notCompared }) => notCompared.toSorted())).toEqual(
    [0, 1].map(() => others.map(({ id }) => id).toSorted()),
  );
});

test('a check of a shard that does not exist, or that nobody serves, says so', async () => {
  await using cluster = await startCluster({ nodes: 1, shards: 2 });
  const words = ['--nodes', cluster.addresses.join(','), 'state', 'check'];
  expect(await runKvctl([...words, '2'])).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no shard 2') });
  expect(await runKvctl([...words, '1'])).toMatchObject({ code: 0, stdout: 'compared 0 keys of 1 shards: no copy differs\n' });
});

const shards = 2;
const keys = Array.from({ length: 60 }, (_, index) => `key ${index}`);
const [missing, changed] = keys as [string, string];
const extra = 'a key that nobody has written';

function optionOf({ options }: NodeProcess, name: string): string {
  return options.extra![options.extra!.indexOf(name) + 1]!;
}

/** What a bad disk, or a program that opens the environment, may do to a stopped node. */
async function damageLmdb(node: NodeProcess): Promise<void> {
  const folder = join(optionOf(node, '--data-dir'), 'state');
  const database = await openLmdb({ folder, cacheBytes: 1_000_000, startWorker: lmdbWorker });
  const change = (key: string, value: string | undefined, version: number) =>
    database.commit([
      { shard: shardOfKey(key, shards), rows: [{ key, value: value === undefined ? value : Buffer.from(value), version }] },
    ]);
  const { version } = (await database.head(shardOfKey(changed, shards), changed))!;
  // A removed row leaves no version, by which an older one would be refused.
  for (const key of [missing, changed]) await change(key, undefined, 1_000_000);
  await change(changed, 'another value', version);
  await change(extra, 'x', 3);
  await database.close();
}

async function damagePostgres(node: NodeProcess): Promise<void> {
  const bytes = (text: string): string => `convert_to('${text}', 'UTF8')`;
  const row = `(${shardOfKey(extra, shards)}, ${bytes(extra)}, 'x', 3)`;
  const statements = [
    `delete from kv where key = ${bytes(missing)}`,
    `update kv set value = 'another value' where key = ${bytes(changed)}`,
    `insert into kv (shard, key, value, version) values ${row}`,
  ];
  await executeAt(optionOf(node, '--postgres'), statements.join('; '));
}

test.each([
  ['lmdb', damageLmdb],
  ['postgres', damagePostgres],
] as const)(
  'a check names what was changed in one copy (%s), and the copy; a node that is started empty is right',
  async (kind, damage) => {
    const cluster = await startWithStates(['memory', 'lmdb', kind], { shards });
    await using client = await cluster.connect();
    for (const outcome of await client.mput(keys.map((key) => ({ key, value })))) expect(outcome.ok).toBe(true);
    const node = cluster.nodes[2]!;
    await node.stop();
    await damage(node);
    await cluster.restart(node);
    await cluster.waitForInSync(3);
    const words = ['--nodes', cluster.addresses.join(','), 'state', 'check'];
    const found = await runKvctl([...words, '--json']);
    expect(found.code).toBe(9);
    const report = JSON.parse(found.stdout) as { shards: { differences: { key: string; damaged: string[] }[] }[] };
    const differences = report.shards.flatMap((shard) => shard.differences);
    expect(differences.map(({ key }) => key).sort()).toEqual([extra, missing, changed].sort());
    for (const { damaged } of differences) expect(damaged).toEqual([node.id]);
    expect((await runKvctl(words)).stdout).toContain(`discard the copy of node ${node.id}`);

    await cluster.nodes[2]!.stop();
    rmSync(optionOf(node, '--data-dir'), { recursive: true });
    const own = node.options.extra!.slice(0, node.options.extra!.indexOf('--state'));
    await cluster.restart(cluster.nodes[2]!, { extra: [...own, ...(await stateOptions(kind))] });
    await cluster.waitForInSync(3);
    expect(await runKvctl(words)).toMatchObject({ code: 0 });
  },
);
