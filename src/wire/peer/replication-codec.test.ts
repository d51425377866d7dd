import { join } from 'node:path';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { supportedFormats } from '../../formats.js';
import type { BodyOf, LogEntry, Message } from '../../replication/index.js';
import { protoFolder } from '../contract/proto-files.js';
import { ProtobufReader } from '../protobuf/protobuf-reader.js';
import { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import { peerClusterOf } from './peer-cluster.fixture.js';
import { plainRequest, recordedAnswer } from './recorded-answer.fixture.js';
import { ReplicationCodec, readMessageBody, type WireMessage } from './replication-codec.js';

const formatVersion = supportedFormats.newest;

/** The twin of the codec: protobufjs, which reads the proto file. */
const proto = new protobuf.Root().loadSync(join(protoFolder, 'kv/internal/v1/replication.proto'));
const type = proto.lookupType('kv.internal.v1.ReplicateMessage');

type Body = Message['body'];
type AnyBody = WireMessage['body'];

const codec = new ReplicationCodec(peerClusterOf('cluster-1'), 3);
const newCodec = (inUse: number) => new ReplicationCodec(peerClusterOf('cluster-1', supportedFormats, inUse), 3);

/** The message without its frame. */
function encode(message: WireMessage, inUse = formatVersion): Buffer {
  const writer = new ProtobufWriter();
  newCodec(inUse).write(writer, message);
  const frame = writer.take();
  const reader = new ProtobufReader(frame);
  reader.tag();
  return frame.subarray(reader.bytes(), reader.position);
}

const number = fc.maxSafeNat();
const seq = fc.oneof(fc.nat(300), fc.maxSafeNat());
const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme', maxLength: 200 }));
/** A time of whole microseconds, which is the same after encoding and decoding. */
const ms = fc.nat(2 ** 31).map((us) => us / 1_000);
const request = fc.record({
  client: fc.oneof(text, fc.constantFrom('one', 'other')),
  number: seq,
  lowest: seq,
  fingerprint: fc.nat(2 ** 32 - 1),
  floor: fc.oneof(fc.constant(0), seq),
  answer: fc.option(recordedAnswer, { nil: undefined }),
});
const content = fc.record({
  writes: fc.array(
    fc.record({
      key: text,
      value: fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined }),
      expiresAtMs: fc.option(seq, { nil: undefined }),
    }),
    { maxLength: 4 },
  ),
  epoch: fc.integer({ min: 1, max: 2 }),
  request: fc.option(request, { nil: undefined }),
  atMs: fc.option(seq, { nil: undefined }),
});
/** With consecutive seqs, and few different epochs and clients. */
const entries: fc.Arbitrary<LogEntry[]> = fc
  .tuple(fc.nat(2 ** 50), fc.array(content, { maxLength: 20 }))
  .map(([before, contents]) =>
    contents.map(({ request: executed, ...rest }, at) => {
      const seq = before + at + 1;
      return { seq, ...rest, request: executed && { ...executed, seq } };
    }),
  );
const run = fc.record({ epoch: seq, id: text, firstSeq: seq });
const mark = fc.oneof(
  fc.record({ epoch: seq, id: text }),
  fc.record({ epoch: seq, id: text, removals: fc.integer({ min: 1, max: 2 ** 40 }) }),
);
const log = fc.record({
  baseSeq: seq,
  baseEpoch: seq,
  baseEpochId: text,
  lastSeq: seq,
  history: fc.array(run, { maxLength: 5 }),
});

/** The entries follow the position that it names. */
function appendOf(fields: Parameters<typeof fc.record<BodyOf<'append'>>>[0]): fc.Arbitrary<BodyOf<'append'>> {
  return fc.record(fields).map((body) => ({ ...body, prevSeq: (body.entries[0]?.seq ?? body.prevSeq + 1) - 1 }));
}

function ofType<Type extends string>(type: Type): fc.Arbitrary<Type> {
  return fc.constant(type);
}

const requests = {
  beacon: fc.record({
    type: ofType('beacon'),
    sentAtMs: ms,
    probe: fc.boolean(),
    commitIndex: seq,
    stopping: fc.boolean(),
    mayLeaveMs: ms,
  }),
  sync: fc.record({
    type: ofType('sync'),
    number,
    log,
    lineage: fc.array(mark, { maxLength: 5 }),
    commitIndex: seq,
    timeMs: seq,
    timeOffsetMs: fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
  }),
  append: appendOf({
    type: ofType('append'),
    number,
    prevSeq: seq,
    prevEpoch: seq,
    prevEpochId: text,
    runs: fc.array(run, { maxLength: 5 }),
    entries,
    commitIndex: seq,
    flush: fc.boolean(),
  }),
  dumpInvite: fc.record({ type: ofType('dumpInvite'), number }),
  stateChanged: fc.record({ type: ofType('stateChanged') }),
};
const responses = {
  beaconAnswer: fc.record({
    type: ofType('beaconAnswer'),
    sentAtMs: ms,
    probe: fc.boolean(),
    claiming: fc.boolean(),
    stopping: fc.boolean(),
    number,
    complete: fc.boolean(),
    leaving: fc.boolean(),
  }),
  syncAnswer: fc.record({ type: ofType('syncAnswer'), number, dumpNeeded: fc.boolean(), matchedSeq: seq, unflushed: seq }),
  appendAnswer: fc.record({ type: ofType('appendAnswer'), number, mismatch: fc.boolean(), ackedSeq: seq, unflushed: seq }),
  higherEpoch: fc.record({ type: ofType('higherEpoch') }),
  wrongReplica: fc.record({ type: ofType('wrongReplica') }),
  otherHistory: fc.record({ type: ofType('otherHistory') }),
};

const around = fc.record({ history: text, epoch: seq, epochId: text, from: text, to: text });
const ends = { history: 'h', epoch: 1, epochId: 'one', from: 'a', to: 'b' };

/** The body with the field names of the proto file. */
function asProto(body: AnyBody, toWhole = Math.floor): object {
  const { type: _, ...fields } = body as Record<string, unknown> & AnyBody;
  if (body.type === 'sync') {
    const { type: _type, log, ...rest } = body;
    return { ...log, ...rest };
  }
  if (body.type === 'append') return { ...fields, entries: body.entries.map(asProtoEntry) };
  const times = Object.entries(fields).map(([name, value]) =>
    name.endsWith('Ms') ? [name.replace(/Ms$/, 'Us'), toWhole((value as number) * 1_000)] : [name, value],
  );
  return Object.fromEntries(times);
}

const entryType = proto.lookupType('kv.internal.v1.Entry');
/** Fields that are absent stay absent. */
const plainly = { longs: Number, arrays: true };

function asProtoEntry({ request, ...entry }: LogEntry): Uint8Array {
  const writes = entry.writes.map(defined);
  if (request === undefined) return entryType.encode({ ...defined(entry), writes }).finish();
  const { seq: _, ...fields } = request;
  return entryType.encode({ ...defined(entry), writes, request: plainRequest(fields) }).finish();
}

/** An entry as protobufjs reads it, without the numbers that stand for a request. */
type PlainEntry = Record<string, unknown> & { readonly requestNumbers: readonly number[]; readonly answer?: object };

function plainEntry(bytes: Uint8Array): PlainEntry {
  return entryType.toObject(entryType.decode(bytes), plainly) as PlainEntry;
}

/** The entries of an Append as if each had come by itself. */
function entriesIn(message: protobuf.Message): object[] {
  const { entries, groups } = type.toObject(message, plainly).append;
  const grouped = groups.flatMap((group: { entries: readonly PlainEntry[] }) =>
    group.entries.map((entry, at) => entryAlone(entry, at, group as never)),
  );
  return [...entries.map(plainEntry), ...grouped];
}

function entryAlone(
  { requestNumbers, answer, ...entry }: PlainEntry,
  at: number,
  { clients, firstSeq, epoch }: { readonly clients: readonly string[]; readonly firstSeq: number; readonly epoch: number },
): object {
  const alone = { epoch, ...entry, seq: firstSeq + at, requestNumbers: [] };
  if (requestNumbers.length === 0) return alone;
  const [client, number, below, fingerprint] = requestNumbers as [number, number, number, number];
  const request = { client: clients[client]!, number, lowest: number - below, fingerprint, floor: 0, answer: undefined };
  return { ...alone, request: { ...plainRequest(request), ...(answer === undefined ? {} : { answer }) } };
}

/** protobufjs writes the fields that are there. */
function defined(message: object): object {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined));
}

function fromProto(type: protobuf.Type, bytes: Uint8Array): Record<string, Record<string, unknown>> {
  return type.toObject(type.decode(bytes), { longs: Number, defaults: true, oneofs: false });
}

function received(bytes: Buffer): AnyBody | undefined {
  const found = codec.receive<AnyBody | undefined>(bytes, readMessageBody);
  if (found.kind !== 'message') throw new Error(found.reason);
  return found.body;
}

describe.each([
  { what: 'requests', bodies: requests },
  { what: 'responses', bodies: responses },
])('$what between replicas', ({ bodies }) => {
  const cases = Object.entries(bodies) as [string, fc.Arbitrary<AnyBody>][];

  test.each(cases)('%s: protobufjs reads the written bytes', (field, body) => {
    fc.assert(
      fc.property(around, body, (ends, it) => {
        const message = fromProto(type, encode({ ...ends, body: it }));
        expect(message.header).toEqual({ formatVersion, clusterId: 'cluster-1', shard: 3, ...ends });
        const expected = type.toObject(type.fromObject({ [field]: asProto(it) }), { longs: Number, defaults: true });
        if (it.type === 'append') {
          for (const format of [6, 7]) {
            const written = type.decode(encode({ ...ends, body: it }, format));
            expect(entriesIn(written)).toEqual(it.entries.map((entry) => plainEntry(asProtoEntry(entry))));
          }
          Object.assign(expected.append, { entries: message.append!.entries, groups: message.append!.groups });
        }
        expect(message[field]).toEqual(expected[field]);
      }),
    );
  });

  test.each(cases)('%s: the bytes of protobufjs are read', (field, body) => {
    fc.assert(
      fc.property(around, body, (ends, it) => {
        const header = { formatVersion, clusterId: 'cluster-1', shard: 3, ...ends };
        const bytes = Buffer.from(type.encode(type.fromObject({ header, [field]: asProto(it, Math.round) })).finish());
        const found = codec.receive<unknown>(bytes, readMessageBody);
        expect(found).toEqual({ kind: 'message', header, number: 0, body: it });
      }),
    );
  });

  test.each(cases)('%s: truncated anywhere, it is read up to its end or malformed', (_field, body) => {
    fc.assert(
      fc.property(around, body, (ends, it) => {
        const bytes = encode({ ...ends, body: it });
        for (let length = 0; length < bytes.length; length++) {
          const part = bytes.subarray(0, length);
          const found = codec.receive<unknown>(part, readMessageBody);
          // The header is a message of its own, so it is either complete or missing.
          if (found.kind === 'message') expect(found).toMatchObject({ body: undefined, header: ends });
          if (found.kind === 'refused') expect(length).toBe(0);
        }
      }),
      { numRuns: 10 },
    );
  });

  test('no bytes make the reader throw', () => {
    const header = encode({ ...ends, body: { type: 'stateChanged' } }).subarray(0, -2);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.integer({ min: 2, max: 13 }), (bytes, field) => {
        for (const message of [
          Buffer.from(bytes),
          Buffer.concat([header, Uint8Array.of((field << 3) | 2, bytes.length), bytes]),
        ]) {
          expect(['message', 'refused', 'malformed']).toContain(codec.receive<unknown>(message, readMessageBody).kind);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('messages between replicas', () => {
  const entries: LogEntry[] = [
    { seq: 10, epoch: 3, writes: [{ key: 'ключ', value: new Uint8Array([0, 255, 10]) }] },
    { seq: 11, epoch: 3, writes: [{ key: 'k', value: undefined }] },
    { seq: 12, epoch: 3, writes: [{ key: 'k', value: new Uint8Array(0) }] },
  ];
  const append = (entries: LogEntry[]): Body => ({
    type: 'append',
    number: 7,
    prevSeq: 9,
    prevEpoch: 3,
    prevEpochId: 'three',
    runs: [{ epoch: 3, id: 'three', firstSeq: 10 }],
    entries,
    commitIndex: 9,
    flush: entries.length === 0,
  });

  test('the sending time of a beacon never arrives as a later time', () => {
    const body = {
      type: 'beacon',
      sentAtMs: 1_234.567_89,
      probe: false,
      commitIndex: 0,
      stopping: false,
      mayLeaveMs: 0,
    } as const;
    const arrived = received(encode({ ...ends, body }));
    expect(arrived?.type === 'beacon' && arrived.sentAtMs).toBeLessThanOrEqual(body.sentAtMs);
  });

  test('an entry does not keep its message alive', () => {
    const bytes = encode({ ...ends, body: append(entries) });
    const arrived = received(bytes);
    expect(arrived).toEqual(append(entries));
    bytes.fill(0);
    expect(arrived).toEqual(append(entries));
  });

  test('an entry whose key is not UTF-8 is malformed, and does not become another', () => {
    const bytes = encode({
      ...ends,
      body: append([{ seq: 1, epoch: 1, writes: [{ key: 'keykey', value: undefined }] }]),
    });
    bytes[bytes.indexOf('keykey')] = 0xff;
    expect(codec.receive(bytes, readMessageBody)).toMatchObject({ kind: 'malformed', reason: expect.stringContaining('UTF-8') });
  });

  test.each([6, 7])('entries of format %i that do not follow the position of their append are malformed', (format) => {
    const body = append(entries);
    expect(received(encode({ ...ends, body }, format))).toEqual(body);
    for (const wrong of [
      { ...body, prevSeq: 8 },
      { ...body, prevSeq: 10 },
    ]) {
      const found = codec.receive(encode({ ...ends, body: wrong as Body }, format), readMessageBody);
      expect(found).toMatchObject({ kind: 'malformed', reason: expect.stringContaining('does not follow') });
    }
  });

  test('a body of an unknown kind is ignored', () => {
    const bytes = encode({ ...ends, body: { type: 'stateChanged' } });
    bytes[bytes.length - 2] = (14 << 3) | 2;
    expect(codec.receive(bytes, readMessageBody)).toMatchObject({ kind: 'message', body: undefined });
  });

  test.each([
    ['a format that is not supported', { formatVersion: formatVersion + 1 }],
    ['another cluster', { clusterId: 'cluster-2' }],
    ['another shard', { shard: 1 }],
  ])('a message of %s is refused with the reason, for any body', (_what, other) => {
    const header = { ...codec.header(ends), ...other };
    const bytes = Buffer.concat([type.encode({ header }).finish(), Buffer.from([(4 << 3) | 2, 1, 0xff])]);
    expect(codec.receive(bytes, readMessageBody)).toEqual({
      kind: 'refused',
      reason: expect.stringContaining(String(Object.values(other)[0])),
    });
    expect(codec.reasonToRefuse(codec.header(ends))).toBeUndefined();
  });

  test('a message without a header is refused', () => {
    expect(codec.receive(Buffer.alloc(0), readMessageBody).kind).toBe('refused');
  });
});
