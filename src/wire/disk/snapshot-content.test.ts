import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SnapshotItem } from '../../replication/index.js';
import { MemoryStorage } from '../../storage/index.js';
import { MalformedMessage } from '../protobuf/protobuf-reader.js';
import { request, seq } from './change.fixture.js';
import { SnapshotContentDecoder, SnapshotContentEncoder, type SnapshotHead } from './snapshot-content.js';

const head: SnapshotHead = {
  clusterId: 'cluster',
  shard: 7,
  writerId: '0123456789abcdef',
  resets: 2,
  seq: 10,
  epoch: 3,
  epochId: 'three',
  requestFloor: 4,
  timeMs: 5,
};
const item: fc.Arbitrary<SnapshotItem> = fc
  .record({
    key: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    value: fc.uint8Array({ maxLength: 100 }).map((bytes) => new Uint8Array(bytes)),
    version: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    expiresAtMs: fc.option(seq, { nil: undefined }),
  })
  .map(({ expiresAtMs, ...rest }) => (expiresAtMs === undefined ? rest : { ...rest, expiresAtMs }));

function decode(chunks: readonly Buffer[]) {
  const decoder = new SnapshotContentDecoder();
  const items = chunks.flatMap((chunk, index) => [...decoder.add(chunk, index === chunks.length - 1)]);
  return { head: decoder.head, items, snapshot: decoder.finish() };
}

describe('what a snapshot file contains', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 3 }), fc.array(item, { minLength: 1, maxLength: 5 }), (requests, items) => {
        const encoder = new SnapshotContentEncoder();
        const chunks = [encoder.head(head), encoder.requests(requests)];
        for (const it of items) encoder.addItem(it);
        expect(encoder.itemBytes).toBeGreaterThan(0);
        chunks.push(encoder.takeItems());
        expect(encoder.itemBytes).toBe(0);
        chunks.push(encoder.end(12));
        const found = decode(chunks);
        expect(found).toEqual({
          head,
          items,
          snapshot: {
            resets: 2,
            position: { seq: 10, epoch: 3, epochId: 'three' },
            throughSeq: 12,
            requests,
            requestFloor: 4,
            timeMs: 5,
          },
        });
      }),
    );
  });

  test('items of a storage are those that were put there', () => {
    const storage = new MemoryStorage();
    const items = [
      { key: 'a', value: new Uint8Array([1]), version: 4 },
      { key: 'b', value: new Uint8Array(200).fill(2), version: 5, expiresAtMs: 6 },
    ];
    storage.persist({ type: 'load', items });
    const encoder = new SnapshotContentEncoder();
    for (const _ of storage.scan(1_000, (record) => encoder.add(record)));
    const found = decode([encoder.head(head), encoder.takeItems(), encoder.end(10)]);
    expect([...found.items].sort((one, other) => one.version - other.version)).toEqual(items);
  });

  test('a missing part is an error', () => {
    const encoder = new SnapshotContentEncoder();
    const first = encoder.head(head);
    encoder.addItem({ key: 'k', value: new Uint8Array(3), version: 1 });
    const [items, end] = [encoder.takeItems(), encoder.end(10)];
    expect(decode([first, items, end]).items).toHaveLength(1);
    expect(() => decode([first, end])).toThrow(MalformedMessage);
    expect(() => decode([end])).toThrow(MalformedMessage);
    expect(() => new SnapshotContentDecoder().finish()).toThrow(MalformedMessage);
  });
});
