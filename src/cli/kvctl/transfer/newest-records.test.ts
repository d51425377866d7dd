import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readDumpPart } from '../../../wire/dump/dump-parts.js';
import { type DumpedRecords, DumpRecordsWriter } from '../../../wire/dump/dump-records.js';
import { NewestRecords } from './newest-records.js';

type Write = readonly [key: string, value: string | undefined, version: number];

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvctl-newest-'));
  vi.stubEnv('TMPDIR', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function recordsOf(writes: readonly Write[]): DumpedRecords {
  const writer = new DumpRecordsWriter();
  for (const [key, value, version] of writes)
    writer.addWrite(key, value === undefined ? undefined : Buffer.from(value), version, undefined);
  const part = readDumpPart(writer.take());
  return part?.type === 'records' ? part.records : expect.fail('no records');
}

async function resultOf(newest: NewestRecords): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const batch of newest.read()) {
    for (const { key, value, version } of batch) {
      expect(found.has(key)).toBe(false);
      found.set(key, `${value!.toString().trim()}@${version}`);
    }
  }
  return found;
}

test('of the records of a key the one with the highest version counts, and deleted keys are left out', async () => {
  const newest = new NewestRecords(0);
  const count = await newest.add(recordsOf([...writesOf('a', 3, 1, 2), ['b', '1', 4], ['b', undefined, 9], ['c', '1', 5]]));
  await newest.add(
    recordsOf([
      ['c', undefined, 6],
      ['c', '2', 7],
      ['b', '1', 4],
      ['empty', '', 8],
    ]),
  );
  expect(count).toBe(6);
  const found = await resultOf(newest);
  expect([...found].sort()).toEqual([
    ['a', '3@3'],
    ['c', '2@7'],
    ['empty', '@8'],
  ]);
  await newest.close();
});

/** Writes of one key with these versions. */
function writesOf(key: string, ...versions: number[]): Write[] {
  return versions.map((version) => [key, String(version), version]);
}

test('what does not fit into memory is kept in a file that has no name', async () => {
  const newest = new NewestRecords(0);
  const expected = new Map<string, string>();
  let version = 0;
  for (const round of [1, 2, 3]) {
    for (let first = 0; first < 8_000; first += 100) {
      const writes = Array.from({ length: 100 }, (_, index): Write => {
        const key = `key:${first + index}`;
        version += 1;
        const isDeleted = round === 3 && index % 10 === 0;
        if (isDeleted) expected.delete(key);
        else expected.set(key, `${round}@${version}`);
        return [key, isDeleted ? undefined : String(round).padEnd(index === 7 ? 70_000 : 1_000), version];
      });
      await newest.add(recordsOf(writes));
    }
  }
  expect(readdirSync(folder)).toEqual([]);
  expect(await resultOf(newest)).toEqual(expected);
  await newest.close();
});

test('a folder that cannot be written is named in the error', async () => {
  vi.stubEnv('TMPDIR', join(folder, 'none'));
  const newest = new NewestRecords(0);
  const large = recordsOf(Array.from({ length: 300 }, (_, index): Write => ['a', ''.padEnd(60_000), index + 1]));
  await expect(newest.add(large)).rejects.toMatchObject({ code: 'INVALID_OPTION', message: expect.stringContaining('ENOENT') });
  await newest.close();
});
