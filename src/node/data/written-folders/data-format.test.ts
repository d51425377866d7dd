/**
 * Reads a data directory as docs/data-format.md describes it, without the code that writes and reads such folders: if the document and
 * the code part, this fails.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { crc32 } from '../../../crc32.js';

/** The commit that wrote a folder, and the format of its entries. */
const folders = [
  { commit: '81c61e1', format: 6 },
  { commit: '7c2e37f', format: 7 },
];

interface Message {
  readonly numbers: ReadonlyMap<number, number>;
  readonly bytes: ReadonlyMap<number, readonly Buffer[]>;
}

function pathOf(commit: string, ...path: string[]): string {
  return join(import.meta.dirname, commit, ...path);
}

function read(commit: string, ...path: string[]): Buffer {
  return gunzipSync(readFileSync(pathOf(commit, 'folder', ...path)));
}

/** The varint that begins there, and where it ends. */
function varintAt(payload: Buffer, start: number): [value: number, end: number] {
  let value = 0;
  for (let at = start, factor = 1; ; at++, factor *= 128) {
    value += (payload[at]! & 0x7f) * factor;
    if (payload[at]! < 0x80) return [value, at + 1];
  }
}

/** A message of protobuf with the fields of the document: varints and bytes. */
function messageIn(payload: Buffer): Message {
  const numbers = new Map<number, number>();
  const bytes = new Map<number, Buffer[]>();
  let at = 0;
  while (at < payload.length) {
    const [tag, tagEnd] = varintAt(payload, at);
    const [value, end] = varintAt(payload, tagEnd);
    expect([0, 2]).toContain(tag % 8);
    const field = Math.floor(tag / 8);
    if (tag % 8 === 0) numbers.set(field, value);
    else bytes.set(field, [...(bytes.get(field) ?? []), payload.subarray(end, end + value)]);
    at = tag % 8 === 0 ? end : end + value;
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

/** An entry of the log. Values are in hexadecimal. */
interface FoundEntry {
  readonly seq: number;
  readonly epoch: number;
  readonly writes: readonly { readonly key: string; readonly value?: string }[];
  readonly request:
    | { readonly client: string; readonly number: number; readonly lowest: number; readonly fingerprint: number }
    | undefined;
  readonly hasAnswer: boolean;
}

/** What a group names for its entries. Of an entry by itself: nothing. */
interface Common {
  readonly clients: readonly string[];
  readonly seq: number;
  readonly epoch: number;
}

function textsIn({ bytes }: Message, field: number): string[] {
  return (bytes.get(field) ?? []).map(String);
}

function packedIn(payload: Buffer): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < payload.length; ) {
    const [value, end] = varintAt(payload, at);
    numbers.push(value);
    at = end;
  }
  return numbers;
}

function entryIn(payload: Buffer, common: Common): FoundEntry {
  const { numbers, bytes } = messageIn(payload);
  const writes = (bytes.get(3) ?? []).map((write) => {
    const fields = messageIn(write);
    const value = fields.bytes.get(2)?.[0]?.toString('hex');
    return { key: textsIn(fields, 1)[0]!, ...(value === undefined ? {} : { value }) };
  });
  const place = { seq: numbers.get(1) ?? common.seq, epoch: numbers.get(2) ?? common.epoch, writes };
  const [whole] = bytes.get(4) ?? [];
  const [packed] = bytes.get(7) ?? [];
  expect(whole === undefined || packed === undefined).toBe(true);
  if (whole !== undefined) {
    const fields = messageIn(whole);
    const [number, lowest, fingerprint] = [2, 3, 4].map((field) => fields.numbers.get(field) ?? 0) as [number, number, number];
    const request = { client: textsIn(fields, 1)[0]!, number, lowest, fingerprint };
    return { ...place, request, hasAnswer: fields.bytes.has(6) };
  }
  if (packed === undefined) return { ...place, request: undefined, hasAnswer: false };
  const found = packedIn(packed);
  expect(found).toHaveLength(4);
  const [client, number, below, fingerprint] = found as [number, number, number, number];
  const request = { client: common.clients[client]!, number, lowest: number - below, fingerprint };
  return { ...place, request, hasAnswer: bytes.has(6) };
}

const alone: Common = { clients: [], seq: 0, epoch: 0 };

/** The entries of a record `append`. */
function entriesIn(payload: Buffer, format: number): FoundEntry[] {
  const { bytes } = messageIn(payload);
  expect([bytes.has(4), bytes.has(10)]).toEqual(format === 6 ? [true, false] : [false, true]);
  const grouped = (bytes.get(10) ?? []).flatMap((group) => {
    const fields = messageIn(group);
    const common = { clients: textsIn(fields, 1), epoch: fields.numbers.get(3)! };
    const firstSeq = fields.numbers.get(2)!;
    return fields.bytes.get(4)!.map((entry, at) => entryIn(entry, { ...common, seq: firstSeq + at }));
  });
  return [...(bytes.get(4) ?? []).map((entry) => entryIn(entry, alone)), ...grouped];
}

/** What the fixture says it has written. */
interface Contents {
  readonly shard: number;
  readonly requests: readonly (NonNullable<FoundEntry['request']> & { readonly seq: number; readonly answer?: object })[];
  readonly unapplied: readonly Pick<FoundEntry, 'seq' | 'epoch' | 'writes'>[];
  readonly items: Readonly<Record<string, { readonly value: string; readonly version: number }>>;
}

/** Everything that was written and is above what the log begins with is in its entries. */
function expectContents(records: readonly FoundRecord[], format: number, contents: readonly Contents[]): void {
  const counts = { requests: 0, answers: 0, items: 0, unapplied: 0 };
  for (const { shard, requests, unapplied, items } of contents) {
    const appends = records.filter((record) => record.type === 2 && record.shard === shard);
    const bySeq = new Map(
      appends.flatMap(({ payload }) => entriesIn(payload, format).map((entry) => [entry.seq, entry] as const)),
    );
    for (const { client, number, lowest, fingerprint, seq, answer } of requests) {
      const entry = bySeq.get(seq);
      if (entry === undefined) continue;
      expect(entry).toMatchObject({ request: { client, number, lowest, fingerprint }, hasAnswer: answer !== undefined });
      counts.requests++;
      if (answer !== undefined) counts.answers++;
    }
    for (const { seq, epoch, writes } of unapplied) {
      expect(bySeq.get(seq)).toMatchObject({ seq, epoch, writes });
      counts.unapplied++;
    }
    for (const [key, { value, version }] of Object.entries(items)) {
      const entry = bySeq.get(version);
      if (entry === undefined) continue;
      expect(entry.writes).toContainEqual({ key, value: Buffer.from(value, 'latin1').toString('hex') });
      counts.items++;
    }
  }
  expect(counts).toEqual({ requests: 11, answers: 5, items: 27, unapplied: 2 });
}

describe.each(folders)('a folder with entries of format $format, which commit $commit has written', ({ commit, format }) => {
  test('the small files have the fields of the document', () => {
    const { format: folderFormat, nodeId, cluster } = JSON.parse(read(commit, 'kvnode.json.gz').toString());
    expect({ format: folderFormat, nodeId, clusterId: cluster.clusterId, formatVersion: cluster.formatVersion }).toEqual({
      format: 1,
      nodeId: '127.0.0.1:9090',
      clusterId: 'a-cluster-of-a-test',
      formatVersion: format,
    });
    expect(JSON.parse(read(commit, 'run.json.gz').toString())).toEqual({ bootId: expect.any(String), clean: true });
  });

  test('the log has the segments, batches, records and payloads of the document', () => {
    const numbers: number[] = [];
    const records: FoundRecord[] = [];
    for (const name of readdirSync(pathOf(commit, 'folder', 'wal')).sort()) {
      const segment = read(commit, 'wal', name);
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
      if (type === 2) expect(entriesIn(payload, format).at(-1)!.seq).toBe(end);
      if (type === 3) expect(fields.get(2) ?? 0).toBe(end);
      if (type === 4) expect(bytes.get(2)!.toString()).toBe('history');
      if (type === 12) expect(payload).toHaveLength(0);
    }
    expectContents(records, format, JSON.parse(readFileSync(pathOf(commit, 'contents.json'), 'utf8')));
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
    const file = read(commit, 'snapshots', `${name}.gz`);
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
});
