import { afterEach, beforeEach, expect, test } from 'vitest';
import { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import { ProtobufWriter } from '../../wire/protobuf/protobuf-writer.js';
import { PeerLink } from './peer-link.js';
import { type PeerCall, PeerNode } from './peer-node.fixture.js';

let node: PeerNode;
let link: PeerLink;
let atMs: number[];
let refusals: string[];

beforeEach(() => {
  node = new PeerNode();
  atMs = [];
  refusals = [];
});

afterEach(() => {
  link.close();
  node.stop();
});

async function open(onCall: (call: PeerCall) => void): Promise<void> {
  node.onCall = (call) => {
    atMs.push(performance.now());
    onCall(call);
  };
  link = new PeerLink(await node.listen(), 'cluster-1', {
    onUp: () => {},
    onMessage: () => {},
    onUseReported: () => {},
    onWrongReplica: () => {},
    onDown: () => {},
    onRefused: (reason) => refusals.push(reason),
  });
}

const refuse = (call: PeerCall): void => call.refuse('a message of format 9');
const takeAndRefuse = (call: PeerCall): void => {
  call.accept();
  setImmediate(() => refuse(call));
};
const messageOf = (clusterId: string): Buffer => {
  const writer = new ProtobufWriter();
  new ReplicationCodec(clusterId, 0).write(writer, {
    history: 'h',
    epochId: 'one',
    epoch: 1,
    from: 'b~1',
    to: 'a~1',
    body: { type: 'higherEpoch' },
  });
  return writer.take();
};

/** At once, and after 50, 100, 200 and 400 ms. */
const leastMs = 700;

test.each([
  ['before it has opened', refuse],
  ['after it has opened', takeAndRefuse],
])('a stream that is refused %s is opened again more and more slowly, and the reason reported once', async (_, onCall) => {
  await open(onCall);
  await node.untilCalled(6);
  expect(atMs.at(-1)! - atMs[0]!).toBeGreaterThan(leastMs);
  expect(refusals).toEqual(['a message of format 9']);
  expect(node.calls.map(({ clusterId }) => clusterId)).toEqual(Array(6).fill('cluster-1'));
});

test('a stream on which this node refuses a message is opened again more and more slowly, too', async () => {
  await open((call) => void call.accept().send(messageOf('cluster-2')));
  await node.untilCalled(6);
  expect(atMs.at(-1)! - atMs[0]!).toBeGreaterThan(leastMs);
  expect(refusals).toEqual(['a message of cluster cluster-2; this is cluster-1']);
});

test('after an answer that was understood, another refusal is reported again', async () => {
  await open((call) => {
    if (node.calls.length !== 6) return takeAndRefuse(call);
    call.accept().send(messageOf('cluster-1'));
    setImmediate(() => call.stream!.end());
  });
  await node.untilCalled(8);
  expect(refusals).toHaveLength(2);
});
