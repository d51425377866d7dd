import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { mulberry32 } from '../../../verification/random.js';
import { putEntry } from './memory-storage.fixture.js';
import { MemoryStorage } from './memory-storage.js';

const count = 30_000;

/** A storage with many keys that was never scanned, and the set of its keys. */
class Written {
  readonly storage = new MemoryStorage();
  readonly keys = new Set<string>();
  readonly #random: () => number;
  #seq = 0;

  constructor(seed: number) {
    this.#random = mulberry32(seed);
    for (let number = 0; number < count; number++) this.put(`key ${number}`, 20);
  }

  put(key: string, length: number): void {
    this.storage.applyAtOnce([putEntry(key, length, ++this.#seq)]);
    this.keys.add(key);
  }

  delete(key: string): void {
    this.storage.applyAtOnce([{ seq: ++this.#seq, epoch: 1, writes: [{ key, value: undefined }] }]);
    this.keys.delete(key);
  }

  /** New keys, deletes, keys that come back, and values of other lengths, whose records move. */
  changeSome(): void {
    for (let change = 0; change < 60; change++) {
      const key = `key ${Math.floor(this.#random() * 1.5 * count)}`;
      if (this.#random() < 0.4) this.delete(key);
      else this.put(key, Math.floor(this.#random() * 60));
    }
  }

  async expectOrder(): Promise<void> {
    const found: string[] = [];
    for (let from = '', isExhausted = false; !isExhausted; ) {
      const page = await this.storage.range!({ from, most: 1_000, maxBytes: 1_000_000 });
      for (const { key } of page.items) found.push(key);
      from = `${found.at(-1)}\0`;
      isExhausted = page.isExhausted;
    }
    expect(found).toEqual([...this.keys].sort());
  }
}

test.each([1, 2, 3])('an order that is made while keys change has all of them, and keeps them (seed %d)', async (seed) => {
  const written = new Written(seed);
  let isMade = false;
  const page = written.storage.range!({ from: '', most: 1, maxBytes: 1 }) as Promise<unknown>;
  void page.then(() => {
    isMade = true;
  });
  let turns = 0;
  for (; !isMade; turns++) {
    written.changeSome();
    await turn();
  }
  expect(turns).toBeGreaterThan(5);
  await written.expectOrder();
  for (let round = 0; round < 20; round++) written.changeSome();
  await written.expectOrder();
});

test('an order takes no memory before it is needed', async () => {
  const { storage } = new Written(4);
  const before = storage.memoryBytes;
  await storage.range!({ from: '', most: 1, maxBytes: 1 });
  expect(storage.memoryBytes - before).toBeGreaterThan(8 * count);
  expect(storage.memoryBytes - before).toBeLessThan(24 * count);
});

test('a page that waits for the order of data that is reset shows what follows', async () => {
  const written = new Written(5);
  const page = written.storage.range!({ from: '', most: 10, maxBytes: 1_000 });
  written.storage.persist({
    type: 'reset',
    baseSeq: 0,
    baseEpoch: 0,
    baseEpochId: '',
    complete: true,
    requestFloor: 0,
    timeMs: 0,
  });
  written.put('afterwards', 1);
  expect((await page).items.map(({ key }) => key)).toEqual(['afterwards']);
});
