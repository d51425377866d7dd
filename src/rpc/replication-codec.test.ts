import { describe, expect, test } from 'vitest';
import type { Message } from '../replication/index.js';
import { replicationService } from './proto.js';
import { formatVersion, ReplicationCodec, type WireMessage } from './replication-codec.js';

const codec = new ReplicationCodec('cluster-1', 0);
const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } = replicationService.Replicate!;

function overTheWire(message: Message, isRequest: boolean): Message | undefined {
  const wire = codec.encode(message);
  const decoded = isRequest ? requestDeserialize(requestSerialize(wire)) : responseDeserialize(responseSerialize(wire));
  return codec.decode(decoded as WireMessage);
}

const value = new Uint8Array([0, 255, 10]);
const log = { baseSeq: 5, baseEpoch: 2, lastSeq: 9, history: [{ epoch: 3, firstSeq: 6 }] };
const requests: Message['body'][] = [
  { type: 'beacon', sentAtMs: 1_234.567, probe: true, commitIndex: 4, stopping: true },
  { type: 'sync', number: 7, log, commitIndex: 8 },
  {
    type: 'append',
    number: 7,
    prevSeq: 9,
    prevEpoch: 3,
    entries: [
      { seq: 10, epoch: 3, key: 'ключ', value },
      { seq: 11, epoch: 3, key: 'k', value: undefined },
      { seq: 12, epoch: 3, key: 'k', value: new Uint8Array(0) },
    ],
    commitIndex: 9,
  },
  { type: 'dumpInvite', number: 7 },
  { type: 'stateChanged' },
];
const responses: Message['body'][] = [
  { type: 'beaconAnswer', sentAtMs: 1_234.567, probe: true, claiming: true, stopping: true, number: 7, complete: true },
  { type: 'syncAnswer', number: 7, dumpNeeded: true, matchedSeq: 3 },
  { type: 'appendAnswer', number: 7, mismatch: true, ackedSeq: 12 },
  { type: 'higherEpoch' },
];

describe('messages between replicas', () => {
  test.each(requests)('$type arrives as it was sent', (body) => {
    const message: Message = { epoch: 3, from: 'a~1', to: 'b~2', body };
    expect(overTheWire(structuredClone(message), true)).toEqual(message);
  });

  test.each(responses)('$type arrives as it was sent', (body) => {
    const message: Message = { epoch: 3, from: 'b~2', to: 'a~1', body };
    expect(overTheWire(message, false)).toEqual(message);
  });

  test('the time a beacon was sent never arrives later than it was', () => {
    const body = { type: 'beacon', sentAtMs: 1_234.567_89, probe: false, commitIndex: 0, stopping: false } as const;
    const arrived = overTheWire({ epoch: 1, from: 'a', to: 'b', body }, true)?.body;
    expect(arrived?.type === 'beacon' && arrived.sentAtMs).toBeLessThanOrEqual(body.sentAtMs);
  });

  test('a value does not keep the message it came in', () => {
    const body = {
      type: 'append',
      number: 1,
      prevSeq: 0,
      prevEpoch: 0,
      entries: [{ seq: 1, epoch: 1, key: 'k', value }],
      commitIndex: 0,
    } as const;
    const arrived = overTheWire({ epoch: 1, from: 'a', to: 'b', body }, true)?.body;
    expect(arrived?.type === 'append' && arrived.entries[0]?.value?.buffer.byteLength).toBe(value.length);
  });

  test.each([
    ['another format version', { formatVersion: formatVersion + 1 }],
    ['another cluster', { clusterId: 'cluster-2' }],
    ['another shard', { shard: 1 }],
  ])('a message of %s is refused with the reason', (_what, other) => {
    const header = { ...codec.header(1, 'a', 'b'), ...other };
    expect(codec.reasonToRefuse(header)).toContain(String(Object.values(other)[0]));
    expect(codec.reasonToRefuse(codec.header(1, 'a', 'b'))).toBeUndefined();
  });

  test('a message without a header is refused', () => {
    expect(codec.reasonToRefuse(null)).toBeDefined();
  });
});
