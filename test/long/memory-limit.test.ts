/** `--max-memory`: a node never exceeds it, and writers are refused in time. */
import { afterEach, expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import { isAsPlaced } from '../../local/ring.js';
import type { KvError } from '../../src/errors.js';
import { KvClient } from '../../src/index.js';
import { shardOfKey } from '../../src/placement/index.js';
import { startCluster } from '../cluster/support/cluster.js';

let cluster: LocalCluster | undefined;
const clients: KvClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await cluster?.kill();
  cluster = undefined;
});

const mebibyte = 2 ** 20;
const small = 256 * mebibyte;
const value = Buffer.alloc(20_000, 'v');

async function connect(nodes: readonly string[], api: 'pipeline' | 'unary'): Promise<KvClient> {
  const client = await KvClient.connect({ nodes: [...nodes], api });
  clients.push(client);
  return client;
}

/**
 * Writes new keys, many at a time, until one is refused. @returns the keys that were acknowledged, and the refusals.
 */
async function fill(client: KvClient, prefix: string): Promise<{ written: string[]; refused: Map<string, KvError> }> {
  const written: string[] = [];
  const refused = new Map<string, KvError>();
  for (let batch = 0; refused.size === 0 && batch < 100; batch++) {
    const entries = Array.from({ length: 100 }, (_, at) => ({ key: `${prefix}:${batch}:${at}`, value }));
    for (const outcome of await client.mput(entries)) {
      if (outcome.ok) written.push(outcome.key);
      else refused.set(outcome.key, outcome.error);
    }
  }
  return { written, refused };
}

test('writes are refused before a backup with little memory is in danger, and deletes make room', {
  timeout: 120_000,
}, async () => {
  cluster = await startCluster({ nodes: 2 });
  const backup = await cluster.addNode(['--max-memory', '256MiB', '--id', 'small']);
  await cluster.waitForInSync(3);
  for (const api of ['pipeline', 'unary'] as const) {
    const client = await connect(cluster.addresses, api);
    const { written, refused } = await fill(client, api);

    const [first] = refused.values();
    expect([...refused.values()].map(({ code }) => code)).toEqual([...refused.values()].map(() => 'MEMORY_FULL'));
    expect(first).toMatchObject({ executed: 'no' });
    expect(first?.message).toContain('node small');
    const stored = await client.mget(written);
    expect(stored.every((found) => found !== undefined && value.equals(found.value))).toBe(true);
    expect((await client.mget([...refused.keys()])).every((found) => found === undefined)).toBe(true);

    // Writes that grow nothing are accepted: an overwrite, a smaller value, a delete.
    const [one, another] = written;
    await client.put(one!, Buffer.alloc(value.length, 'w'));
    await client.put(one!, 'less');
    await client.delete(another!);
    await client.put(`${api}:again`, Buffer.alloc(10_000));

    // On a busy machine a backup may have been evicted, and is loading the data again.
    await cluster.waitForInSync(3);
    const status = await client.nodeStatus(backup.address);
    expect(status.memoryBytes).toBeLessThan(small);
    expect(status).toMatchObject({
      maxMemoryBytes: small,
      warnings: [expect.stringContaining('beyond them writes are refused')],
    });
    for (let at = 0; at < written.length; at += 500)
      await Promise.all(written.slice(at, at + 500).map((key) => client.delete(key)));
  }
  expect(cluster.nodes.every((node) => node.running)).toBe(true);
});

test('a node with too little memory for the data gets no copy and logs that, and the others keep serving', {
  timeout: 120_000,
}, async () => {
  cluster = await startCluster({ nodes: 2 });
  const client = await connect(cluster.addresses, 'pipeline');
  const large = Buffer.alloc(500_000);
  const keys = Array.from({ length: 200 }, (_, at) => `key:${at}`);
  expect((await client.mput(keys.map((key) => ({ key, value: large })))).every(({ ok }) => ok)).toBe(true);

  const joiner = await cluster.addNode(['--max-memory', '256MiB']);
  const primary = await cluster.primary();
  await primary.log.waitFor(({ msg }) => msg.includes('too little memory for the data'));
  await client.put('more', large);
  expect((await client.nodeStatus(joiner.address)).replicas[0]).toMatchObject({ role: 'joiner', keys: 0 });

  // The node joins once there is less data.
  await Promise.all(keys.slice(0, 150).map((key) => client.delete(key)));
  await cluster.waitForInSync(3);
  expect((await client.get('key:199'))?.value.length).toBe(large.length);
});

test('a node that is fuller than the primaries of its shards reports that to them: they refuse writes in time', {
  timeout: 120_000,
}, async () => {
  const shards = 16;
  cluster = await startCluster({ nodes: 3, shards, extra: ['--replicas', '2'], waitForInSync: false });
  const full = await cluster.addNode(['--max-memory', '256MiB', '--id', 'small', '--weight', '2']);
  const { shards: placed } = await cluster.waitUntil(
    'every shard is where it is placed',
    (topology) =>
      topology.nodes.length === 4 && isAsPlaced(topology) && topology.shards.every(({ replicas }) => replicas.length === 2),
  );
  // The shards of which the node is only a backup. Each primary knows only a part of the node's data.
  const led = new Set(placed.filter(({ primaryAddress }) => primaryAddress === full.address).map(({ shard }) => shard));
  const backed = placed.filter(({ shard, placedNodeIds }) => !led.has(shard) && placedNodeIds.includes(full.id));
  expect(new Set(backed.map(({ primaryNodeId }) => primaryNodeId)).size).toBeGreaterThan(1);
  const numbers = new Set(backed.map(({ shard }) => shard));
  const client = await connect(cluster.addresses, 'pipeline');
  const keys = Array.from({ length: 20_000 }, (_, at) => `key:${at}`).filter((key) => numbers.has(shardOfKey(key, shards)));

  const codes = new Map<string, number>();
  let last: KvError | undefined;
  for (let at = 0; at < keys.length && (codes.get('MEMORY_FULL') ?? 0) < 200; at += 100) {
    for (const outcome of await client.mput(keys.slice(at, at + 100).map((key) => ({ key, value })))) {
      if (outcome.ok) continue;
      last = outcome.error;
      codes.set(last.code, (codes.get(last.code) ?? 0) + 1);
    }
  }
  expect([...codes.keys()]).toEqual(['MEMORY_FULL']);
  expect(last?.message).toContain('node small');
  const statuses = await cluster.statuses();
  const used = statuses.map(({ dataBytes }) => dataBytes);
  const status = statuses.find(({ nodeId }) => nodeId === full.id)!;
  expect(status.dataBytes).toBe(Math.max(...used));
  // The excess is the data that arrives before the primaries know the node's level. The reserve for overwrites covers
  // it.
  expect(status.dataBytes).toBeLessThan(1.1 * status.dataLimitBytes);
  expect(status.dataBytes).toBeGreaterThan(0.9 * status.dataLimitBytes);
  expect(status.memoryBytes).toBeLessThan(small);
  expect(cluster.nodes.every((node) => node.running)).toBe(true);
  // A shard without a copy on this node still accepts writes.
  const elsewhere = placed.find(({ placedNodeIds }) => !placedNodeIds.includes(full.id))!.shard;
  const free = Array.from({ length: 1_000 }, (_, at) => `free:${at}`).find((key) => shardOfKey(key, shards) === elsewhere)!;
  await client.put(free, value);
});

test('a limit below the memory that a node needs for itself is refused, with a possible value', async () => {
  cluster = await startCluster({ nodes: 1 });
  await expect(cluster.addNode(['--max-memory', '100MiB'])).rejects.toThrow(/--max-memory: "100MiB" must be a size such as 4GiB/);
});
