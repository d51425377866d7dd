/** Scans of all shards while primaries die, shards move, and keys are written. */
import { expect, test, vi } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import { isAsPlaced } from '../../local/ring.js';
import { type KvClient, op } from '../../src/index.js';
import { startCluster } from './support/cluster.js';

const shards = 8;
const deadlineMs = 60_000;
/** Keys that exist throughout, with other keys between them. */
const lasting = Array.from({ length: 3_000 }, (_, index) => `key:${String(index).padStart(4, '0')}`);
const pairs = Array.from({ length: 16 }, (_, index) => `{pair:${index}}`);

/** Writes keys between the lasting ones, deletes them again, and changes pairs of counters, each pair in one transaction. */
function startWriters(client: KvClient, signal: AbortSignal) {
  const acknowledged = new Map(pairs.map((pair) => [pair, 0]));
  const writer = async (lane: number): Promise<void> => {
    for (let round = 0; !signal.aborted; round++) {
      const key = `${lasting[(round * 37 + lane) % lasting.length]}:between`;
      if (round % 2 === 0) await client.put(key, `${round}`, { deadlineMs });
      else await client.delete(`${lasting[((round - 1) * 37 + lane) % lasting.length]}:between`, { deadlineMs });
      const pair = pairs[(round * 4 + lane) % pairs.length]!;
      await client.transact({ do: [op.increment(`${pair}:a`), op.increment(`${pair}:b`)] }, { deadlineMs });
      acknowledged.set(pair, acknowledged.get(pair)! + 1);
    }
  };
  return { acknowledged, ended: Promise.all([0, 1, 2, 3].map(writer)) };
}

async function checkScan(client: KvClient, reverse: boolean, keysOnly: boolean): Promise<void> {
  const found: string[] = [];
  for await (const { key, value } of client.scan({ prefix: 'key:', reverse, keysOnly, deadlineMs })) {
    if (key.endsWith(':between')) continue;
    found.push(key);
    if (!keysOnly) expect(value.toString()).toBe(key);
  }
  expect(found).toEqual(reverse ? lasting.toReversed() : lasting);
}

/** Of a page that shows both counters of a pair, both are of one moment. No page shows less than what was acknowledged before. */
async function checkPages(client: KvClient, acknowledged: ReadonlyMap<string, number>): Promise<number> {
  let whole = 0;
  for (let shard = 0; shard < shards; shard++) {
    const before = new Map(acknowledged);
    for await (const { records, position } of client.scanShard(shard, { prefix: '{pair:', deadlineMs })) {
      const shown = new Map(records.map((record) => [record.key, record]));
      for (const { key, value, version } of records) {
        expect(version).toBeLessThanOrEqual(position.seq);
        expect(Number(value.toString())).toBeGreaterThanOrEqual(before.get(key.slice(0, -2))!);
      }
      for (const pair of pairs) {
        const [a, b] = [shown.get(`${pair}:a`), shown.get(`${pair}:b`)];
        if (a === undefined || b === undefined) continue;
        whole += 1;
        expect([b.value.toString(), b.version], pair).toEqual([a.value.toString(), a.version]);
      }
    }
  }
  return whole;
}

test('scans miss no key and repeat none while primaries die and shards move', { timeout: 240_000 }, async () => {
  await using cluster: LocalCluster = await startCluster({ nodes: 3, shards });
  await using client = await cluster.connect();
  for (const outcome of await client.mput(lasting.map((key) => ({ key, value: key })))) expect(outcome.ok).toBe(true);
  const stop = new AbortController();
  const writers = startWriters(client, stop.signal);
  await vi.waitUntil(() => [...writers.acknowledged.values()].every((count) => count > 0), { timeout: 30_000 });

  let scans = 0;
  let wholePairs = 0;
  let isOver = false;
  const scanning = (async () => {
    for (; !isOver; scans += 1) {
      await checkScan(client, scans % 2 === 1, scans % 3 === 2);
      wholePairs += await checkPages(client, writers.acknowledged);
    }
  })();
  const scansAfter = async (more: number): Promise<void> => {
    const wanted = scans + more;
    await Promise.race([vi.waitUntil(() => scans >= wanted, { timeout: 60_000 }), scanning]);
  };
  await scansAfter(1);
  for (let kill = 0; kill < 2; kill++) {
    const victim = await cluster.primary();
    await victim.kill();
    await scansAfter(1);
    await cluster.restart(victim);
    await cluster.waitForInSync(3);
  }
  await cluster.addNode();
  await scansAfter(1);
  await cluster.waitUntil('every shard is where it is placed', isAsPlaced);
  await scansAfter(1);
  isOver = true;
  await scanning;
  stop.abort();
  await writers.ended;
  expect(wholePairs).toBeGreaterThan(pairs.length);
});

test('a prefix is removed with an exact count while a primary dies', { timeout: 120_000 }, async () => {
  await using cluster = await startCluster({ nodes: 3, shards });
  await using client = await cluster.connect();
  const old = lasting.map((key) => `old:${key}`);
  for (const outcome of await client.mput([...old, 'other'].map((key) => ({ key, value: key })))) expect(outcome.ok).toBe(true);
  const removing = client.deletePrefix('old:', { deadlineMs });
  await (await cluster.primary()).kill();
  expect(await removing).toBe(old.length);
  const left: string[] = [];
  for await (const { key } of client.scan({ keysOnly: true, deadlineMs })) left.push(key);
  expect(left).toEqual(['other']);
});
