/** kvctl dump while writes go on and a primary dies; kvctl restore that is killed, and goes on. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, expect, test, vi } from 'vitest';
import { type DumpRecord, readDump } from '../../src/dump/index.js';
import { type KvClient, op } from '../../src/index.js';
import { shardOfKey } from '../../src/placement/index.js';
import { startCluster } from './support/cluster.js';
import { runKvctl, startKvctl } from './support/kvctl.js';

const folder = mkdtempSync(join(tmpdir(), 'kvctl-dumps-'));
afterAll(() => rmSync(folder, { recursive: true }));

const shardCount = 4;
const pairCount = 40;
const file = join(folder, 'dump');
/** Enough that the dump of a shard takes more than four seconds at `slowly`, and a restore many batches. */
const idleKeys = Array.from({ length: 12_000 }, (_, index) => `idle:${index}`);
const slowly = ['--move-rate', '150000'];
const idleValue = 'v'.repeat(200);

const pairs = Array.from({ length: pairCount }, (_, index) => `{pair:${index}}`);

async function recordsIn(dump: Buffer) {
  const reading = await readDump(Readable.from([dump]));
  const records: DumpRecord[] = [];
  for await (const record of reading.records) records.push(record);
  return { records, shards: reading.shards, header: reading.header };
}

/**
 * Writes pairs of keys, each pair in one transaction: two counters that are always equal, and two keys that always exist together or
 * not at all. @returns the acknowledged transactions of each pair
 */
function startWriters(client: KvClient, signal: AbortSignal) {
  const acknowledged = new Map(pairs.map((pair) => [pair, 0]));
  const writer = async (own: readonly string[]): Promise<void> => {
    for (let round = 1; !signal.aborted; round++) {
      for (const pair of own) {
        const both = [`${pair}:left`, `${pair}:right`] as const;
        const change = round % 2 === 0 ? both.map((key) => op.delete(key)) : both.map((key) => op.put(key, String(round)));
        await client.transact({ do: [op.increment(`${pair}:a`), ...change, op.increment(`${pair}:b`)] }, { deadlineMs: 30_000 });
        acknowledged.set(pair, acknowledged.get(pair)! + 1);
      }
    }
  };
  const lanes = [0, 1, 2, 3].map((lane) => writer(pairs.filter((_, index) => index % 4 === lane)));
  return { acknowledged, ended: Promise.all(lanes) };
}

test('a dump shows one moment of each shard, while transactions go on and a primary dies', async () => {
  await using cluster = await startCluster({ nodes: 3, shards: shardCount, extra: slowly });
  await using client = await cluster.connect();
  for (const outcome of await client.mput(idleKeys.map((key) => ({ key, value: idleValue })))) expect(outcome.ok).toBe(true);
  const stop = new AbortController();
  const writers = startWriters(client, stop.signal);
  await vi.waitUntil(() => [...writers.acknowledged.values()].every((count) => count > 0), { timeout: 30_000 });
  const before = new Map(writers.acknowledged);
  const dumping = startKvctl(['--nodes', cluster.addresses.join(','), '--deadline-ms', '30000', 'dump']);
  // A shard takes more than four seconds at this rate, and this is reported after one.
  await dumping.notes(/copied [1-9]/);
  // Of the first shard, with which a dump begins. Before this moment primaries may still have changed places.
  const victim = await cluster.primary();
  await victim.kill();
  const dump = await dumping.ended;
  const afterwards = new Map(writers.acknowledged);
  stop.abort();
  await writers.ended;
  expect(dump).toMatchObject({ code: 0, stderr: expect.stringContaining('broke off, and begins again') });

  const { records, shards, header } = await recordsIn(dump.bytes);
  expect(header).toMatchObject({ formatVersion: 3, shards: shardCount });
  expect(shards.map(({ shard }) => shard).sort()).toEqual([0, 1, 2, 3]);
  const found = new Map(records.map((record) => [record.key, record]));
  expect(found.size).toBe(records.length);
  for (const key of idleKeys) expect(found.get(key)?.value.toString(), key).toBe(idleValue);
  for (const { key, version } of records) {
    const position = shards.find(({ shard }) => shard === shardOfKey(key, shardCount))!;
    expect(version, key).toBeLessThanOrEqual(position.seq);
  }
  for (const pair of pairs) {
    const [a, b, left, right] = ['a', 'b', 'left', 'right'].map((name) => found.get(`${pair}:${name}`));
    expect([b?.version, b?.value.toString()], pair).toEqual([a?.version, a?.value.toString()]);
    expect([right?.version, right?.value.toString()], pair).toEqual([left?.version, left?.value.toString()]);
    const count = Number(a?.value.toString());
    // Of the transactions of a pair that was under way, one may have been executed and not acknowledged.
    expect(count, pair).toBeGreaterThanOrEqual(before.get(pair)!);
    expect(count, pair).toBeLessThanOrEqual(afterwards.get(pair)! + 1);
    expect(left !== undefined, pair).toBe(count % 2 === 1);
  }
  expect([...afterwards].some(([pair, count]) => count > before.get(pair)!)).toBe(true);
  writeFileSync(file, dump.bytes);
});

test('a restore that was killed goes on, and leaves what was written since as it is', async () => {
  const { records } = await recordsIn(readFileSync(file));
  await using cluster = await startCluster({ nodes: 2, shards: 3 });
  const words = ['--nodes', cluster.addresses.join(','), 'restore', file];
  const restoring = startKvctl(words);
  const progress = `${file}.restore-progress`;
  const restored = (): number =>
    existsSync(progress) ? (JSON.parse(readFileSync(progress, 'utf8')) as { records: number }).records : 0;
  await vi.waitUntil(() => restored() > 0, { timeout: 30_000, interval: 2 });
  restoring.kill();
  await restoring.ended;
  const done = restored();
  expect(done).toBeGreaterThan(0);
  expect(done).toBeLessThan(records.length);

  await using client = await cluster.connect();
  const [changed, removed, written] = [records[0]!, records[1]!, records.at(-1)!];
  await client.put(changed.key, 'changed');
  await client.delete(removed.key);
  await client.put(written.key, 'written');
  const refused = await runKvctl(words);
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`interrupted after ${done} keys, and goes on with --resume`),
  });

  const resumed = await runKvctl([...words, '--resume', '--json']);
  expect(resumed.code).toBe(0);
  const result = JSON.parse(resumed.stdout) as { keys: number; existing: number; restoredBefore: number };
  expect(result).toMatchObject({ restoredBefore: done });
  expect(result.keys + result.existing + done).toBe(records.length);
  expect(result.existing).toBeGreaterThan(0);
  expect(existsSync(progress)).toBe(false);
  const values = await client.mget(records.map(({ key }) => key));
  const expected = new Map<string, string | undefined>(records.map(({ key, value }) => [key, value.toString()]));
  for (const [{ key }, value] of [
    [changed, 'changed'],
    [removed, undefined],
    [written, 'written'],
  ] as const)
    expected.set(key, value);
  expect(new Map(records.map(({ key }, index) => [key, values[index]?.value.toString()]))).toEqual(expected);
});
