/** The state store of a node is changed: by a conversion of its data, which may be killed at any time, or by an empty start. */
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import type { NodeProcess } from '../../local/node-process.js';
import { isAtRest } from '../../local/ring.js';
import { replicaIds, restartAll, startDurable, temporaryFolder } from './support/durable-cluster.js';
import { runKvctl, startKvctl } from './support/kvctl.js';
import { Written } from './support/lost-history.js';
import { callPlainly as call } from './support/plain-grpc.js';
import { type StateKind, stateOptions, stopPostgres } from './support/state-stores.js';

afterAll(stopPostgres);

const extra = ['--session-ms', '2000'];

function optionOf(words: readonly string[], name: string): string | undefined {
  const at = words.indexOf(name);
  return at === -1 ? undefined : words[at + 1];
}

function folderOf(node: NodeProcess): string {
  return optionOf(node.options.extra!, '--data-dir')!;
}

/** Converts the data of a stopped node. @returns the options with which it is started again */
async function convert(node: NodeProcess, to: StateKind, url?: string): Promise<readonly string[]> {
  const words = node.options.extra!.filter((_, index, all) => ![all[index], all[index - 1]].some((word) => isOfState(word)));
  const options = to === 'postgres' && url === undefined ? await stateOptions(to) : ['--state', to, ...postgresWords(url)];
  const database = optionOf(options, '--postgres') ?? url;
  const converted = await runKvctl(['state', 'convert', '--data-dir', folderOf(node), '--to', to, ...postgresWords(database)]);
  expect(converted).toMatchObject({ code: 0, stdout: expect.stringContaining(`--state ${to}`) });
  return [...words, ...(to === 'postgres' ? options : ['--state', to])];
}

function isOfState(word: string | undefined): boolean {
  return word === '--state' || word === '--postgres';
}

function postgresWords(url: string | undefined): string[] {
  return url === undefined ? [] : ['--postgres', url];
}

/** All three nodes hold every shard in sync. */
async function inSync(cluster: LocalCluster): Promise<void> {
  await cluster.waitUntil('every shard has three copies', (topology) => isAtRest(topology, 3, 3), 60_000);
}

async function checked(cluster: LocalCluster): Promise<void> {
  const { code, stdout } = await runKvctl(['--nodes', cluster.addresses.join(','), 'state', 'check']);
  expect([code, stdout]).toEqual([0, expect.stringContaining('no copy differs')]);
}

/** Each change is a stop, a conversion, a start, and a check of all copies. */
const severalChanges = { timeout: 300_000 };

test('a node goes from memory to LMDB, to PostgreSQL and back, while the others serve', severalChanges, async () => {
  const cluster = await startDurable({ nodes: 2, shards: 3, extra });
  await using client = await cluster.connect();
  const written = new Written();
  await written.write(client, 'before', 100);
  await client.put('expires', 'v', { ttlMs: 3_600_000 });
  // It receives its copies, so it has snapshot files.
  let node = await cluster.addNode();
  await inSync(cluster);
  const ids = await replicaIds(cluster);
  let url: string | undefined;
  for (const to of ['lmdb', 'postgres', 'memory'] as const) {
    expect(await node.stop()).toEqual({ code: 0, signal: null });
    await written.write(client, `without, before ${to} `, 20);
    const words = await convert(node, to, optionOf(node.options.extra!, '--postgres') ?? url);
    url = optionOf(words, '--postgres');
    node = await cluster.restart(node, { extra: words });
    await inSync(cluster);
    expect(await replicaIds(cluster)).toEqual(ids);
    expect(node.log.find('snapshot received')).toEqual([]);
    await checked(cluster);
  }
  await written.expectValues(client);
  expect((await client.get('expires'))?.expiresInMs).toBeGreaterThan(3_000_000);
});

test('all nodes of a stopped cluster are converted: versions, TTLs and recognised requests stay', severalChanges, async () => {
  const cluster = await startDurable({ nodes: 3, extra });
  const written = new Written();
  const key = 'counter';
  const { position } = await call(cluster.nodes[0]!, 'Get', { key });
  const identity = { client: 'client-of-the-test', number: 1, lowest: 1 };
  const first = await call(cluster.nodes[0]!, 'Increment', {
    key,
    by: '5',
    request: { ...identity, firstAttempt: true },
    position,
  });
  {
    await using client = await cluster.connect();
    await written.write(client, 'before', 50);
    await client.put('expires', 'v', { ttlMs: 3_600_000 });
  }
  for (const to of ['lmdb', 'memory'] as const) {
    await cluster.disconnect();
    for (const node of cluster.nodes) node.signal('SIGTERM');
    await Promise.all(cluster.nodes.map(({ exited }) => exited));
    const words = new Map<NodeProcess, readonly string[]>();
    for (const node of cluster.nodes) words.set(node, await convert(node, to));
    for (const node of [...cluster.nodes]) await restartAll(cluster, [node], { extra: words.get(node)! });
    await inSync(cluster);
    const again = { key, by: '5', request: identity, position };
    expect(await call(cluster.nodes[1]!, 'Increment', again)).toMatchObject({ value: '5', version: first.version });
  }
  await using client = await cluster.connect();
  expect((await client.get('expires'))?.expiresInMs).toBeGreaterThan(3_000_000);
  await written.expectAll(client);
  await checked(cluster);
});

test('a conversion that is killed leaves the data as it was, and the next one completes it', async () => {
  const cluster = await startDurable({ nodes: 2, shards: 2, extra });
  await using client = await cluster.connect();
  const value = 'v'.repeat(500);
  const keys = Array.from({ length: 4_000 }, (_, index) => `key ${index}`);
  for (const outcome of await client.mput(keys.map((key) => ({ key, value })))) expect(outcome.ok).toBe(true);
  let node = await cluster.addNode();
  await inSync(cluster);
  const ids = await replicaIds(cluster);
  await node.stop();
  const folder = folderOf(node);
  const file = join(folder, 'state', 'data.mdb');
  const isNew = (): boolean => readFileSync(join(folder, 'kvnode.json'), 'utf8').includes('lmdb');
  const isLarge = (): boolean => existsSync(file) && statSync(file).size > 500_000;
  const moments: readonly (() => boolean)[] = [
    () => existsSync(join(folder, 'converting.json')),
    () => existsSync(file),
    isLarge,
    isNew,
  ];
  const words = ['state', 'convert', '--data-dir', folder, '--to', 'lmdb'];
  for (const isReached of moments) {
    const converting = startKvctl(words);
    let hasEnded = false;
    void converting.ended.then(() => {
      hasEnded = true;
    });
    await vi.waitUntil(() => hasEnded || isReached(), { timeout: 60_000, interval: 1 });
    converting.kill();
    await converting.ended;
    if (isNew()) break;
    if (isReached !== isLarge) continue;
    // The data is as it was: the node starts, and has everything.
    node = await cluster.restart(node);
    await inSync(cluster);
    expect(await replicaIds(cluster)).toEqual(ids);
    expect(node.log.find('snapshot received')).toEqual([]);
    await node.stop();
  }
  expect(await runKvctl(words)).toMatchObject({ code: 0 });
  expect([existsSync(join(folder, 'snapshots')), existsSync(join(folder, 'converting.json'))]).toEqual([false, false]);
  node = await cluster.restart(node, { extra: [...node.options.extra!, '--state', 'lmdb'] });
  await inSync(cluster);
  expect(await replicaIds(cluster)).toEqual(ids);
  expect(node.log.find('snapshot received')).toEqual([]);
  await checked(cluster);
});

test('a node that is started empty with another state store takes new copies', async () => {
  const cluster = await startDurable({ nodes: 3, shards: 2, extra });
  await using client = await cluster.connect();
  const written = new Written();
  await written.write(client, 'before', 30);
  const node = cluster.nodes[1]!;
  await node.stop();
  rmSync(folderOf(node), { recursive: true });
  const again = await cluster.restart(node, { extra: [...node.options.extra!, '--state', 'lmdb'] });
  await inSync(cluster);
  expect(again.log.find('snapshot received')).not.toEqual([]);
  await written.expectValues(client);
  await checked(cluster);
});

test('a conversion of a running node, or into a database of another one, is refused, and changes nothing', async () => {
  const cluster = await startDurable({ nodes: 1, extra });
  const [node] = cluster.nodes as [NodeProcess];
  const words = ['state', 'convert', '--data-dir', folderOf(node), '--to'];
  expect(await runKvctl([...words, 'lmdb'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('another node uses this folder'),
  });
  await node.stop();
  expect(await runKvctl([...words, 'disk'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--to memory') });
  expect(await runKvctl([...words, 'postgres'])).toMatchObject({ code: 1, stderr: expect.stringContaining('--postgres') });
  const other = await startDurable({ nodes: 0, waitForInSync: false, extra, dataDir: await temporaryFolder() });
  const options = await stateOptions('postgres');
  await (await other.addNode(options)).stop();
  const refused = await runKvctl([...words, 'postgres', '--postgres', optionOf(options, '--postgres')!]);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('holds data of cluster') });
  expect(await runKvctl([...words, 'memory'])).toMatchObject({ code: 0, stdout: expect.stringContaining('in memory already') });
  await cluster.restart(node);
  await cluster.waitForInSync(1);
});
