import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { KvClient } from '../../../client/index.js';
import type { DumpRecord } from '../../../dump/index.js';
import { type ErrorCode, KvError } from '../../../errors.js';
import { writeRecords } from './restore-records.js';

async function* records(count: number, valueBytes = 10): AsyncGenerator<DumpRecord> {
  for (let index = 0; index < count; index++) yield { key: `key:${index}`, value: Buffer.alloc(valueBytes), version: 1 };
}

/** Stores every record, unless `judge` returns an error for its key. */
class Target {
  readonly stored = new Set<string>();
  readonly batches: number[] = [];
  readonly #judge: (key: string, call: number) => ErrorCode | undefined;

  constructor(judge: (key: string, call: number) => ErrorCode | undefined = () => undefined) {
    this.#judge = judge;
  }

  readonly mput: KvClient['mput'] = async (entries) => {
    this.batches.push(entries.length);
    return entries.map(({ key }) => {
      const code = this.#judge(key, this.batches.length);
      if (code !== undefined) return { key, ok: false, error: new KvError(code, 'refused') };
      this.stored.add(key);
      return { key, ok: true, version: 1, nodeId: 'one' };
    });
  };
}

const call = { deadlineMs: 1_000 };
const absent = { overwrites: false };

test('restore - all records are written, in batches of bounded size', async () => {
  const target = new Target();
  let written = 0;
  await writeRecords(target, records(2_500), absent, call, ({ keys }) => {
    written += keys;
  });
  expect([written, target.stored.size, target.batches]).toEqual([2_500, 2_500, [1_000, 1_000, 500]]);
  const large = new Target();
  await writeRecords(large, records(5, 3 * 1024 * 1024), absent, call, () => {});
  expect(large.batches).toEqual([2, 2, 1]);
});

test('restore - what is left of a TTL is given to the key anew; a key without one gets none', async () => {
  const written: object[] = [];
  const target: Pick<KvClient, 'mput'> = {
    mput: async (entries) => {
      written.push(...entries);
      return entries.map(({ key }) => ({ key, ok: true, version: 1, nodeId: 'one' }));
    },
  };
  const dumped = [
    { key: 'session', value: Buffer.from('v'), version: 1, ttlMs: 60_000 },
    { key: 'user', value: Buffer.from('v'), version: 2 },
  ];
  await writeRecords(target, Readable.from(dumped), absent, call, () => {});
  expect(written).toMatchObject([{ key: 'session', ttlMs: 60_000 }, { key: 'user' }]);
  expect(written[1]).not.toHaveProperty('ttlMs');
});

test.each<ErrorCode>(['OUTCOME_UNKNOWN', 'DEADLINE_EXCEEDED', 'NO_PRIMARY'])(
  'restore - what failed with %s is written again, alone',
  async (code) => {
    const target = new Target((key, attempt) => (attempt <= 2 && key === 'key:7' ? code : undefined));
    await writeRecords(target, records(10), absent, call, () => {});
    expect(target.batches).toEqual([10, 1, 1]);
    expect(target.stored.has('key:7')).toBe(true);
  },
);

test('restore - stops at a write that cannot succeed, and does not count its batch', async () => {
  const target = new Target((key) => (key === 'key:1500' ? 'MEMORY_FULL' : undefined));
  let written = 0;
  const restoring = writeRecords(target, records(3_000), absent, call, ({ keys }) => {
    written += keys;
  });
  await expect(restoring).rejects.toMatchObject({ code: 'MEMORY_FULL' });
  expect([written, target.batches]).toEqual([1_000, [1_000, 1_000]]);
});

test('restore - gives up after several failed attempts of a write', async () => {
  const target = new Target((key) => (key === 'key:3' ? 'SHARD_OFFLINE' : undefined));
  await expect(writeRecords(target, records(5), absent, call, () => {})).rejects.toMatchObject({ code: 'SHARD_OFFLINE' });
  expect(target.batches).toEqual([5, 1, 1, 1, 1]);
});

test('restore - keys that exist are left as they are, and counted; with overwriting they are not asked for', async () => {
  const target = new Target((key) => (key === 'key:3' || key === 'key:4' ? 'VERSION_MISMATCH' : undefined));
  const batches: object[] = [];
  await writeRecords(target, records(10), absent, call, (batch) => void batches.push(batch));
  expect(batches).toEqual([{ keys: 10, bytes: 150, existing: 2 }]);
  expect(target.batches).toEqual([10]);
  const conditions: unknown[] = [];
  const mput: KvClient['mput'] = async (entries) => {
    conditions.push(...entries.map(({ ifAbsent }) => ifAbsent));
    return entries.map(({ key }) => ({ key, ok: true, version: 1, nodeId: 'one' }));
  };
  await writeRecords({ mput }, records(1), absent, call, () => {});
  await writeRecords({ mput }, records(1), { overwrites: true }, call, () => {});
  expect(conditions).toEqual([true, undefined]);
});
