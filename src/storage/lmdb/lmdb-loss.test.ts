import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { positionAt, rowOf } from '../database/state-database.conformance.js';
import { openLmdb } from './lmdb-database.js';
import { databaseErrorOf } from './lmdb-error.js';
import { lmdbWorker } from './lmdb-worker.fixture.js';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kvnode-lmdb-loss-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const open = (folder: string, cacheBytes: number) => openLmdb({ folder, cacheBytes, startWorker: lmdbWorker });

describe('the loss of an LMDB environment', () => {
  it.each([
    ['in the event loop', Number.POSITIVE_INFINITY],
    ['off the event loop', 0],
  ])('is found when a damaged value is read %s', async (_, cacheBytes) => {
    const folder = temporaryFolder();
    const database = await open(folder, cacheBytes);
    await database.begin(0, positionAt(0));
    await database.commit([{ shard: 0, rows: [rowOf('a', 'the value of a', 1), rowOf('b', 'the value of b', 2)] }]);
    await database.close();
    const file = join(folder, 'data.mdb');
    const bytes = readFileSync(file);
    for (let at = bytes.indexOf('the value of a'); at !== -1; at = bytes.indexOf('the value of a', at + 1)) bytes[at]! ^= 1;
    writeFileSync(file, bytes);
    const damaged = await open(folder, cacheBytes);
    expect((await damaged.get(0, 'b'))?.version).toBe(2);
    const error = await Promise.resolve()
      .then(() => damaged.get(0, 'a'))
      .catch((reason) => reason);
    const message = expect.stringMatching(/checksum of a value of shard 0 does not match.*delete/);
    expect(error).toMatchObject({ name: 'DatabaseError', isLost: true, message });
    expect(await damaged.failure).toBe(error);
    await damaged.close();
  });

  it('is found when the version of a damaged value is read, by which a condition would be judged', async () => {
    const folder = temporaryFolder();
    const database = await open(folder, Number.POSITIVE_INFINITY);
    await database.begin(0, positionAt(0));
    await database.commit([{ shard: 0, rows: [rowOf('a', 'the value of a', 1)] }]);
    await database.close();
    const file = join(folder, 'data.mdb');
    const bytes = readFileSync(file);
    // The version is the number before the value.
    for (let at = bytes.indexOf('the value of a'); at !== -1; at = bytes.indexOf('the value of a', at + 1)) bytes[at - 2]! ^= 1;
    writeFileSync(file, bytes);
    const damaged = await open(folder, Number.POSITIVE_INFINITY);
    const head = Promise.resolve().then(() => damaged.head(0, 'a'));
    await expect(head).rejects.toMatchObject({ isLost: true, message: expect.stringContaining('checksum') });
    await damaged.close();
  });

  it.each([0.25, 0.5, 0.75, 0.95])(
    'is an error, and not the end of the process, where the file was cut at %d of its length',
    async (part) => {
      const folder = temporaryFolder();
      const database = await open(folder, 0);
      const keys = Array.from({ length: 2_000 }, (_, index) => `key ${index}`);
      await database.begin(0, positionAt(0));
      await database.commit([{ shard: 0, rows: keys.map((key) => rowOf(key, 'x'.repeat(500), 1)) }]);
      await database.close();
      const file = join(folder, 'data.mdb');
      truncateSync(file, Math.floor((statSync(file).size * part) / 4_096) * 4_096);
      const readAll = async () => {
        const damaged = await open(folder, 0);
        try {
          for (const key of keys) expect(await damaged.get(0, key)).toBeDefined();
          await damaged.page(0, { from: '', most: 2_000, maxBytes: 2 ** 30 });
        } finally {
          await damaged.close();
        }
      };
      await expect(readAll()).rejects.toMatchObject({
        name: 'DatabaseError',
        isLost: true,
        message: expect.stringContaining(`delete ${folder}`),
      });
    },
  );

  it('is not what a file means that is shorter than LMDB says: its last pages may be free', async () => {
    const folder = temporaryFolder();
    const database = await open(folder, 0);
    await database.begin(0, positionAt(0));
    for (let version = 1; version < 200; version++)
      await database.commit([{ shard: 0, rows: [rowOf(`key ${version % 7}`, 'x'.repeat(version * 100), version)] }]);
    await database.close();
    const again = await open(folder, 0);
    expect((await again.page(0, { from: '', most: 100, maxBytes: 2 ** 30 })).rows).toHaveLength(7);
    await again.close();
  });

  it('is reported with what to do when the file is no environment', async () => {
    const folder = join(temporaryFolder(), 'state');
    mkdirSync(folder);
    writeFileSync(join(folder, 'data.mdb'), Buffer.alloc(20_000, 0xab));
    await expect(open(folder, 0)).rejects.toMatchObject({
      name: 'DatabaseError',
      isLost: true,
      message: expect.stringContaining(`delete ${folder}`),
    });
  });

  it('is private to the user of the node, as the log is', async () => {
    const folder = join(temporaryFolder(), 'state');
    const database = await open(folder, 0);
    expect(statSync(folder).mode & 0o077).toBe(0);
    await database.close();
  });

  it('is not what a loss of power during the creation means', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'data.mdb'), Buffer.alloc(8_192));
    const database = await open(folder, 0);
    await database.begin(0, positionAt(0));
    await database.close();
  });

  it('is not what a full disk means: the call may be repeated once there is room', () => {
    const fullDisk = { isLost: false, message: expect.stringContaining('make room') };
    expect(databaseErrorOf({ message: 'No space left on device', code: 28 }, 'folder')).toMatchObject(fullDisk);
    const partly = { message: 'Input/output error', code: 5 };
    expect(databaseErrorOf(partly, 'folder', () => 1_000_000)).toMatchObject(fullDisk);
    expect(databaseErrorOf(partly, 'folder', () => 2 ** 40)).toMatchObject({ isLost: true });
  });
});
