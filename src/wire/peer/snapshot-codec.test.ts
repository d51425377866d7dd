import { join } from 'node:path';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import type { SnapshotItem } from '../../replication/index.js';
import type { RecordView } from '../../storage/index.js';
import { protoFolder } from '../contract/proto-files.js';
import { peerClusterOf } from './peer-cluster.fixture.js';
import { plainRequest, recordedAnswer } from './recorded-answer.fixture.js';
import { ReplicationCodec } from './replication-codec.js';
import { encodeDumpRequest, readSnapshotBody, type SnapshotBody, SnapshotEncoder } from './snapshot-codec.js';

const proto = new protobuf.Root().loadSync(join(protoFolder, 'kv/internal/v1/replication.proto'));
const requestType = proto.lookupType('kv.internal.v1.DumpRequest');
const messageType = proto.lookupType('kv.internal.v1.DumpMessage');

const codec = new ReplicationCodec(peerClusterOf('cluster-1'), 3);
const header = codec.header({ history: 'h', epoch: 5, epochId: 'five', from: 'a~1', to: 'b~2' });
const longs = { longs: Number, defaults: true } as const;

const number = fc.maxSafeNat();
const item = fc.record({
  key: fc.oneof(fc.string(), fc.string({ unit: 'grapheme', maxLength: 200 })),
  value: fc.uint8Array({ maxLength: 300 }),
  version: fc.oneof(fc.nat(300), number),
  expiresAtMs: fc.option(number, { nil: undefined }),
});
const request = fc.record({
  client: fc.string(),
  number,
  lowest: number,
  fingerprint: fc.nat(2 ** 32 - 1),
  floor: number,
  seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  answer: fc.option(recordedAnswer, { nil: undefined }),
});
const body: fc.Arbitrary<SnapshotBody> = fc.oneof(
  fc.record({
    type: fc.constant('begin' as const),
    baseSeq: number,
    baseEpoch: number,
    baseEpochId: fc.string(),
    requestFloor: number,
    timeMs: number,
  }),
  fc.record({ type: fc.constant('requests' as const), requests: fc.array(request, { maxLength: 20 }) }),
  fc.record({ type: fc.constant('chunk' as const), items: fc.array(item, { minLength: 1, maxLength: 20 }) }),
  fc.record({ type: fc.constant('end' as const), commitIndex: number }),
);

/** The bytes as a primary sends them. */
function encoded(number: number, it: SnapshotBody): Buffer {
  const encoder = new SnapshotEncoder(header, number);
  if (it.type !== 'chunk') return encoder.encode(it);
  for (const { key, ...rest } of it.items) encoder.add(viewOf(Buffer.from(key), rest));
  return encoder.takeChunk();
}

/** The view of a record that lies between other bytes. */
function viewOf(key: Buffer, { value, version, expiresAtMs }: Omit<SnapshotItem, 'key'>): RecordView {
  const memory = Buffer.concat([Buffer.from('before'), key, Buffer.from('between'), value, Buffer.from('after')]);
  const keyStart = 'before'.length;
  const keyEnd = keyStart + key.length;
  const valueStart = keyEnd + 'between'.length;
  return { memory, keyStart, keyEnd, valueStart, valueEnd: valueStart + value.length, version, expiresAtMs };
}

function twinOf(number: number, { type, ...fields }: SnapshotBody): protobuf.Message {
  if (!('requests' in fields)) return messageType.fromObject({ header, number, [type]: fields });
  const requests = fields.requests.map(plainRequest);
  return messageType.fromObject({ header, number, requests: { requests } });
}

describe('a snapshot', () => {
  test('protobufjs reads the written bytes', () => {
    fc.assert(
      fc.property(number, body, (number, it) => {
        const message = messageType.decode(encoded(number, it));
        expect(messageType.toObject(message, { ...longs, bytes: String })).toEqual(
          messageType.toObject(twinOf(number, it), { ...longs, bytes: String }),
        );
      }),
    );
  });

  test('the bytes of protobufjs are read', () => {
    fc.assert(
      fc.property(number, body, (number, it) => {
        const bytes = Buffer.from(messageType.encode(twinOf(number, it)).finish());
        expect(codec.receive(bytes, readSnapshotBody)).toEqual({ kind: 'message', header, number, body: it });
      }),
    );
  });

  test('a message that is truncated anywhere is read up to its end or malformed', () => {
    fc.assert(
      fc.property(number, body, (number, it) => {
        const bytes = encoded(number, it);
        for (let length = 0; length < bytes.length; length++) {
          const found = codec.receive<unknown>(bytes.subarray(0, length), readSnapshotBody);
          if (found.kind === 'message') expect(found.body).toBeUndefined();
          if (found.kind === 'refused') expect(length).toBe(0);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('no bytes of a body make the reader throw', () => {
    const begun = encodeDumpRequest(header, 7);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.integer({ min: 2, max: 6 }), (bytes, field) => {
        const message = Buffer.concat([begun, Uint8Array.of((field << 3) | 2, bytes.length), bytes]);
        expect(['message', 'malformed']).toContain(codec.receive<unknown>(message, readSnapshotBody).kind);
      }),
      { numRuns: 2_000 },
    );
  });

  test('the call agrees with the proto file', () => {
    fc.assert(
      fc.property(number, (number) => {
        const bytes = encodeDumpRequest(header, number);
        expect(requestType.toObject(requestType.decode(bytes), longs)).toEqual({ header, number });
        expect(codec.receive(bytes, () => 'nothing')).toEqual({ kind: 'message', header, number, body: 'nothing' });
      }),
    );
  });
});
