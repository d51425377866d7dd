/** Writes for tests of the storage in memory, and the storage beside a Map that is to hold the same. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { DueKey, LogEntry, SnapshotItem } from '../../replication/index.js';
import type { RecordView, StoredValue } from '../storage.js';
import { MemoryStorage } from './memory-storage.js';
import { NodeMemory } from './node-memory.js';

export const kilobyte = 1_024;
/** Lengths with which values outgrow slabs, and slabs fill up and are cleaned, within the runs of one property. */
const lengths = [0, 1, 8, 100, 101, kilobyte, 60 * kilobyte, 70 * kilobyte, 300 * kilobyte, 2_000 * kilobyte];

const keys = fc.oneof(
  { weight: 3, arbitrary: fc.nat(40).map((number) => `key:${number}`) },
  fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }),
  fc.constantFrom('ü', '\u{1f511}', '\u{1f511}'.repeat(256), 'k'.repeat(1_024)),
);
const lengthsOften = fc.oneof({ weight: 8, arbitrary: fc.nat(300) }, fc.constantFrom(...lengths));
export const writes = fc.record({
  key: keys,
  length: fc.option(lengthsOften, { freq: 4, nil: undefined }),
  late: fc.nat(20),
  expiresAtMs: fc.option(fc.oneof(fc.nat(50), fc.integer({ min: 2 ** 32 - 2, max: 2 ** 42 - 1 })), { freq: 2, nil: undefined }),
});
export type Write = typeof writes extends fc.Arbitrary<infer T> ? T : never;

export function valueFor(length: number, seq: number): Uint8Array {
  const value = new Uint8Array(length).fill(seq % 251);
  if (length > 0) value[length - 1] = seq % 241;
  return value;
}

/** `together` must not be empty, and no key may occur twice. */
export function entryOf(together: readonly Write[], now: number): LogEntry {
  const seq = Math.max(1, together[0]!.late === 0 ? now - 5 : now);
  const writes = together.map(({ key, length, expiresAtMs }) =>
    length === undefined ? { key, value: undefined } : { key, value: valueFor(length, now), expiresAtMs },
  );
  return { seq, epoch: 1, writes };
}

export function putEntry(key: string, length: number, seq: number): LogEntry {
  return { seq, epoch: 1, writes: [{ key, value: valueFor(length, seq) }] };
}

/** Copies the record that a view shows. */
export function copyOf({ memory, keyStart, keyEnd, valueStart, valueEnd, version, expiresAtMs }: RecordView): SnapshotItem {
  const value = Uint8Array.from(memory.subarray(valueStart, valueEnd));
  return { key: memory.toString('utf8', keyStart, keyEnd), value, version, expiresAtMs };
}

export class StorageAndTwin {
  readonly storage: MemoryStorage;
  readonly twin = new Map<string, StoredValue>();

  constructor(shardCount = 1) {
    this.storage = new MemoryStorage(new NodeMemory(shardCount));
  }

  apply(entries: readonly LogEntry[]): void {
    this.storage.apply(entries);
    for (const { writes, seq } of entries) {
      for (const { key, value, expiresAtMs } of writes) {
        if ((this.twin.get(key)?.version ?? 0) >= seq) continue;
        if (value === undefined) this.twin.delete(key);
        else this.twin.set(key, { value, version: seq, expiresAtMs });
      }
    }
  }

  reset(): void {
    this.storage.persist({
      type: 'reset',
      baseSeq: 0,
      baseEpoch: 0,
      baseEpochId: '',
      complete: false,
      requestFloor: 0,
      timeMs: 0,
    });
    this.twin.clear();
  }

  expectSame(): void {
    expect(this.storage.keyCount).toBe(this.twin.size);
    let bytes = 0;
    for (const [key, { value, version, expiresAtMs }] of this.twin) {
      const stored = this.storage.get(key);
      expect(stored?.version, key).toBe(version);
      expect(stored?.expiresAtMs, key).toBe(expiresAtMs);
      expect(this.storage.head(key), key).toEqual({ version, expiresAtMs });
      expect(Buffer.compare(stored!.value, value), key).toBe(0);
      bytes += Buffer.byteLength(key) + value.length;
    }
    expect(this.storage.dataBytes).toBe(bytes);
    for (const timeMs of [0, 25, 2 ** 32, 2 ** 48]) this.#expectSameDue(timeMs);
  }

  #expectSameDue(timeMs: number): void {
    const expiring = [...this.twin].flatMap(([key, { expiresAtMs }]) =>
      expiresAtMs === undefined ? [] : [{ key, expiresAtMs }],
    );
    const due = expiring.filter(({ expiresAtMs }) => expiresAtMs <= timeMs);
    let found: readonly DueKey[] = [];
    this.storage.due(timeMs, Number.POSITIVE_INFINITY, (keys) => {
      found = keys;
    });
    expect(new Map(found.map(({ key, expiresAtMs }) => [key, expiresAtMs]))).toEqual(
      new Map(due.map(({ key, expiresAtMs }) => [key, expiresAtMs])),
    );
    expect(found.length).toBe(due.length);
    const { expiringCount, earliestExpiryMs = Number.POSITIVE_INFINITY } = this.storage;
    expect(expiringCount).toBe(expiring.length);
    expect(earliestExpiryMs).toBe(Math.min(...expiring.map(({ expiresAtMs }) => expiresAtMs)));
  }
}
