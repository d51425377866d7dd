import { describe, expect, it } from 'vitest';
import { kilobyte, putEntry } from './memory-storage.fixture.js';
import { MemoryStorage } from './memory-storage.js';

describe('the memory it takes', { timeout: 60_000 }, () => {
  const count = 200_000;
  const overwrite = (storage: MemoryStorage, from: number, length: (number: number) => number) => {
    for (let first = 0; first < count; first += 500) {
      // Not in the order of the log: 7,919 is prime to the number of keys.
      const numbers = Array.from({ length: 500 }, (_, at) => ((first + at) * 7_919) % count);
      storage.apply(numbers.map((number) => putEntry(`kvbench:${number}`, length(number), from + first)));
    }
  };

  it('is little more than the bytes of keys and values, even after many overwrites', () => {
    const storage = new MemoryStorage();
    overwrite(storage, 1, () => 100);
    expect(storage.memoryBytes / count).toBeLessThan(165);
    const perKey = () => storage.memoryBytes / storage.keyCount;
    for (let round = 1; round <= 6; round++) {
      overwrite(storage, 1 + round * count, (number) => (number * 31 + round * 57) % 200);
      expect(storage.keyCount).toBe(count);
      expect(perKey()).toBeLessThan(165 * 1.45);
    }
  });

  it('is reclaimed when keys are deleted', () => {
    const storage = new MemoryStorage();
    overwrite(storage, 1, () => 100);
    for (let first = 0; first < count; first += 500) {
      const gone = Array.from({ length: 500 }, (_, at) => first + at).filter((number) => number % 20 !== 0);
      storage.apply(
        gone.map((number) => ({ seq: 2 * count, epoch: 1, writes: [{ key: `kvbench:${number}`, value: undefined }] })),
      );
    }
    expect(storage.keyCount).toBe(count / 20);
    expect(storage.memoryBytes).toBeLessThan(storage.dataBytes * 2 + 6 * 1_024 * kilobyte);
  });

  it('of a large value is reclaimed when the value is deleted or shrinks', () => {
    const storage = new MemoryStorage();
    const empty = storage.memoryBytes;
    storage.apply([putEntry('large', 5_000 * kilobyte, 1)]);
    expect(storage.memoryBytes - empty).toBeGreaterThan(5_000 * kilobyte);
    storage.apply([putEntry('large', 100 * kilobyte, 2)]);
    expect(storage.memoryBytes - empty).toBeLessThan(101 * kilobyte);
    storage.apply([putEntry('large', 10, 3)]);
    expect(storage.memoryBytes - empty).toBeLessThan(kilobyte);
  });
});
