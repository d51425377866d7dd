/**
 * Reads a data directory as docs/data-format.md describes it, without the code that writes and reads such folders: if the document and
 * the code part, this fails.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { crc32 } from '../../../crc32.js';

const folder = join(import.meta.dirname, '81c61e1/folder');

interface Message {
  readonly numbers: ReadonlyMap<number, number>;
  readonly bytes: ReadonlyMap<number, readonly Buffer[]>;
}

function read(...path: string[]): Buffer {
  return gunzipSync(readFileSync(join(folder, ...path)));
}

/** A message of protobuf with the fields of the document: varints and bytes. */
function messageIn(payload: Buffer): Message {
  const numbers = new Map<number, number>();
  const bytes = new Map<number, Buffer[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = payload[at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (at < payload.length) {
    const tag = varint();
    const value = varint();
    expect([0, 2]).toContain(tag % 8);
    if (tag % 8 === 0) numbers.set(Math.floor(tag / 8), value);
    else {
      bytes.set(Math.floor(tag / 8), [...(bytes.get(Math.floor(tag / 8)) ?? []), payload.subarray(at, at + value)]);
      at += value;
    }
  }
  expect(at).toBe(payload.length);
  return { numbers, bytes };
}

interface FoundRecord {
  readonly type: number;
  readonly shard: number;
  readonly id: string;
  readonly end: number;
  readonly payload: Buffer;
}

function recordsIn(bytes: Buffer): FoundRecord[] {
  const records: FoundRecord[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    const id = bytes.toString('hex', at + 8, at + 16);
    const payload = bytes.subarray(at + 24, at + 24 + length);
    records.push({ type: bytes[at + 4]!, shard: bytes.readUIntLE(at + 5, 3), id, end: bytes.readDoubleLE(at + 16), payload });
    at += 24 + Math.ceil(length / 8) * 8;
  }
  return records;
}

/** @returns the records of each batch. */
function batchesIn(segment: Buffer, salt: number, numbers: number[]): FoundRecord[][] {
  const batches: FoundRecord[][] = [];
  for (let at = 4_096; ; ) {
    const left = 512 - (at % 512);
    const start = left < 32 ? at + left : at;
    expect(segment.subarray(at, start).every((byte) => byte === 0)).toBe(true);
    if (segment.readUInt32LE(start) !== 0x6b764c42) break;
    const tail = start + 32 + segment.readUInt32LE(start + 4);
    expect(segment.readUInt32LE(start + 24)).toBe(0);
    expect(segment.readUInt32LE(start + 28)).toBe(crc32(segment.subarray(start, start + 28), salt));
    expect(segment.readUInt32LE(tail)).toBe(crc32(segment.subarray(start + 32, tail), salt));
    expect(segment.readUInt32LE(tail + 4)).toBe(0x6b764c45);
    numbers.push(segment.readDoubleLE(start + 8));
    batches.push(recordsIn(segment.subarray(start + 32, tail)));
    at = tail + 8;
    if (at + 32 > segment.length || segment.subarray(at).every((byte) => byte === 0)) break;
  }
  return batches;
}

test('the small files have the fields of the document', () => {
  const { format, nodeId, cluster } = JSON.parse(read('kvnode.json.gz').toString());
  expect({ format, nodeId, clusterId: cluster.clusterId }).toEqual({
    format: 1,
    nodeId: '127.0.0.1:9090',
    clusterId: 'a-cluster-of-a-test',
  });
  expect(JSON.parse(read('run.json.gz').toString())).toEqual({ bootId: expect.any(String), clean: true });
});

test('the log has the segments, batches, records and payloads of the document', () => {
  const numbers: number[] = [];
  const records: FoundRecord[] = [];
  for (const name of readdirSync(join(folder, 'wal')).sort()) {
    const segment = read('wal', name);
    expect(segment.toString('latin1', 0, 8)).toBe('kvnode\nW');
    expect(segment.readUInt32LE(8)).toBe(1);
    expect([segment.readDoubleLE(16), segment.readDoubleLE(24)]).toEqual([Number.parseInt(name, 10), segment.length]);
    const clusterEnd = 34 + segment.readUInt16LE(32);
    expect(segment.toString('utf8', 34, clusterEnd)).toBe('a-cluster-of-a-test');
    expect(segment.toString('utf8', clusterEnd + 2, clusterEnd + 2 + segment.readUInt16LE(clusterEnd))).toBe('127.0.0.1:9090');
    expect(segment.readUInt32LE(4_092)).toBe(crc32(segment.subarray(0, 4_092)));
    const batches = batchesIn(segment, segment.readUInt32LE(12), numbers);
    if (batches.length > 0) expect(batches[0]![0]!.type).toBe(1);
    records.push(...batches.flat());
  }
  expect(numbers).toEqual(numbers.map((_, index) => numbers[0]! + index));
  for (const { type, end, payload } of records) {
    const { numbers: fields, bytes } = messageIn(payload);
    if (type === 2) expect(messageIn(bytes.get(4)!.at(-1)!).numbers.get(1)).toBe(end);
    if (type === 3) expect(fields.get(2) ?? 0).toBe(end);
    if (type === 4) expect(bytes.get(2)!.toString()).toBe('history');
    if (type === 12) expect(payload).toHaveLength(0);
  }
  const [left] = records.filter(({ type }) => type === 12);
  expect(left).toMatchObject({ shard: 3, id: '0000000000000004', end: -1 });
  const times = records.filter(({ type }) => type === 13).map(({ payload }) => messageIn(payload).numbers);
  expect(times.map((fields) => [fields.get(2), fields.get(3) ?? 0])).toEqual([
    [123_456, 0],
    [5_000, 0],
    [4_000, 1],
  ]);
});

test('snapshots have the chunks of the document', () => {
  const name = '1-0000000000000002-1-1000.snapshot';
  const file = read('snapshots', `${name}.gz`);
  expect(file.toString('latin1', 0, 8)).toBe('kvsnap\0\x01');
  const chunks: Message[] = [];
  let isLast = false;
  for (let at = 8; at < file.length; ) {
    const end = at + 16 + file.readUInt32LE(at);
    expect(isLast).toBe(false);
    isLast = file.readUInt32LE(at + 4) === 1;
    expect(file.readUInt32LE(at + 8)).toBe(chunks.length);
    expect(file.readUInt32LE(at + 12)).toBe(crc32(file.subarray(at + 16, end), crc32(file.subarray(at, at + 12))));
    chunks.push(messageIn(file.subarray(at + 16, end)));
    at = end;
  }
  expect(isLast).toBe(true);
  const [head, ...bodies] = chunks;
  const last = bodies.pop()!;
  expect(head!.bytes.get(3)!.toString()).toBe('0000000000000002');
  expect([2, 4, 5, 6].map((field) => head!.numbers.get(field))).toEqual([1, 1, 1_000, 3]);
  const count = (field: number): number =>
    bodies.flatMap(({ bytes }) => bytes.get(field) ?? []).reduce((sum, body) => sum + messageIn(body).bytes.get(1)!.length, 0);
  expect([1, 2, 3].map((field) => last.numbers.get(field))).toEqual([1_000, count(6), count(4)]);
  expect(count(4)).toBe(200);
});
