/** What every storage promises of the state of a replica. Each engine runs these tests. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { maxKeyBytes } from '../limits.js';
import type { DueKey, KeyWrite, SnapshotItem } from '../replication/index.js';
import { copyOf, entryOf, putEntry, valueFor, writes } from './memory/memory-storage.fixture.js';
import { describeRange } from './range.conformance.js';
import type { StoredValue } from './storage.js';
import { addTo, putText, removal, type StorageUnderTest } from './tested-storage.fixture.js';

const everything = 100_000_000;
/** The runs of the property are the same each time. */
const runs = { seed: 19, numRuns: 20 };

export function describeStorage(name: string, create: () => Promise<StorageUnderTest>): void {
  describe(`${name}, as the storage of a replica`, { timeout: 60_000 }, () => {
    let tested: StorageUnderTest;
    let storage: StorageUnderTest['storage'];

    async function begin(): Promise<void> {
      tested = await create();
      ({ storage } = tested);
    }
    beforeEach(begin);
    afterEach(() => tested.dispose());

    async function textAt(key: string): Promise<string | undefined> {
      const stored = await storage.get(key);
      return stored && Buffer.from(stored.value).toString();
    }

    function dueAt(timeMs: number, most = everything): Promise<DueKey[]> {
      return new Promise((resolve) => storage.due(timeMs, most, (keys) => resolve([...keys])));
    }

    async function scanned(chunkBytes: number, meanwhile = () => {}): Promise<SnapshotItem[]> {
      const items: SnapshotItem[] = [];
      for await (const _ of storage.scan(chunkBytes, (record) => items.push(copyOf(record)))) meanwhile();
      return items;
    }

    async function expectSame(twin: ReadonlyMap<string, StoredValue>): Promise<void> {
      for (const [key, { value, version, expiresAtMs }] of twin) {
        const stored = await storage.get(key);
        expect(stored, key).toMatchObject({ version });
        expect(stored!.expiresAtMs, key).toBe(expiresAtMs);
        expect(Buffer.compare(stored!.value, value), key).toBe(0);
        expect(await storage.head(key), key).toEqual({ version, expiresAtMs });
      }
    }

    async function expectSameWritten(twin: ReadonlyMap<string, StoredValue>): Promise<void> {
      await tested.settled();
      const expiring = [...twin].flatMap(([key, { expiresAtMs }]) => (expiresAtMs === undefined ? [] : [{ key, expiresAtMs }]));
      let dataBytes = 0;
      for (const [key, { value }] of twin) dataBytes += Buffer.byteLength(key) + value.length;
      expect(storage).toMatchObject({ keyCount: twin.size, expiringCount: expiring.length, dataBytes });
      const byKey = (one: { key: string }, other: { key: string }): number => (one.key < other.key ? -1 : 1);
      expect((await dueAt(2 ** 48)).sort(byKey)).toEqual(expiring.sort(byKey));
      const items = await scanned(10_000);
      expect(items.map(({ key }) => key).sort()).toEqual([...twin.keys()].sort());
      for (const { key, value } of items) expect(Buffer.compare(value, twin.get(key)!.value), key).toBe(0);
    }

    it('holds the same as a map', async () => {
      const together = fc.uniqueArray(writes, { minLength: 1, maxLength: 3, selector: ({ key }) => key });
      const batches = fc.array(fc.array(together, { maxLength: 12 }), { maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(batches, async (batches) => {
          await tested.dispose();
          await begin();
          const twin = new Map<string, StoredValue>();
          let seq = 0;
          for (const batch of batches) {
            const entries = batch.map((write) =>
              entryOf(
                write.map((one) => ({ ...one, late: 1 })),
                ++seq,
              ),
            );
            tested.apply(entries);
            for (const entry of entries) addTo(twin, entry);
            await expectSame(twin);
          }
          await expectSameWritten(twin);
          await expectSame(twin);
        }),
        runs,
      );
    });

    it('shows what was applied before anything else happens', async () => {
      tested.apply([putText('a', 'one', 1), putText('b', 'two', 2, 900)]);
      expect(await textAt('a')).toBe('one');
      tested.apply([putText('a', 'three', 3), removal('b', 4)]);
      expect(await textAt('a')).toBe('three');
      expect(await storage.head('a')).toEqual({ version: 3, expiresAtMs: undefined });
      expect(await storage.get('b')).toBeUndefined();
      expect(await storage.head('b')).toBeUndefined();
    });

    it('has the writes of an entry together, with its seq as their version', async () => {
      const writes: KeyWrite[] = ['a', 'b', 'c'].map((key) => ({ key, value: Buffer.from(key) }));
      tested.apply([{ seq: 7, epoch: 1, writes }]);
      for (const { key } of writes) expect(await storage.head(key)).toEqual({ version: 7, expiresAtMs: undefined });
    });

    it('keeps what is newer than an entry or an item', async () => {
      tested.apply([putText('a', 'new', 5)]);
      tested.apply([putText('a', 'old', 4), removal('a', 3)]);
      tested.load([{ key: 'a', value: Buffer.from('older'), version: 2 }]);
      expect(await textAt('a')).toBe('new');
      await tested.settled();
      tested.apply([putText('a', 'old', 4), removal('a', 3)]);
      await tested.settled();
      expect(await textAt('a')).toBe('new');
      tested.load([{ key: 'a', value: Buffer.from('newest'), version: 6, expiresAtMs: 40 }]);
      expect(await textAt('a')).toBe('newest');
      expect(await storage.head('a')).toEqual({ version: 6, expiresAtMs: 40 });
    });

    it('forgets a deleted key', async () => {
      tested.apply([putText('a', 'one', 1, 80)]);
      await tested.settled();
      tested.apply([removal('a', 2)]);
      expect(await storage.get('a')).toBeUndefined();
      await tested.settled();
      expect(await storage.get('a')).toBeUndefined();
      expect(storage).toMatchObject({ keyCount: 0, expiringCount: 0, dataBytes: 0 });
      expect(await dueAt(100)).toEqual([]);
      expect(storage.earliestExpiryMs).toBeUndefined();
    });

    it('drops everything at a reset, at once, and holds another copy from then on', async () => {
      tested.apply([putText('a', 'one', 1, 80), putText('b', 'two', 2)]);
      await tested.settled();
      tested.apply([putText('c', 'three', 3)]);
      tested.reset();
      for (const key of ['a', 'b', 'c']) expect(await storage.get(key)).toBeUndefined();
      expect(storage.earliestExpiryMs).toBeUndefined();
      tested.apply([putText('b', 'other', 1)]);
      expect(await textAt('b')).toBe('other');
      await tested.settled();
      expect(await textAt('b')).toBe('other');
      expect(storage).toMatchObject({ keyCount: 1, expiringCount: 0, dataBytes: 6 });
      expect((await scanned(1_000)).map(({ key }) => key)).toEqual(['b']);
      expect(await dueAt(100)).toEqual([]);
    });

    it('finds the keys that are due, the earliest ones if there are more than it may pass', async () => {
      tested.apply([putText('a', '', 1, 2_000), putText('b', '', 2, 9_000), putText('c', '', 3), putText('d', '', 4, 5_000)]);
      await tested.settled();
      expect(storage.earliestExpiryMs).toBeLessThanOrEqual(2_000);
      expect(await dueAt(1_999)).toEqual([]);
      expect(storage.earliestExpiryMs).toBe(2_000);
      expect(await dueAt(2_000)).toEqual([{ key: 'a', expiresAtMs: 2_000 }]);
      expect((await dueAt(8_000)).map(({ key }) => key).sort()).toEqual(['a', 'd']);
      expect((await dueAt(10_000, 1)).map(({ key }) => key)).toEqual(['a']);
    });

    it('does not pass a key as due that was deleted, changed, or lost its deadline', async () => {
      tested.apply([putText('a', '', 1, 10), putText('b', '', 2, 20), putText('c', '', 3, 30), putText('d', '', 4, 40)]);
      await tested.settled();
      tested.apply([removal('a', 5), putText('b', '', 6, 900), putText('c', '', 7)]);
      expect(await dueAt(100)).toEqual([{ key: 'd', expiresAtMs: 40 }]);
      await tested.settled();
      expect(await dueAt(100)).toEqual([{ key: 'd', expiresAtMs: 40 }]);
      tested.apply([removal('d', 8)]);
      await tested.settled();
      expect(await dueAt(100)).toEqual([]);
      expect(storage.earliestExpiryMs).toBe(900);
    });

    it('scans everything that is there all the time, while other keys come and go', async () => {
      const count = 500;
      for (let number = 0; number < count; number++) tested.apply([putEntry(`key ${number}`, 100, number + 1)]);
      let seq = count;
      const items = await scanned(2_000, () => {
        tested.apply([putEntry(`new ${seq}`, 50, ++seq), removal(`key ${seq % 100}`, ++seq), putEntry('key 300', 80, ++seq)]);
      });
      const keys = new Set(items.map(({ key }) => key));
      for (let number = 100; number < count; number++) expect(keys).toContain(`key ${number}`);
      for (const { value, version } of items) expect(Buffer.compare(value, valueFor(value.length, version))).toBe(0);
    });

    it('yields after chunks of about the requested size in a scan', async () => {
      for (let number = 0; number < 100; number++) tested.apply([putEntry(`key ${number}`, 1_000, number + 1)]);
      let chunks = 0;
      await scanned(10_000, () => {
        chunks++;
      });
      expect(chunks).toBeGreaterThan(7);
      expect(chunks).toBeLessThan(15);
    });

    it('ends a scan at a reset', async () => {
      for (let number = 0; number < 100; number++) tested.apply([putEntry(`key ${number}`, 100, number + 1)]);
      let isReset = false;
      const items = await scanned(1_000, () => {
        if (!isReset) tested.reset();
        isReset = true;
      });
      expect(items.length).toBeLessThan(100);
    });

    it('keeps keys and values of any length', async () => {
      const keys = ['k', 'ü', '\u{1f511}', 'k'.repeat(maxKeyBytes), '\u{1f511}'.repeat(maxKeyBytes / 4), '\u0000'];
      const lengths = [0, 1, 1_000, 100_000, 3_000_000, 17];
      tested.apply(keys.map((key, index) => putEntry(key, lengths[index]!, index + 1)));
      const twin = new Map(
        keys.map((key, index) => [
          key,
          { value: valueFor(lengths[index]!, index + 1), version: index + 1, expiresAtMs: undefined },
        ]),
      );
      await expectSame(twin);
      await expectSameWritten(twin);
      await expectSame(twin);
    });

    describeRange(() => tested);
  });
}
