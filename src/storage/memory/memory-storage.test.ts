import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryOf, putEntry, StorageAndTwin, valueFor, writes } from './memory-storage.fixture.js';
import { MemoryStorage } from './memory-storage.js';

/** Of one entry. */
const together = { minLength: 1, maxLength: 3 };

describe('the storage in memory', () => {
  it('holds the same as a map', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.uniqueArray(writes, { ...together, selector: ({ key }) => key }), { maxLength: 20 }), {
          maxLength: 20,
        }),
        fc.constantFrom(1, 3, 16, 256),
        (batches, shardCount) => {
          const both = new StorageAndTwin(shardCount);
          let seq = 0;
          for (const batch of batches) {
            both.apply(batch.map((entry) => entryOf(entry, ++seq)));
            both.expectSame();
          }
        },
      ),
    );
  });

  it('loads a snapshot like entries: an item older than the stored version is skipped', () => {
    const storage = new MemoryStorage();
    storage.apply([putEntry('a', 10, 5)]);
    const items = [4, 5, 6].map((version) => ({ key: 'a', value: valueFor(version, version), version }));
    storage.persist({ type: 'load', items: items.slice(0, 2) });
    expect(storage.get('a')).toEqual({ value: valueFor(10, 5), version: 5 });
    storage.persist({ type: 'load', items });
    expect(storage.get('a')).toEqual({ value: valueFor(6, 6), version: 6 });
  });

  it('forgets a deleted key, and does not refuse an older version of it', () => {
    const storage = new MemoryStorage();
    storage.apply([putEntry('a', 10, 5), { seq: 4, epoch: 1, writes: [{ key: 'a', value: undefined }] }]);
    expect(storage.keyCount).toBe(1);
    storage.apply([{ seq: 6, epoch: 1, writes: [{ key: 'a', value: undefined }] }]);
    expect(storage.get('a')).toBeUndefined();
    expect(storage.dataBytes).toBe(0);
    storage.apply([putEntry('a', 10, 2)]);
    expect(storage.get('a')?.version).toBe(2);
  });

  it('drops everything at a reset, and its memory', () => {
    const storage = new MemoryStorage();
    const empty = storage.memoryBytes;
    storage.apply(Array.from({ length: 30_000 }, (_, number) => putEntry(`key:${number}`, 200, number + 1)));
    expect(storage.memoryBytes).toBeGreaterThan(5 * empty);
    storage.persist({ type: 'reset', baseSeq: 0, baseEpoch: 0, baseEpochId: '', complete: false, requestFloor: 0, timeMs: 0 });
    expect(storage).toMatchObject({ keyCount: 0, dataBytes: 0, memoryBytes: empty });
    storage.apply([putEntry('key:7', 3, 1)]);
    expect(storage.get('key:7')?.version).toBe(1);
    expect(storage.get('key:8')).toBeUndefined();
  });
});
