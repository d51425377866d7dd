import { join } from 'node:path';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { protoFolder } from '../contract/proto-files.js';
import { MalformedMessage } from '../protobuf/protobuf-reader.js';
import { FrameWriter, readFrame } from './message-frame.js';
import { peerClusterOf } from './peer-cluster.fixture.js';
import { ReplicationCodec, readMessageBody, type WireMessage } from './replication-codec.js';

const proto = new protobuf.Root().loadSync(join(protoFolder, 'kv/internal/v1/replication.proto'));
const frameType = proto.lookupType('kv.internal.v1.ReplicateFrame');

const sent = fc.record({ shard: fc.nat(300), epoch: fc.nat(), number: fc.nat() });
type Sent = { readonly shard: number; readonly epoch: number; readonly number: number };

function messageOf({ epoch, number }: Sent): WireMessage {
  return { history: 'h', epoch, epochId: `id${epoch}`, from: 'a~1', to: 'b~1', body: { type: 'dumpInvite', number } };
}

async function framesOf(all: readonly Sent[]): Promise<Buffer[]> {
  const frames: Buffer[] = [];
  const writer = new FrameWriter((frame) => frames.push(frame));
  for (const one of all)
    writer.add((into) => new ReplicationCodec(peerClusterOf('cluster-1'), one.shard).write(into, messageOf(one)));
  await new Promise((resolve) => setImmediate(resolve));
  return frames;
}

function receivedIn(frame: Buffer): Sent[] {
  const received: Sent[] = [];
  readFrame(frame, (envelope) => {
    const body = readMessageBody(envelope);
    const number = body?.type === 'dumpInvite' ? body.number : -1;
    received.push({ shard: envelope.header!.shard, epoch: envelope.header!.epoch, number });
    return true;
  });
  return received;
}

test('the messages of one turn go in one frame, in order, as the proto file describes it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sent, { minLength: 1, maxLength: 30 }), async (all) => {
      const frames = await framesOf(all);
      expect(frames).toHaveLength(1);
      expect(receivedIn(frames[0]!)).toEqual(all);
      const { messages } = frameType.toObject(frameType.decode(frames[0]!), { longs: Number, defaults: true });
      expect(messages.map(({ header }: { header: Sent }) => header.shard)).toEqual(all.map(({ shard }) => shard));
    }),
  );
});

test('a truncated frame is read up to its end, and is malformed', async () => {
  const all = [1, 2, 3].map((shard) => ({ shard, epoch: 7, number: shard }));
  const [frame] = await framesOf(all);
  const received: number[] = [];
  const read = () => readFrame(frame!.subarray(0, -1), ({ header }) => received.push(header!.shard) > 0);
  expect(read).toThrow(MalformedMessage);
  expect(received).toEqual([1, 2]);
});

test('a reader that returns false gets no more messages', async () => {
  const [frame] = await framesOf([1, 2, 3].map((shard) => ({ shard, epoch: 7, number: shard })));
  const received: number[] = [];
  readFrame(frame!, ({ header }) => received.push(header!.shard) < 2);
  expect(received).toEqual([1, 2]);
});

test('a frame that has grown large leaves before the turn is over', () => {
  const frames: Buffer[] = [];
  const writer = new FrameWriter((frame) => frames.push(frame));
  for (let i = 0; i < 3; i++) writer.add((into) => into.bytes(1, new Uint8Array(600_000)));
  expect(frames.map(({ length }) => length > 1_000_000)).toEqual([true]);
  writer.flush();
  expect(frames).toHaveLength(2);
});
