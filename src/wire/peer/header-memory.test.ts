import { describe, expect, test } from 'vitest';
import { MalformedMessage } from '../protobuf/protobuf-reader.js';
import { SentHeaders } from './header-memory.js';
import { IncomingMessages, OutgoingMessages } from './message-stream.js';
import { peerClusterOf } from './peer-cluster.fixture.js';
import { ReplicationCodec, type WireMessage } from './replication-codec.js';

type Addressed = readonly [shard: number, message: WireMessage];

/** Both ends of one direction of a stream. */
function newStream() {
  const frames: Buffer[] = [];
  const outgoing = new OutgoingMessages(peerClusterOf('cluster-1'), { queuedBytes: 0, send: (frame) => frames.push(frame) > 0 });
  const incoming = new IncomingMessages(peerClusterOf('cluster-1'));
  const send = (turn: readonly Addressed[]): void => {
    for (const [shard, message] of turn) outgoing.send(new ReplicationCodec(peerClusterOf('cluster-1'), shard), message);
    outgoing.flush();
  };
  const receive = (frame: Buffer): Addressed[] => {
    const received: Addressed[] = [];
    incoming.read(frame, (shard, message) => received.push([shard, message]) > 0);
    return received;
  };
  return { frames, send, receive };
}

describe('headers', () => {
  const epoch = { history: 'h', epoch: 3, epochId: 'three', from: 'a~1', to: 'b~1' };
  const acknowledged = (ackedSeq: number, other: Partial<WireMessage> = {}): WireMessage => ({
    ...epoch,
    ...other,
    body: { type: 'appendAnswer', number: 1, mismatch: false, ackedSeq, unflushed: 0 },
  });
  const appendOf = (run: { readonly epoch: number; readonly id: string }): WireMessage => ({
    ...epoch,
    body: {
      type: 'append',
      number: 1,
      prevSeq: 6,
      prevEpoch: run.epoch,
      prevEpochId: run.id,
      runs: [{ ...run, firstSeq: 7 }],
      entries: [{ seq: 7, epoch: run.epoch, writes: [{ key: 'k', value: Uint8Array.of(1) }] }],
      commitIndex: 6,
      flush: false,
    },
  });

  test('a message with the header of the last one about its shard names the shard alone', () => {
    const { frames, send, receive } = newStream();
    const turns: Addressed[][] = [
      [[200, acknowledged(7)]],
      [[200, acknowledged(8)]],
      [[200, acknowledged(9, { epoch: 4, epochId: 'four' })]],
      [[201, acknowledged(9, { epoch: 4, epochId: 'four' })]],
    ];
    for (const turn of turns) send(turn);
    expect(frames.map(receive)).toEqual(turns);
    const whole = frames[0]!.length;
    expect(frames.map(({ length }) => length > whole / 2)).toEqual([true, false, true, true]);
  });

  test('the epochs of an append are left out if they are that of the header, and only then', () => {
    const { frames, send, receive } = newStream();
    const turns: Addressed[][] = [
      [[1, acknowledged(6)]],
      [[1, appendOf({ epoch: 3, id: 'three' })]],
      [[1, appendOf({ epoch: 2, id: 'two' })]],
      [[1, appendOf({ epoch: 3, id: 'other' })]],
    ];
    for (const turn of turns) send(turn);
    expect(frames.map(receive)).toEqual(turns);
    expect(frames.map((frame) => frame.includes('three') || frame.includes('two') || frame.includes('other'))).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });

  test('a shard whose header was never sent ends the stream', () => {
    const first = newStream();
    first.send([[1, acknowledged(7)]]);
    first.send([[1, acknowledged(8)]]);
    const [, repeated] = first.frames;
    expect(() => newStream().receive(repeated!)).toThrow(MalformedMessage);
  });

  test('the sender remembers the header alone, and keeps no message alive', () => {
    const headers = new SentHeaders();
    const message: { -readonly [Field in keyof WireMessage]: WireMessage[Field] } = { ...acknowledged(7) };
    expect(headers.repeats(1, message)).toBe(false);
    // A memory that kept the message would see this change.
    message.from = 'another';
    expect(headers.repeats(1, acknowledged(8))).toBe(true);
  });
});
