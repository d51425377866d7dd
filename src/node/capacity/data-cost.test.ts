import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryStorage, NodeMemory } from '../../storage/index.js';
import { costOf, costOfData } from './data-cost.js';

/** The memory of a storage that holds little: its tables, and slabs that are kept or almost empty. */
const fixedBytes = 8 * 2 ** 20;
/** The same for each of hundreds of shards. */
const fixedShardBytes = 96 * 2 ** 10;

const keys = fc.string({ unit: 'binary', minLength: 1, maxLength: 50 });
const expiries = fc.option(fc.nat(2 ** 40), { nil: undefined });

/** Its order is made at once, because it is empty. */
function orderedStorage(shards: number): MemoryStorage {
  const storage = new MemoryStorage(new NodeMemory(shards));
  void storage.range!({ from: '', most: 1, maxBytes: 1 });
  return storage;
}

describe('the cost of the data', () => {
  it('is at least the memory of the storage, after any rounds of overwriting and deleting', { timeout: 60_000 }, () => {
    const round = fc.record({
      keys: fc.integer({ min: 1, max: 30_000 }),
      longest: fc.constantFrom(1, 10, 100, 1_000),
      deleted: fc.nat(3),
      expiring: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(round, { minLength: 1, maxLength: 4 }), (rounds) => {
        const storage = orderedStorage(1);
        let seq = 0;
        for (const { keys, longest, deleted, expiring } of rounds) {
          for (let first = 0; first < keys; first += 500) {
            const numbers = Array.from({ length: Math.min(500, keys - first) }, (_, at) => ((first + at) * 7_919) % keys);
            storage.apply(
              numbers.map((number) => {
                const value = number % 4 < deleted ? undefined : new Uint8Array((number * 31) % longest);
                const expiresAtMs = value !== undefined && number % 3 < expiring ? seq * 1_000 : undefined;
                return { seq: ++seq, epoch: 1, writes: [{ key: `key:${number}`, value, expiresAtMs }] };
              }),
            );
          }
          expect(storage.memoryBytes).toBeLessThanOrEqual(costOfData(storage) + fixedBytes);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('is near the memory of the storage also with hundreds of almost empty shards', { timeout: 60_000 }, () => {
    const shards = 256;
    const round = fc.record({ keys: fc.integer({ min: 1, max: 600 }), longest: fc.constantFrom(10, 1_000), stride: fc.nat(7) });
    fc.assert(
      fc.property(fc.array(round, { minLength: 1, maxLength: 20 }), (rounds) => {
        const storage = orderedStorage(shards);
        let seq = 0;
        for (const { keys, longest, stride } of rounds) {
          storage.apply(
            Array.from({ length: keys }, (_, at) => {
              const value = at % 8 < stride ? undefined : new Uint8Array((at * 31) % longest);
              return { seq: ++seq, epoch: 1, writes: [{ key: `key:${at}`, value }] };
            }),
          );
          const cost = costOfData(storage);
          expect(storage.memoryBytes).toBeLessThanOrEqual(cost + cost / 8 + fixedShardBytes);
        }
      }),
    );
  });

  it('is, for one key, no less than the memory that the key adds', () => {
    fc.assert(
      fc.property(keys, fc.nat(500), expiries, (key, valueBytes, expiresAtMs) => {
        const storage = new MemoryStorage();
        storage.apply([{ seq: 1, epoch: 1, writes: [{ key, value: new Uint8Array(valueBytes), expiresAtMs }] }]);
        expect(costOfData(storage)).toBeLessThanOrEqual(costOf(key, valueBytes, expiresAtMs !== undefined));
      }),
    );
  });

  it('is at most 16 bytes more for a key that expires, and the memory of the storage as well', () => {
    const [plain, expiring] = [undefined, 1_000].map((expiresAtMs) => {
      const storage = new MemoryStorage();
      for (let seq = 1; seq <= 100_000; seq++)
        storage.apply([{ seq, epoch: 1, writes: [{ key: `key:${seq}`, value: new Uint8Array(seq % 100), expiresAtMs }] }]);
      return storage;
    });
    expect(costOfData(expiring!) - costOfData(plain!)).toBeLessThanOrEqual(16 * 100_000);
    // Either may have a slab of which little is used.
    const slabBytes = 2 ** 20;
    expect(expiring!.memoryBytes - plain!.memoryBytes).toBeLessThanOrEqual(16 * 100_000 + slabBytes);
  });
});
