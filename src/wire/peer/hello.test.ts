import { join } from 'node:path';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { ClusterFormat, supportedFormats } from '../../formats.js';
import { protoFolder } from '../contract/proto-files.js';
import { MalformedMessage } from '../protobuf/protobuf-reader.js';
import { decodeHello, encodeHello } from './hello.js';

const frameType = new protobuf.Root()
  .loadSync(join(protoFolder, 'kv/internal/v1/replication.proto'))
  .lookupType('kv.internal.v1.ReplicateFrame');
const formatVersion = supportedFormats.newest;
const format = new ClusterFormat(supportedFormats, formatVersion);
const hello = { nodeId: 'a', incarnation: 'one', to: 'b', connection: 'one/1', lost: 'two/7' };

test('a Hello is written as the proto file describes it, and read back', () => {
  const frame = encodeHello(hello, format);
  expect(frameType.toObject(frameType.decode(frame))).toEqual({ hello: { formatVersion, ...hello } });
  expect(decodeHello(frame, format)).toEqual(hello);
});

test.each([
  ['of a format that is not supported', { hello: { ...hello, formatVersion: 99 } }, 'format version 99'],
  ['of no format version', { hello }, 'format version 0'],
  ['that has no Hello', { dataBytes: 7 }, 'no Hello'],
])('a first frame %s is refused with the reason', (_, frame, reason) => {
  const bytes = Buffer.from(frameType.encode(frameType.fromObject(frame)).finish());
  expect(() => decodeHello(bytes, format)).toThrow(MalformedMessage);
  expect(() => decodeHello(bytes, format)).toThrow(reason);
});

test('a Hello names the format in use, is read in every supported format, and raises an older one', () => {
  const [old, both] = [
    { oldest: 5, newest: 5 },
    { oldest: 5, newest: 6 },
  ];
  const upgraded = new ClusterFormat(both, 5);
  const behind = new ClusterFormat(both, 5);
  expect(decodeHello(encodeHello(hello, upgraded), new ClusterFormat(old, 5))).toEqual(hello);
  upgraded.learn(6);
  expect(decodeHello(encodeHello(hello, upgraded), behind)).toEqual(hello);
  expect(behind.inUse).toBe(6);
  expect(() => decodeHello(encodeHello(hello, upgraded), new ClusterFormat(old, 5))).toThrow('this node supports format 5');
});
