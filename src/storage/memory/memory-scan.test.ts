import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordView } from '../storage.js';
import { copyOf, entryOf, kilobyte, putEntry, StorageAndTwin, valueFor, type Write, writes } from './memory-storage.fixture.js';
import { MemoryStorage } from './memory-storage.js';

/** Records the values that each remaining key has had since the scan began. */
class ScannedStorage extends StorageAndTwin {
  readonly #versions = new Map<string, Set<number>>();
  readonly #seen = new Map<string, number[]>();
  #seq = 0;

  constructor() {
    super();
    for (let number = 0; number <= 40; number++) this.apply([putEntry(`key:${number}`, number * 5, ++this.#seq)]);
    for (const [key, { version }] of this.twin) this.#versions.set(key, new Set([version]));
  }

  see(record: RecordView): void {
    const { key, version } = copyOf(record);
    this.#seen.set(key, [...(this.#seen.get(key) ?? []), version]);
  }

  step(step: readonly Write[] | 'reset'): void {
    if (step === 'reset') {
      this.reset();
      this.#versions.clear();
    } else for (const write of step) this.#write(write);
  }

  expectAllThatStayedSeen(): void {
    for (const [key, versions] of this.#versions) {
      const seen = this.#seen.get(key);
      expect(seen, key).toBeDefined();
      for (const version of seen!) expect(versions).toContain(version);
    }
  }

  #write(write: Write): void {
    this.apply([entryOf([write], ++this.#seq)]);
    const version = this.twin.get(write.key)?.version;
    if (version === undefined) this.#versions.delete(write.key);
    else this.#versions.get(write.key)?.add(version);
  }
}

describe('a scan', { timeout: 60_000 }, () => {
  const batches = fc.array(writes, { maxLength: 40 });
  const steps = fc.array(fc.oneof({ weight: 6, arbitrary: batches }, fc.constant('reset' as const)), { maxLength: 12 });

  it('sees every key that stays, with a value that it had meanwhile, in spite of any writes', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 4_000 }), (meanwhile, chunkBytes) => {
        const scanned = new ScannedStorage();
        for (const _ of scanned.storage.scan(chunkBytes, (record) => scanned.see(record))) {
          scanned.step(meanwhile.pop() ?? []);
        }
        scanned.expectSame();
        scanned.expectAllThatStayedSeen();
      }),
    );
  });

  it('loses nothing to the cleaner, and shows records whole', () => {
    const storage = new MemoryStorage();
    const count = 16_000;
    let seq = 0;
    const write = (step: number) => {
      const entries = [];
      for (let number = 0; number < count; number += step) entries.push(putEntry(`key:${number}`, (seq * 37) % 400, ++seq));
      storage.apply(entries);
    };
    write(1);
    const seen = new Map<string, number>();
    const see = (record: RecordView) => {
      const { key, value, version } = copyOf(record);
      seen.set(key, version);
      expect(Buffer.compare(value, valueFor(value.length, version))).toBe(0);
    };
    for (const _ of storage.scan(150 * kilobyte, see)) write(3);
    expect(seen.size).toBe(count);
    // The cleaner has moved records meanwhile.
    expect(storage.memoryBytes).toBeLessThan(2 * storage.dataBytes + 3 * 1_024 * kilobyte);
    expect((seq - count) * 200).toBeGreaterThan(2 * storage.memoryBytes);
  });

  it('yields after chunks of about the requested size', () => {
    const storage = new MemoryStorage();
    storage.apply(Array.from({ length: 1_000 }, (_, number) => putEntry(`key:${number}`, 1_000, number + 1)));
    const sizes: number[] = [];
    let count = 0;
    for (const _ of storage.scan(50_000, () => count++)) {
      sizes.push(count);
      count = 0;
    }
    expect(Math.max(...sizes)).toBeLessThan(51);
    expect(sizes.length).toBeLessThan(25);
  });
});
