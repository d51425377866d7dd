import { expect, test } from 'vitest';
import { MemoryStorage } from '../../storage/index.js';
import type { ListKeysResponse } from '../../wire/contract/kv-api.js';
import { KeyLister, type ListedReplica } from './list-keys.js';

/** The time of the shard. */
const timeMs = 1_000;
const primary = { complete: true, role: 'primary', serving: true };

function storageOf(keys: readonly string[]): MemoryStorage {
  const storage = new MemoryStorage();
  storage.apply(keys.map((key, index) => ({ seq: index + 1, epoch: 1, writes: [{ key, value: Buffer.alloc(index % 7) }] })));
  return storage;
}

function lister(storage: ListedReplica['storage'], status: ListedReplica['status'] = primary): KeyLister {
  return new KeyLister('one', 2, (shard) => (shard === 0 ? { storage, status, timeMs: () => timeMs } : undefined));
}

async function pages(keys: KeyLister, limit: number, prefix = ''): Promise<ListKeysResponse[]> {
  const found: ListKeysResponse[] = [];
  for (let after = ''; found.length === 0 || after !== ''; after = found.at(-1)!.nextAfter)
    found.push(await keys.list({ shard: 0, after, limit, prefix }));
  return found;
}

const byBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));

test('keys - pages follow each other in the order of the bytes, and together hold every key once', async () => {
  const keys = [
    ...Array.from({ length: 2_000 }, (_, index) => `key:${index}`),
    'ü',
    '\u{1f511}',
    '\uffee',
    'z\n',
    'K'.repeat(1_024),
  ];
  const all = await pages(lister(storageOf(keys)), 300);
  expect(all.map((page) => page.keys.length)).toEqual([300, 300, 300, 300, 300, 300, 205]);
  const listed = all.flatMap((page) => page.keys);
  expect(listed.map(({ key }) => key)).toEqual([...keys].sort(byBytes));
  expect(listed.find(({ key }) => key === 'key:5')).toEqual({ key: 'key:5', version: 6, valueBytes: 5 });
});

test('keys - a key that expires is listed with the time that it has left, 0 if it is due', async () => {
  const storage = new MemoryStorage();
  const expiries = { due: timeMs - 1, late: timeMs + 50, never: undefined };
  storage.apply(
    Object.entries(expiries).map(([key, expiresAtMs], index) => ({
      seq: index + 1,
      epoch: 1,
      writes: [{ key, value: Buffer.alloc(0), expiresAtMs }],
    })),
  );
  expect((await lister(storage).list({ shard: 0 })).keys).toEqual([
    { key: 'due', version: 1, valueBytes: 0, expiresInMs: 0 },
    { key: 'late', version: 2, valueBytes: 0, expiresInMs: 50 },
    { key: 'never', version: 3, valueBytes: 0 },
  ]);
});

test('keys - a prefix is compared byte by byte, and a page that ends with the last key is the last', async () => {
  const keys = lister(storageOf(['a', 'ab', 'abc', 'b', 'ä', 'äb']));
  expect((await keys.list({ shard: 0, prefix: 'ab', limit: 2 })).keys.map(({ key }) => key)).toEqual(['ab', 'abc']);
  expect((await keys.list({ shard: 0, prefix: 'ab', limit: 2 })).nextAfter).toBe('');
  expect((await keys.list({ shard: 0, prefix: 'ä' })).keys.map(({ key }) => key)).toEqual(['ä', 'äb']);
  expect(await keys.list({ shard: 0, prefix: 'abcd' })).toMatchObject({ keys: [], nextAfter: '' });
});

test('keys - a page of long keys ends before it becomes a large message, and the next continues', async () => {
  const keys = Array.from({ length: 3_000 }, (_, index) => `${index}`.padStart(1_000, '0'));
  const all = await pages(lister(storageOf(keys)), 10_000);
  expect(all.length).toBe(3);
  expect(all.flatMap((page) => page.keys.map(({ key }) => key))).toEqual(keys);
});

test('keys - what is written between slices neither hides nor repeats a key that is there throughout', async () => {
  const stable = Array.from({ length: 5_000 }, (_, index) => `stable:${index}`);
  const storage = storageOf(stable);
  let seq = 10_000;
  const busy = setInterval(() => {
    const burst = Array.from({ length: 200 }, (_, index) => ({
      seq: seq++,
      epoch: 1,
      writes: [{ key: `new:${index}:${seq}`, value: Buffer.alloc(50) }],
    }));
    storage.apply(burst);
    storage.apply([{ seq: seq++, epoch: 1, writes: [{ key: 'stable:17', value: Buffer.alloc(5_000) }] }]);
  }, 0);
  const listed = (await pages(lister(storage), 900, 'stable:')).flatMap((page) => page.keys.map(({ key }) => key));
  clearInterval(busy);
  expect(listed).toEqual([...stable].sort(byBytes));
  expect(seq).toBeGreaterThan(10_000);
});

test('keys - a page states whether its node is the primary, and whether its copy is complete', async () => {
  const backup = lister(storageOf(['a']), { complete: true, role: 'backup', serving: false });
  expect(await backup.list({ shard: 0 })).toMatchObject({ nodeId: 'one', primary: false, complete: true });
  const joiner = lister(storageOf(['a']), { complete: false, role: 'joiner', serving: false });
  expect(await joiner.list({ shard: 0 })).toMatchObject({ complete: false });
});

test('keys - a page for which the storage waits while the replica discards its copy is not complete', async () => {
  const status = { ...primary };
  const range = async () => {
    status.complete = false;
    return { items: [], isExhausted: true };
  };
  expect(await lister({ range, scan: () => [] }, status).list({ shard: 0 })).toMatchObject({ keys: [], complete: false });
});

test('keys - what cannot be listed is refused, and so is one page too many at once', async () => {
  const keys = lister(storageOf(['a']));
  await expect(keys.list({ shard: 2 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(keys.list({ shard: 1 })).rejects.toMatchObject({ code: 'NOT_PRIMARY', executed: 'no' });
  await expect(keys.list({ shard: 0, limit: 10_001 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  const outcomes = await Promise.allSettled(Array.from({ length: 9 }, () => keys.list({ shard: 0 })));
  expect(outcomes.map(({ status }) => status)).toEqual([...Array(8).fill('fulfilled'), 'rejected']);
  expect((await keys.list({ shard: 0 })).keys).toHaveLength(1);
});
