import { join } from 'node:path';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { protoFolder } from '../contract/proto-files.js';
import { MalformedMessage } from '../protobuf/protobuf-reader.js';
import { dumpRequestTable, encodeBegin, encodeEnd, readDumpPart } from './dump-parts.js';
import { DumpRecordsWriter, readDumpRecord } from './dump-records.js';

const root = new protobuf.Root().loadSync(join(protoFolder, 'kv/v1/kv.proto'));
const requestType = root.lookupType('kv.v1.DumpShardRequest');
const responseType = root.lookupType('kv.v1.DumpShardResponse');
const asObject = (bytes: Buffer): object => responseType.toObject(responseType.decode(bytes), { longs: Number, defaults: false });
const encoded = (message: object): Buffer => Buffer.from(responseType.encode(responseType.fromObject(message)).finish());

const request = { shard: 300, maxBytesPerSecond: 2 ** 30 };
const position = { history: 'h', seq: 2 ** 40 };
const begin = { position, epoch: 3, keys: 4, dataBytes: 5, nodeId: 'n' };
const end = { position, timeMs: 2 ** 41 };
const records = [
  { key: 'a', value: Buffer.from('1'), version: 2 ** 40, expiresAtMs: 7 },
  { key: '\u{1f511}', value: Buffer.alloc(0), version: 2, expiresAtMs: undefined },
  { key: 'deleted', value: undefined, version: 3, expiresAtMs: undefined },
  { key: 'k'.repeat(1_024), value: Buffer.alloc(100_000, 9), version: 4, expiresAtMs: 2 ** 41 },
];
const known = ({ value, expiresAtMs, ...rest }: (typeof records)[number]): object => ({
  ...rest,
  ...(value && { value }),
  ...(expiresAtMs && { expiresAtMs }),
});

/** The first two as the storage shows them, the others as writes. */
function written(): Buffer {
  const writer = new DumpRecordsWriter();
  for (const [index, { key, value, version, expiresAtMs }] of records.entries()) {
    if (index > 1 || value === undefined) writer.addWrite(key, value, version, expiresAtMs);
    else {
      const keyStart = 3;
      const memory = Buffer.concat([Buffer.alloc(keyStart), Buffer.from(key), value, Buffer.alloc(3)]);
      const keyEnd = keyStart + Buffer.byteLength(key);
      writer.addStored({ memory, keyStart, keyEnd, valueStart: keyEnd, valueEnd: keyEnd + value.length, version, expiresAtMs });
    }
  }
  return writer.take();
}

test('the parts of a dump are as the proto file says', () => {
  expect(asObject(encodeBegin(begin))).toEqual({ begin });
  expect(asObject(encodeEnd(end))).toEqual({ end });
  expect(asObject(written())).toEqual({ records: { records: records.map(known) } });
  expect(dumpRequestTable.encode(request)).toEqual(Buffer.from(requestType.encode(request).finish()));
});

test('the parts of another writer are read', () => {
  expect(readDumpPart(encoded({ begin }))).toEqual({ type: 'begin', ...begin });
  expect(readDumpPart(encoded({ end }))).toEqual({ type: 'end', ...end });
  const part = readDumpPart(encoded({ records: { records: records.map(known) } }));
  expect(part?.type === 'records' && [...part.records]).toEqual(records);
  expect(readDumpPart(Buffer.from([0x3a, 1, 0]))).toBeUndefined();
});

test('the place of a record has its key, wherever that stands', () => {
  const part = readDumpPart(written());
  if (part?.type !== 'records') expect.fail('no records');
  const keys = Array.from(part.records.places(), ({ memory, start, end, keyStart, keyEnd }) => [
    memory.toString('utf8', keyStart, keyEnd),
    readDumpRecord(memory, start, end).version,
  ]);
  expect(keys).toEqual(records.map(({ key, version }) => [key, version]));
  // Field 3 (the version) before field 1 (the key).
  const turned = readDumpPart(Buffer.from([0x12, 7, 0x0a, 5, 0x18, 9, 0x0a, 1, 0x6b]));
  if (turned?.type !== 'records') expect.fail('no records');
  for (const { memory, keyStart, keyEnd } of turned.records.places()) expect(memory.toString('utf8', keyStart, keyEnd)).toBe('k');
});

test('a part without its position, or cut off, is malformed', () => {
  expect(() => readDumpPart(encoded({ end: { timeMs: 1 } }))).toThrow(MalformedMessage);
  const part = readDumpPart(written().subarray(0));
  expect(part?.type).toBe('records');
  expect(() => readDumpPart(written().subarray(0, -1))).toThrow(MalformedMessage);
});
