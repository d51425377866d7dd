import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { positionAt, rowOf } from '../database/state-database.conformance.js';
import { openLmdb } from './lmdb-database.js';
import { startLmdbWorker } from './lmdb-thread.js';

/** The compiled module: a thread does not load TypeScript. */
function startCompiledWorker() {
  const script = join(import.meta.dirname, '../../../dist/src/storage/lmdb/lmdb-thread-main.js');
  if (!existsSync(script)) throw new Error(`${script} is not built: run npm run build`);
  return startLmdbWorker(pathToFileURL(script));
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kvnode-lmdb-thread-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** With a cache of 0 bytes, reads leave the event loop. */
const open = (folder: string, cacheBytes: number) => openLmdb({ folder, cacheBytes, startWorker: startCompiledWorker });

test.each([
  ['in the event loop', Number.POSITIVE_INFINITY],
  ['off the event loop', 0],
])('reads %s while a real thread commits see each commit as a whole', async (_, cacheBytes) => {
  const folder = temporaryFolder();
  const database = await open(folder, cacheBytes);
  await database.begin(0, positionAt(0));
  const keys = Array.from({ length: 50 }, (_, index) => `key ${index}`);
  for (let version = 1; version <= 30; version++) {
    const committed = database.commit([{ shard: 0, rows: keys.map((key) => rowOf(key, `${version}`, version, version)) }]);
    const { rows } = await database.page(0, { from: '', most: 100, maxBytes: 1_000_000 });
    expect(new Set(rows.map((row) => row.version)).size).toBeLessThan(2);
    await Promise.all(keys.map(async (key) => database.get(0, key)));
    await committed;
    expect((await database.head(0, 'key 7'))?.version).toBe(version);
    expect(Buffer.from((await database.get(0, 'key 7'))!.value).toString()).toBe(`${version}`);
    expect((await database.earliest(0, 1))[0]?.expiresAtMs).toBe(version);
  }
  await database.close();
  const again = await open(folder, cacheBytes);
  expect(again.found[0]?.totals).toEqual({ keys: 50, expiring: 50, bytes: 390 });
  await again.close();
});

test('values that were read at once stay as they are', async () => {
  const database = await open(temporaryFolder(), Number.POSITIVE_INFINITY);
  await database.begin(0, positionAt(0));
  await database.commit([{ shard: 0, rows: [rowOf('a', 'one', 1), rowOf('b', 'two', 2)] }]);
  const [a, b] = [await database.get(0, 'a'), await database.get(0, 'b')];
  await database.commit([{ shard: 0, rows: [rowOf('a', 'new', 3)] }]);
  await database.get(0, 'a');
  expect([a, b].map((stored) => Buffer.from(stored!.value).toString())).toEqual(['one', 'two']);
  await database.close();
});
