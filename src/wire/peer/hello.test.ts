import { join } from 'node:path';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { formatVersion } from '../../version.js';
import { protoFolder } from '../contract/proto-files.js';
import { MalformedMessage } from '../protobuf/protobuf-reader.js';
import { decodeHello, encodeHello } from './hello.js';

const frameType = new protobuf.Root()
  .loadSync(join(protoFolder, 'kv/internal/v1/replication.proto'))
  .lookupType('kv.internal.v1.ReplicateFrame');
const hello = { nodeId: 'a', incarnation: 'one', to: 'b', connection: 'one/1', lost: 'two/7' };

test('a Hello is written as the proto file describes it, and read back', () => {
  const frame = encodeHello(hello);
  expect(frameType.toObject(frameType.decode(frame))).toEqual({ hello: { formatVersion, ...hello } });
  expect(decodeHello(frame)).toEqual(hello);
});

test.each([
  ['of another format version', { hello: { ...hello, formatVersion: 99 } }, 'format version 99'],
  ['of no format version', { hello }, 'format version 0'],
  ['that has no Hello', { dataBytes: 7 }, 'no Hello'],
])('a first frame %s is refused with the reason', (_, frame, reason) => {
  const bytes = Buffer.from(frameType.encode(frameType.fromObject(frame)).finish());
  expect(() => decodeHello(bytes)).toThrow(MalformedMessage);
  expect(() => decodeHello(bytes)).toThrow(reason);
});
