import { join } from 'node:path';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { supportedFormats } from '../../formats.js';
import { protoFolder } from '../contract/proto-files.js';
import { MalformedMessage } from '../protobuf/protobuf-reader.js';
import { IncomingMessages, OutgoingMessages } from './message-stream.js';
import { peerClusterOf } from './peer-cluster.fixture.js';
import { type Header, type PeerCluster, ReplicationCodec, type WireMessage } from './replication-codec.js';

const formatVersion = supportedFormats.newest;

const proto = new protobuf.Root().loadSync(join(protoFolder, 'kv/internal/v1/replication.proto'));
const frameType = proto.lookupType('kv.internal.v1.ReplicateFrame');

type Addressed = readonly [shard: number, message: WireMessage];
type Body = WireMessage['body'];

/** Few values of each field, so that many messages repeat earlier ones. */
const replica = (node: string) => fc.integer({ min: 1, max: 2 }).map((number) => `${node}~${number}`);
const flag = fc.boolean();
const sentAtMs = fc.integer({ min: 0, max: 3 }).map((us) => us / 1_000);
const commitIndex = fc.integer({ min: 0, max: 1 });
const number = fc.integer({ min: 0, max: 1 });
const beacon: fc.Arbitrary<Body> = fc.record({
  type: fc.constant('beacon' as const),
  sentAtMs,
  probe: flag,
  commitIndex,
  stopping: flag,
  mayLeaveMs: fc.constantFrom(0, 2),
});
const answer: fc.Arbitrary<Body> = fc.record({
  type: fc.constant('beaconAnswer' as const),
  sentAtMs,
  probe: flag,
  claiming: flag,
  stopping: flag,
  leaving: flag,
  number,
  complete: flag,
});
const invite: fc.Arbitrary<Body> = fc.record({ type: fc.constant('dumpInvite' as const), number });
const acknowledgement: fc.Arbitrary<Body> = fc.record({
  type: fc.constant('appendAnswer' as const),
  number,
  mismatch: flag,
  ackedSeq: commitIndex,
  unflushed: commitIndex,
});

function addressed(body: fc.Arbitrary<Body>): fc.Arbitrary<Addressed> {
  const message = fc.record({
    history: fc.constantFrom('', 'h', 'other'),
    epoch: fc.integer({ min: 1, max: 2 }),
    epochId: fc.constantFrom('', 'x', 'y'),
    from: replica('a'),
    to: replica('b'),
    body,
  });
  return fc.tuple(fc.nat(4), message);
}

/**
 * The turns of several streams in succession. Each stream but the last breaks, and may lose frames that were not
 * received.
 */
function streamsOf(body: fc.Arbitrary<Body>) {
  const turns = fc.array(fc.array(addressed(body), { maxLength: 12 }), { maxLength: 8 });
  return fc.array(fc.record({ turns, lostFrames: fc.nat(2) }), { minLength: 1, maxLength: 4 });
}

function directionOf() {
  const frames: Buffer[] = [];
  const outgoing = new OutgoingMessages(peerClusterOf('cluster-1'), { queuedBytes: 0, send: (frame) => frames.push(frame) > 0 });
  const incoming = new IncomingMessages(peerClusterOf('cluster-1'));
  const send = (all: readonly Addressed[]): void => {
    for (const [shard, message] of all) outgoing.send(new ReplicationCodec(peerClusterOf('cluster-1'), shard), message);
    outgoing.flush();
  };
  const receive = (frame: Buffer): Addressed[] => {
    const received: Addressed[] = [];
    expect(incoming.read(frame, (shard, message) => received.push([shard, message]) > 0)).toBeUndefined();
    return received;
  };
  return { frames, send, receive };
}

test.each([
  ['beacons among other messages', fc.oneof({ weight: 5, arbitrary: beacon }, invite)],
  ['answers among other messages', fc.oneof({ weight: 5, arbitrary: answer }, acknowledgement)],
  [
    'beacons and answers among other messages',
    fc.oneof({ weight: 5, arbitrary: fc.oneof(beacon, answer) }, invite, acknowledgement),
  ],
])('%s arrive as they were sent, over streams that break and begin again', (_, body) => {
  fc.assert(
    fc.property(streamsOf(body), (streams) => {
      for (const { turns, lostFrames } of streams) {
        const { frames, send, receive } = directionOf();
        const sent = turns.filter((turn) => turn.length > 0);
        for (const turn of sent) send(turn);
        expect(frames).toHaveLength(sent.length);
        const arriving = Math.max(0, frames.length - lostFrames);
        for (let turn = 0; turn < arriving; turn++) expect(receive(frames[turn]!)).toEqual(sent[turn]);
      }
    }),
  );
});

function beaconOf(shard: number, atMs: number, other: Partial<WireMessage> = {}): Addressed {
  const body = { type: 'beacon', sentAtMs: atMs, probe: false, commitIndex: 7, stopping: false, mayLeaveMs: 0 } as const;
  return [shard, { history: 'h', epoch: 1, epochId: 'one', from: `a~${shard}`, to: `b~${shard}`, ...other, body }];
}
const shards = Array.from({ length: 256 }, (_, shard) => shard);

test('repeated beacons of 256 shards take a hundred bytes, as the proto file describes them', () => {
  const { frames, send, receive } = directionOf();
  send(shards.map((shard) => beaconOf(shard, 1)));
  send(shards.map((shard) => beaconOf(shard, 2)));
  expect(frames[1]!.length).toBeLessThan(100);
  const { messages } = frameType.toObject(frameType.decode(frames[1]!), { longs: Number, defaults: true });
  expect(messages).toEqual([
    {
      header: { formatVersion, clusterId: 'cluster-1', shard: 0, history: '', epoch: 0, epochId: '', from: '', to: '' },
      sharedBeacon: { sentAtUs: 2_000, runs: [{ first: 0, count: 256 }] },
    },
  ]);
  receive(frames[0]!);
  expect(receive(frames[1]!)).toEqual(shards.map((shard) => beaconOf(shard, 2)));
});

test('the next shared beacon leaves out a shard that has lost its primary, and a beacon of a new epoch is sent whole', () => {
  const { frames, send, receive } = directionOf();
  send([1, 2, 3].map((shard) => beaconOf(shard, 1)));
  const next = [beaconOf(1, 2), beaconOf(3, 2, { epoch: 9, epochId: 'nine' })];
  send(next);
  receive(frames[0]!);
  expect(receive(frames[1]!)).toEqual(next);
});

test.each([
  ['another history', { history: 'other' }],
  ['another epoch of the same number', { epochId: 'other' }],
  ['a history, where there was none', { history: '' }],
])('a beacon that differs only by being of %s is sent whole, and so is the next one of the first kind', (_, other) => {
  const { frames, send, receive } = directionOf();
  const turns = [beaconOf(1, 1), beaconOf(1, 2, other), beaconOf(1, 3, other), beaconOf(1, 4)];
  for (const sent of turns) send([sent]);
  expect(frames.map((frame) => receive(frame))).toEqual(turns.map((sent) => [sent]));
  const shared = (frame: Buffer) =>
    frameType.toObject(frameType.decode(frame)).messages.every((message: object) => 'sharedBeacon' in message);
  expect(frames.map(shared)).toEqual([false, false, true, false]);
});

test('the memory of a broken stream does not serve the next stream', () => {
  const [first, second] = [directionOf(), directionOf()];
  first.send([beaconOf(5, 1)]);
  first.send([beaconOf(5, 2)]);
  expect(() => second.receive(first.frames[1]!)).toThrow(MalformedMessage);
});

test('a shared beacon of impossibly many shards is malformed', () => {
  const header = { formatVersion, clusterId: 'cluster-1' };
  const runs = [
    { first: 1, count: 16_000 },
    { first: 1, count: 1_000_000_000 },
  ];
  const encoded = frameType
    .encode(frameType.fromObject({ messages: [{ header, sharedBeacon: { sentAtUs: 1, runs } }] }))
    .finish();
  expect(() => directionOf().receive(Buffer.from(encoded))).toThrow('more shards than there can be');
});

test('a reader that returns false gets no more messages of a shared beacon', () => {
  const { frames, send, receive } = directionOf();
  send([beaconOf(1, 1), beaconOf(2, 1)]);
  receive(frames[0]!);
  send([beaconOf(1, 2), beaconOf(2, 2)]);
  const incoming = new IncomingMessages(peerClusterOf('cluster-1'));
  incoming.read(frames[0]!, () => true);
  const received: number[] = [];
  incoming.read(frames[1]!, (shard) => received.push(shard) < 1);
  expect(received).toEqual([1]);
});

test('a frame of another cluster is refused with the reason, and nothing of it is used', () => {
  const { frames, send } = directionOf();
  send([beaconOf(1, 1)]);
  const received: number[] = [];
  const refusal = new IncomingMessages(peerClusterOf('cluster-2')).read(frames[0]!, (shard) => received.push(shard) > 0);
  expect(refusal).toContain('cluster-1');
  expect(received).toEqual([]);
});

test("a frame reports the cost of the node's data, and the last report counts", () => {
  const amounts: (number | undefined)[] = [undefined, 7 * 2 ** 30, undefined, 0];
  const frames: Buffer[] = [];
  const outgoing = new OutgoingMessages(
    peerClusterOf('cluster-1'),
    { queuedBytes: 0, send: (frame) => frames.push(frame) > 0 },
    () => amounts.shift(),
  );
  const body = { type: 'appendAnswer', number: 1, mismatch: false, ackedSeq: 1, unflushed: 0 } as const;
  const received: unknown[] = [];
  let reported: number | undefined;
  const incoming = new IncomingMessages(peerClusterOf('cluster-1'), (bytes) => {
    reported = bytes;
  });
  for (let frame = 0; frame < 4; frame++) {
    outgoing.send(new ReplicationCodec(peerClusterOf('cluster-1'), 0), {
      history: 'h',
      epoch: 1,
      epochId: 'one',
      from: 'b~1',
      to: 'a~1',
      body,
    });
    outgoing.flush();
    let messages = 0;
    expect(incoming.read(frames[frame]!, () => ++messages > 0)).toBeUndefined();
    received.push([messages, reported]);
  }
  expect(received).toEqual([undefined, 7 * 2 ** 30, 7 * 2 ** 30, 0].map((bytes) => [1, bytes]));
  expect(frameType.toObject(frameType.decode(frames[1]!), { longs: Number })).toMatchObject({ dataBytes: 7 * 2 ** 30 });
  outgoing.flush();
  expect(frames).toHaveLength(4);
});

describe('appends give way', () => {
  const entryBytes = 100 * 1024;
  const append = (shard: number): Addressed => {
    const entries = [{ seq: 1, epoch: 1, writes: [{ key: 'k', value: new Uint8Array(entryBytes) }] }];
    const body = {
      type: 'append',
      number: 1,
      prevSeq: 0,
      prevEpoch: 0,
      prevEpochId: '',
      runs: [],
      entries,
      commitIndex: 0,
      flush: false,
    } as const;
    return [shard, { history: 'h', epoch: 1, epochId: 'one', from: `a~${shard}`, to: `b~${shard}`, body }];
  };
  const types = (frames: readonly Buffer[], incoming: IncomingMessages): string[] => {
    const found: string[] = [];
    for (const frame of frames) incoming.read(frame, (shard, { body }) => found.push(`${body.type} ${shard}`) > 0);
    return found;
  };

  test('to a beacon of the same turn, and wait while much waits to leave, which a beacon does not', () => {
    const frames: Buffer[] = [];
    const sink = {
      queuedBytes: 0,
      send: (frame: Buffer) => {
        frames.push(frame);
        sink.queuedBytes += frame.length;
        return sink.queuedBytes < 256 * 1024;
      },
    };
    const outgoing = new OutgoingMessages(peerClusterOf('cluster-1'), sink);
    const incoming = new IncomingMessages(peerClusterOf('cluster-1'));
    const send = (...all: Addressed[]): string[] => {
      frames.length = 0;
      for (const [shard, message] of all) outgoing.send(new ReplicationCodec(peerClusterOf('cluster-1'), shard), message);
      outgoing.flush();
      return types(frames, incoming);
    };
    const drained = (): string[] => {
      frames.length = 0;
      sink.queuedBytes = 0;
      outgoing.drained();
      return types(frames, incoming);
    };
    const five = [1, 2, 3, 4, 5].map(append);
    expect(send(...five, beaconOf(9, 1))).toEqual(['beacon 9', 'append 1', 'append 2', 'append 3']);
    expect(send(beaconOf(9, 2), append(6))).toEqual(['beacon 9']);
    expect(drained()).toEqual(['append 4', 'append 5', 'append 6']);
    expect(drained()).toEqual([]);
    expect(send(append(7))).toEqual(['append 7']);
  });

  test('a beacon is left out while far too much waits, and the next one is sent as if it had not been', () => {
    const { frames, send, receive } = directionOf();
    const stuck: Buffer[] = [];
    const sink = { queuedBytes: 2 * 1024 * 1024, send: (frame: Buffer) => stuck.push(frame) > 0 };
    const outgoing = new OutgoingMessages(peerClusterOf('cluster-1'), sink);
    outgoing.send(new ReplicationCodec(peerClusterOf('cluster-1'), 1), beaconOf(1, 1)[1]);
    outgoing.flush();
    expect(stuck).toEqual([]);
    sink.queuedBytes = 0;
    outgoing.send(new ReplicationCodec(peerClusterOf('cluster-1'), 1), beaconOf(1, 2)[1]);
    outgoing.flush();
    send([beaconOf(1, 2)]);
    expect(stuck).toEqual(frames);
    expect(receive(stuck[0]!)).toEqual([beaconOf(1, 2)]);
  });
});

test('after the format was raised every beacon is sent whole again, and the other node follows before it handles the message', () => {
  const [oldest, newest] = [formatVersion - 1, formatVersion];
  const [sender, receiver] = [0, 1].map(() => peerClusterOf('cluster-1', { oldest, newest }, oldest)) as [
    PeerCluster,
    PeerCluster,
  ];
  const frames: Buffer[] = [];
  const outgoing = new OutgoingMessages(sender, { queuedBytes: 0, send: (frame) => frames.push(frame) > 0 });
  const incoming = new IncomingMessages(receiver);
  const tooOld = new IncomingMessages(peerClusterOf('cluster-1', { oldest, newest: oldest }));
  const turn = [1, 2].map((shard) => beaconOf(shard, 1));
  const steps = [
    { raise: false, headers: [oldest, oldest] },
    { raise: false, headers: [oldest] },
    { raise: true, headers: [newest, newest] },
    { raise: false, headers: [newest] },
  ];
  for (const [at, { raise, headers }] of steps.entries()) {
    if (raise) sender.format.learn(newest);
    for (const [shard, message] of turn) outgoing.send(new ReplicationCodec(sender, shard), message);
    outgoing.flush();
    const { messages } = frameType.toObject(frameType.decode(frames[at]!));
    expect(messages.map(({ header }: { header: Header }) => header.formatVersion)).toEqual(headers);
    const handledIn: number[] = [];
    incoming.read(frames[at]!, () => handledIn.push(receiver.format.inUse) > 0);
    expect(handledIn).toEqual(turn.map(() => headers[0]));
    expect(tooOld.read(frames[at]!, () => true)).toBe(
      headers[0] === oldest ? undefined : `format version ${newest}; this node supports format ${oldest}`,
    );
  }
});

test('a message that repeats its header does so only within one format', () => {
  const [oldest, newest] = [formatVersion - 1, formatVersion];
  const cluster = peerClusterOf('cluster-1', { oldest, newest }, oldest);
  const frames: Buffer[] = [];
  const outgoing = new OutgoingMessages(cluster, { queuedBytes: 0, send: (frame) => frames.push(frame) > 0 });
  const codec = new ReplicationCodec(cluster, 1);
  const [, { body: _, ...header }] = beaconOf(1, 1);
  const entries = [{ seq: 1, epoch: 1, writes: [{ key: 'k', value: Uint8Array.of(7) }] }];
  const append = {
    ...header,
    body: {
      type: 'append',
      number: 1,
      prevSeq: 0,
      prevEpoch: 0,
      prevEpochId: '',
      commitIndex: 0,
      flush: false,
      runs: [],
      entries,
    },
  } as const;
  for (const raise of [false, false, true, false]) {
    if (raise) cluster.format.learn(newest);
    outgoing.send(codec, append);
    outgoing.flush();
  }
  const versions = frames.map((frame) => frameType.toObject(frameType.decode(frame)).messages[0].header?.formatVersion);
  expect(versions).toEqual([oldest, undefined, newest, undefined]);
  const incoming = new IncomingMessages(peerClusterOf('cluster-1', { oldest, newest }, oldest));
  const received: WireMessage[] = [];
  for (const frame of frames) incoming.read(frame, (_shard, message) => received.push(message) > 0);
  expect(received).toEqual([append, append, append, append]);
});
