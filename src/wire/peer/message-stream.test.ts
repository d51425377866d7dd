import { join } from 'node:path';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { formatVersion } from '../../version.js';
import { protoFolder } from '../contract/proto.js';
import { MalformedMessage } from '../protobuf/protobuf-reader.js';
import { IncomingMessages, OutgoingMessages } from './message-stream.js';
import { ReplicationCodec, readRequest, readResponse, type WireMessage } from './replication-codec.js';

const proto = new protobuf.Root().loadSync(join(protoFolder, 'kv/internal/v1/replication.proto'));
const frameType = proto.lookupType('kv.internal.v1.ReplicateRequests');

type Said = readonly [shard: number, message: WireMessage];
type Body = WireMessage['body'];

/** Few values of each, so that much is said again. */
const replica = (node: string) => fc.integer({ min: 1, max: 2 }).map((number) => `${node}~${number}`);
const flag = fc.boolean();
const sentAtMs = fc.integer({ min: 0, max: 3 }).map((us) => us / 1_000);
const commitIndex = fc.integer({ min: 0, max: 1 });
const number = fc.integer({ min: 0, max: 1 });
const beacon: fc.Arbitrary<Body> = fc.record({
  ...{ type: fc.constant('beacon' as const), sentAtMs, probe: flag, commitIndex, stopping: flag },
  mayLeaveMs: fc.constantFrom(0, 2),
});
const answer: fc.Arbitrary<Body> = fc.record({
  ...{ type: fc.constant('beaconAnswer' as const), sentAtMs, probe: flag, claiming: flag, stopping: flag, leaving: flag },
  ...{ number, complete: flag },
});
const invite: fc.Arbitrary<Body> = fc.record({ type: fc.constant('dumpInvite' as const), number });
const acknowledgement: fc.Arbitrary<Body> = fc.record({
  ...{ type: fc.constant('appendAnswer' as const), number, mismatch: flag, ackedSeq: commitIndex },
});

function saidOf(body: fc.Arbitrary<Body>): fc.Arbitrary<Said> {
  const message = fc.record({
    ...{
      history: fc.constantFrom('', 'h', 'other'),
      epoch: fc.integer({ min: 1, max: 2 }),
      epochId: fc.constantFrom('', 'x', 'y'),
    },
    ...{ from: replica('a'), to: replica('b'), body },
  });
  return fc.tuple(fc.nat(4), message);
}

/** Turns of streams, one stream after the other: each but the last breaks, maybe with frames on their way. */
function streamsOf(body: fc.Arbitrary<Body>) {
  const turns = fc.array(fc.array(saidOf(body), { maxLength: 12 }), { maxLength: 8 });
  return fc.array(fc.record({ turns, lostFrames: fc.nat(2) }), { minLength: 1, maxLength: 4 });
}

function directionOf(read: typeof readRequest | typeof readResponse) {
  const frames: Buffer[] = [];
  const outgoing = new OutgoingMessages('cluster-1', (frame) => frames.push(frame));
  const incoming = new IncomingMessages<Body>('cluster-1', read);
  const say = (all: readonly Said[]): void => {
    for (const [shard, message] of all) outgoing.send(new ReplicationCodec('cluster-1', shard), message);
    outgoing.flush();
  };
  const hear = (frame: Buffer): Said[] => {
    const heard: Said[] = [];
    expect(incoming.read(frame, (shard, message) => heard.push([shard, message]) > 0)).toBeUndefined();
    return heard;
  };
  return { frames, say, hear };
}

test.each([
  ['beacons among other messages', fc.oneof({ weight: 5, arbitrary: beacon }, invite), readRequest],
  ['answers among other messages', fc.oneof({ weight: 5, arbitrary: answer }, acknowledgement), readResponse],
])('%s come out as they went in, over streams that break and begin again', (_, body, read) => {
  fc.assert(
    fc.property(streamsOf(body), (streams) => {
      for (const { turns, lostFrames } of streams) {
        const { frames, say, hear } = directionOf(read);
        const spoken = turns.filter((turn) => turn.length > 0);
        for (const turn of spoken) say(turn);
        expect(frames).toHaveLength(spoken.length);
        const arriving = Math.max(0, frames.length - lostFrames);
        for (let turn = 0; turn < arriving; turn++) expect(hear(frames[turn]!)).toEqual(spoken[turn]);
      }
    }),
  );
});

function beaconOf(shard: number, atMs: number, other: Partial<WireMessage> = {}): Said {
  const body = { type: 'beacon', sentAtMs: atMs, probe: false, commitIndex: 7, stopping: false, mayLeaveMs: 0 } as const;
  return [shard, { history: 'h', epoch: 1, epochId: 'one', from: `a~${shard}`, to: `b~${shard}`, ...other, body }];
}
const shards = Array.from({ length: 256 }, (_, shard) => shard);

test('the beacons of 256 shards that say what they have said before take a hundred bytes, as the proto file describes them', () => {
  const { frames, say, hear } = directionOf(readRequest);
  say(shards.map((shard) => beaconOf(shard, 1)));
  say(shards.map((shard) => beaconOf(shard, 2)));
  expect(frames[1]!.length).toBeLessThan(100);
  const { messages } = frameType.toObject(frameType.decode(frames[1]!), { longs: Number, defaults: true });
  expect(messages).toEqual([
    {
      header: { formatVersion, clusterId: 'cluster-1', shard: 0, history: '', epoch: 0, epochId: '', from: '', to: '' },
      sharedBeacon: { sentAtUs: 2_000, runs: [{ first: 0, count: 256 }] },
    },
  ]);
  hear(frames[0]!);
  expect(hear(frames[1]!)).toEqual(shards.map((shard) => beaconOf(shard, 2)));
});

test('a shard whose primary has ceased to be is not in the next shared beacon, and one of a new epoch is said whole', () => {
  const { frames, say, hear } = directionOf(readRequest);
  say([1, 2, 3].map((shard) => beaconOf(shard, 1)));
  const next = [beaconOf(1, 2), beaconOf(3, 2, { epoch: 9, epochId: 'nine' })];
  say(next);
  hear(frames[0]!);
  expect(hear(frames[1]!)).toEqual(next);
});

test.each([
  ['another history', { history: 'other' }],
  ['another epoch of the same number', { epochId: 'other' }],
  ['a history, where there was none', { history: '' }],
])('a beacon that only differs in being of %s is said whole, and so is the next of the first', (_, other) => {
  const { frames, say, hear } = directionOf(readRequest);
  const turns = [beaconOf(1, 1), beaconOf(1, 2, other), beaconOf(1, 3, other), beaconOf(1, 4)];
  for (const said of turns) say([said]);
  expect(frames.map((frame) => hear(frame))).toEqual(turns.map((said) => [said]));
  const shared = (frame: Buffer) =>
    frameType.toObject(frameType.decode(frame)).messages.every((message: object) => 'sharedBeacon' in message);
  expect(frames.map(shared)).toEqual([false, false, true, false]);
});

test('what was remembered of a stream that broke is of no use on the next', () => {
  const [first, second] = [directionOf(readRequest), directionOf(readRequest)];
  first.say([beaconOf(5, 1)]);
  first.say([beaconOf(5, 2)]);
  expect(() => second.hear(first.frames[1]!)).toThrow(MalformedMessage);
});

test('a shared beacon of more shards than there can be is malformed', () => {
  const header = { formatVersion, clusterId: 'cluster-1' };
  const runs = [
    { first: 1, count: 16_000 },
    { first: 1, count: 1_000_000_000 },
  ];
  const encoded = frameType
    .encode(frameType.fromObject({ messages: [{ header, sharedBeacon: { sentAtUs: 1, runs } }] }))
    .finish();
  expect(() => directionOf(readRequest).hear(Buffer.from(encoded))).toThrow('more shards than there can be');
});

test('whoever wants no more of a shared beacon is shown no more', () => {
  const { frames, say, hear } = directionOf(readRequest);
  say([beaconOf(1, 1), beaconOf(2, 1)]);
  hear(frames[0]!);
  say([beaconOf(1, 2), beaconOf(2, 2)]);
  const incoming = new IncomingMessages('cluster-1', readRequest);
  incoming.read(frames[0]!, () => true);
  const heard: number[] = [];
  incoming.read(frames[1]!, (shard) => heard.push(shard) < 1);
  expect(heard).toEqual([1]);
});

test('a frame of another cluster is refused with the reason, and nothing of it is taken', () => {
  const { frames, say } = directionOf(readRequest);
  say([beaconOf(1, 1)]);
  const heard: number[] = [];
  const refusal = new IncomingMessages('cluster-2', readRequest).read(frames[0]!, (shard) => heard.push(shard) > 0);
  expect(refusal).toContain('cluster-1');
  expect(heard).toEqual([]);
});

test('what the data of a node costs travels with what it says anyway, the last that was told counts', () => {
  const responses = proto.lookupType('kv.internal.v1.ReplicateResponses');
  const amounts: (number | undefined)[] = [undefined, 7 * 2 ** 30, undefined, 0];
  const frames: Buffer[] = [];
  const outgoing = new OutgoingMessages(
    'cluster-1',
    (frame) => frames.push(frame),
    () => amounts.shift(),
  );
  const body = { type: 'appendAnswer', number: 1, mismatch: false, ackedSeq: 1 } as const;
  const heard: unknown[] = [];
  let told: number | undefined;
  const incoming = new IncomingMessages('cluster-1', readResponse, (bytes) => {
    told = bytes;
  });
  for (let frame = 0; frame < 4; frame++) {
    outgoing.send(new ReplicationCodec('cluster-1', 0), { history: 'h', epoch: 1, epochId: 'one', from: 'b~1', to: 'a~1', body });
    outgoing.flush();
    let messages = 0;
    expect(incoming.read(frames[frame]!, () => ++messages > 0)).toBeUndefined();
    heard.push([messages, told]);
  }
  expect(heard).toEqual([undefined, 7 * 2 ** 30, 7 * 2 ** 30, 0].map((bytes) => [1, bytes]));
  expect(responses.toObject(responses.decode(frames[1]!), { longs: Number })).toMatchObject({ dataBytes: 7 * 2 ** 30 });
  outgoing.flush();
  expect(frames).toHaveLength(4);
});
