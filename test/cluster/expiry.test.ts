/**
 * Keys that expire, over real clusters and through each way in. A test waits until a key is gone. It compares two clocks only where
 * the promise is about them: what is left of a TTL never falls faster than time passes, and never rises.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import type { NodeProcess } from '../../local/node-process.js';
import { KvClient, op } from '../../src/index.js';
import { startCluster } from './support/cluster.js';
import { runKvctl } from './support/kvctl.js';

/** Long enough that a key is read before it goes, on a busy machine. */
const shortTtlMs = 2_000;
const longTtlMs = 3_600_000;

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + 60_000; !(await holds()); await pause(50))
    if (performance.now() > endMs) throw new Error(`this did not happen: ${what}`);
}

function gone(client: KvClient, key: string): Promise<void> {
  return until(`${key} is gone`, async () => (await client.get(key)) === undefined);
}

describe('through each way in', () => {
  let cluster: LocalCluster;
  let nodes: string[];
  beforeAll(async () => {
    const patient = ['--lease-ms', '5000', '--grace-ms', '6000', '--session-ms', '15000'];
    cluster = await startCluster({ nodes: 3, shards: 4, extra: ['--http-port', '0', ...patient] });
    nodes = cluster.nodes.map(({ address }) => address);
  });
  afterAll(() => cluster?.kill());

  const ways = [
    { api: 'pipeline', transport: 'tcp' },
    { api: 'pipeline', transport: 'grpc' },
    { api: 'unary', transport: 'grpc' },
  ] as const;

  test.each(ways)('KvClient by $api over $transport: a key lives as long as its last write says', async (options) => {
    await using client = await KvClient.connect({ nodes, ...options });
    const key = (name: string) => `{${options.api}-${options.transport}}:${name}`;
    const ttlMs = shortTtlMs;
    const keys = ['put', 'kept', 'rewritten', 'persisted', 'touched', 'moved'].map(key);
    const [put, kept, rewritten, persisted, touched, moved] = keys as [string, string, string, string, string, string];
    for (const { ok } of await client.mput(keys.map((name) => ({ key: name, value: 'v', ttlMs })))) expect(ok).toBe(true);
    const found = await client.get(put);
    expect(found?.expiresInMs).toBeLessThanOrEqual(ttlMs);

    await client.put(kept, 'w', { keepTtl: true });
    await client.put(rewritten, 'w');
    expect(await client.persist(persisted)).toMatchObject({ found: true, hadTtl: true });
    expect(await client.touch(touched, longTtlMs)).toMatchObject({ found: true, version: expect.any(Number) });
    const { results } = await client.transact({
      do: [op.append(moved, '!', { keepTtl: true }), op.touch(moved, longTtlMs), op.get(moved)],
    });
    expect(results[2]?.value.toString()).toBe('v!');
    await client.increment(key('counter'), { ttlMs });
    await client.increment(key('counter'), { keepTtl: true });

    for (const name of [put, kept, key('counter')]) await gone(client, name);
    const [second, third, fourth, fifth] = await client.mget([rewritten, persisted, touched, moved]);
    expect([second?.value.toString(), second?.expiresInMs]).toEqual(['w', undefined]);
    expect([third?.value.toString(), third?.expiresInMs]).toEqual(['v', undefined]);
    for (const left of [fourth?.expiresInMs, fifth?.expiresInMs]) {
      expect(left).toBeGreaterThan(ttlMs);
      expect(left).toBeLessThanOrEqual(longTtlMs);
    }
    expect(await client.touch(put, ttlMs)).toMatchObject({ found: false, version: 0 });
    expect(await client.persist(put)).toMatchObject({ found: false, hadTtl: false });
    expect(await client.put(put, 'again', { ifAbsent: true })).toMatchObject({ version: expect.any(Number) });
  });

  test('HTTP: headers of a write and of an answer, at any node', async () => {
    const [one, other] = cluster.nodes as [NodeProcess, NodeProcess];
    const ask = (node: NodeProcess, path: string, init?: RequestInit) => fetch(`http://${node.httpAddress}/api/kv/${path}`, init);
    const ttl = { 'kv-ttl-ms': String(shortTtlMs) };
    for (const key of ['http:a', 'http:b'])
      expect((await ask(one, key, { method: 'PUT', body: 'v', headers: ttl })).status).toBe(200);
    const head = await ask(other, 'http:a', { method: 'HEAD' });
    expect(Number(head.headers.get('kv-expires-in-ms'))).toBeLessThanOrEqual(shortTtlMs);
    expect(await (await ask(other, 'http:b/persist', { method: 'POST' })).json()).toMatchObject({ found: true, hadTtl: true });
    await until('http:a is gone', async () => (await ask(other, 'http:a')).status === 404);
    const kept = await ask(one, 'http:b');
    expect([kept.status, kept.headers.get('kv-expires-in-ms')]).toEqual([200, null]);
    expect(await (await ask(one, `http:b/touch?ttlMs=${longTtlMs}`, { method: 'POST' })).json()).toMatchObject({ found: true });
    expect(Number((await ask(one, 'http:b')).headers.get('kv-expires-in-ms'))).toBeGreaterThan(shortTtlMs);
  });

  test('kvctl: a TTL is given, shown, changed and taken away', async () => {
    const kvctl = (...words: string[]) => runKvctl(['--nodes', nodes.join(','), ...words]);
    const json = async (...words: string[]) => JSON.parse((await kvctl('--json', ...words)).stdout);
    expect((await kvctl('put', 'ctl', 'v', '--ttl', '1h')).code).toBe(0);
    expect((await json('get', 'ctl')).expiresInMs).toBeLessThanOrEqual(longTtlMs);
    expect((await kvctl('get', 'ctl')).stderr).toMatch(/expires in \d+ min/);
    expect((await kvctl('put', 'ctl', 'w', '--keep-ttl')).code).toBe(0);
    expect((await kvctl('ttl', 'ctl')).stdout).toMatch(/^expires in \d+ min/);
    expect((await kvctl('keys', '--prefix', 'ctl', '--long')).stdout).toMatch(/ctl.* \d+ min/);
    expect(await json('persist', 'ctl')).toMatchObject({ found: true, hadTtl: true });
    expect((await kvctl('ttl', 'ctl')).stdout).toMatch(/^does not expire/);
    expect(await json('ttl', 'ctl')).not.toHaveProperty('expiresInMs');
    expect(await json('touch', 'ctl', '100ms')).toMatchObject({ found: true });
    await until('ctl is gone', async () => (await kvctl('get', 'ctl')).code === 4);
    for (const words of [
      ['ttl', 'ctl'],
      ['touch', 'ctl', '1s'],
      ['persist', 'ctl'],
    ])
      expect((await kvctl(...words)).code).toBe(4);
    for (const words of [
      ['put', 'ctl', 'v', '--ttl', '1h', '--keep-ttl'],
      ['put', 'ctl', 'v', '--ttl', '10'],
      ['touch', 'ctl', '0s'],
    ])
      expect((await kvctl(...words)).code).toBe(2);
  });

  /** Sum of a metric over all nodes and labels. */
  async function metric(name: string): Promise<number> {
    const texts = await Promise.all(
      cluster.nodes.map(async ({ httpAddress }) => (await fetch(`http://${httpAddress}/metrics`)).text()),
    );
    const samples = texts.flatMap((text) => text.match(new RegExp(`^${name}(?:\\{.*\\})? \\S+$`, 'gm')) ?? []);
    expect(samples.length, `samples of ${name}`).toBeGreaterThan(0);
    return samples.reduce((sum, sample) => sum + Number(sample.split(' ').at(-1)), 0);
  }

  test('keys that nobody reads are deleted on every node, and counted', async () => {
    await using client = await KvClient.connect({ nodes });
    const keyCounts = async () => (await cluster.statuses()).map(({ keys }) => keys);
    const before = await keyCounts();
    const expiredBefore = await metric('kvnode_expiry_lag_seconds_count');
    const entries = Array.from({ length: 5_000 }, (_, index) => ({ key: `unread:${index}`, value: 'v', ttlMs: 1_000 }));
    for (const { ok } of await client.mput(entries)) expect(ok).toBe(true);
    await client.put('stays', 'v');
    await client.touch('stays', longTtlMs);
    expect(await metric('kvnode_expiring_keys')).toBeGreaterThan(0);
    // Other keys of this file may go meanwhile.
    await until('all are deleted', async () => (await keyCounts()).every((count, index) => count <= before[index]! + 1));
    expect(await metric('kvnode_expiry_lag_seconds_count')).toBeGreaterThanOrEqual(expiredBefore + entries.length);
    expect(await metric('kvnode_operations_total\\{[^}]*method="touch",code="OK"\\}')).toBeGreaterThan(0);
  });
});

/** What is left of the key's TTL, and when the answer came. */
async function leftOf(client: KvClient, key: string): Promise<{ leftMs: number; atMs: number }> {
  const { expiresInMs } = (await client.get(key))!;
  return { leftMs: expiresInMs!, atMs: performance.now() };
}

test('a TTL becomes neither longer nor shorter by the death of a primary or its planned stop, and what is gone stays gone', async () => {
  await using cluster = await startCluster();
  await using client = await cluster.connect();
  await client.put('long', 'v', { ttlMs: longTtlMs });
  for (const end of ['kill', 'stop', 'kill', 'stop'] as const) {
    await client.put('gone', 'v', { ttlMs: 100 });
    await gone(client, 'gone');
    await client.put('short', 'v', { ttlMs: shortTtlMs });
    await client.put('without', 'v');
    const startedMs = performance.now();
    const { leftMs } = await leftOf(client, 'long');

    const primary = await cluster.primary();
    await primary[end]();
    expect(await client.get('gone'), 'at the next primary').toBeUndefined();
    const after = await leftOf(client, 'long');
    expect(after.leftMs).toBeLessThanOrEqual(leftMs);
    // Rounded to milliseconds at both ends.
    expect(after.leftMs).toBeGreaterThanOrEqual(leftMs - (after.atMs - startedMs) - 2);
    await gone(client, 'short');
    expect(await client.get('gone')).toBeUndefined();
    expect(await client.get('without')).toMatchObject({ expiresInMs: undefined });
    await cluster.restart(primary);
    await cluster.waitForInSync(3);
  }
});
