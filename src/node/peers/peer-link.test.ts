import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../../local/free-port.js';
import { FrameCounts, TurnEnd } from '../../transport/index.js';
import { peerClusterOf } from '../../wire/peer/peer-cluster.fixture.js';
import { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import { ProtobufWriter } from '../../wire/protobuf/protobuf-writer.js';
import { PeerLink } from './peer-link.js';
import { type PeerCall, PeerNode } from './peer-node.fixture.js';

let node: PeerNode;
let link: PeerLink;
let atMs: number[];
let refusals: string[];
let onDown: (refused: boolean, reason: string) => void;

beforeEach(() => {
  node = new PeerNode();
  atMs = [];
  refusals = [];
  onDown = () => {};
});

afterEach(() => {
  link.close();
  node.stop();
});

function linkOf(ownId: string, incarnation = 'own'): PeerLink {
  const own = {
    nodeId: ownId,
    ...peerClusterOf('cluster-1'),
    incarnation,
    account: { usedBytes: 0, hasDiskRoom: true },
    frames: new FrameCounts(),
    turn: new TurnEnd(),
  };
  link = new PeerLink('b', own, {
    onUp: () => {},
    onMessage: () => {},
    onUseReported: () => {},
    onDown: (refused, reason) => onDown(refused, reason),
    onRefused: (reason) => refusals.push(reason),
    onConnectionOver: () => {},
  });
  return link;
}

async function open(behaviour: Partial<Pick<PeerNode, 'onCall' | 'onHello'>>): Promise<void> {
  const { onCall = node.onCall } = behaviour;
  Object.assign(node, behaviour);
  node.onCall = (call) => {
    atMs.push(performance.now());
    onCall(call);
  };
  linkOf('a').want(await node.listen());
}

const refuse = (call: PeerCall): void => call.refuse('a message of format 9');
const takeAndRefuse = (call: PeerCall): void => {
  call.introduce();
  setImmediate(() => refuse(call));
};
const messageOf = (clusterId: string): Buffer => {
  const writer = new ProtobufWriter();
  new ReplicationCodec(peerClusterOf(clusterId), 0).write(writer, {
    history: 'h',
    epochId: 'one',
    epoch: 1,
    from: 'b~1',
    to: 'a~1',
    body: { type: 'higherEpoch' },
  });
  return writer.take();
};
const say = (call: PeerCall, clusterId: string): void => {
  call.introduce();
  call.stream!.send(messageOf(clusterId));
};

/** At once, and after 50, 100, 200, 400 and 800 ms, which is 1,550 ms. */
const leastMs = 1_500;

describe('a connection that is refused', () => {
  test.each([
    ['when it opens', { onCall: refuse }],
    ['when the nodes introduce themselves', { onHello: refuse }],
    ['afterwards', { onHello: takeAndRefuse }],
  ])('%s is opened again more and more slowly, and the reason reported once', async (_, behaviour) => {
    await open(behaviour);
    await node.untilCalled(6);
    expect(atMs.at(-1)! - atMs[0]!).toBeGreaterThan(leastMs);
    expect(refusals).toEqual(['a message of format 9']);
    expect(node.calls.map(({ clusterId }) => clusterId)).toEqual(Array(6).fill('cluster-1'));
  });

  test('by this node because of a message is opened again more and more slowly, too', async () => {
    await open({ onHello: (call) => say(call, 'cluster-2') });
    await node.untilCalled(6);
    expect(atMs.at(-1)! - atMs[0]!).toBeGreaterThan(leastMs);
    expect(refusals).toEqual(['a message of cluster cluster-2; this is cluster-1']);
  });

  test('although a message was understood before is opened again more and more slowly, too', async () => {
    await open({
      onHello: (call) => {
        say(call, 'cluster-1');
        setImmediate(() => refuse(call));
      },
    });
    await node.untilCalled(6);
    expect(atMs.at(-1)! - atMs[0]!).toBeGreaterThan(leastMs);
  });

  test('is reported again after a message that was understood', async () => {
    await open({
      onHello: (call) => {
        if (node.calls.length !== 6) return takeAndRefuse(call);
        say(call, 'cluster-1');
        setImmediate(() => call.stream!.end());
      },
    });
    await node.untilCalled(8);
    expect(refusals).toHaveLength(2);
  });
});

describe('the hint that no process of the node listens there', () => {
  const nextDown = (): Promise<unknown> =>
    new Promise((resolve) => {
      onDown = (refused, reason) => resolve([refused, reason]);
    });

  test('is given when the connection is refused', async () => {
    const down = nextDown();
    linkOf('a').want(`127.0.0.1:${await freePort()}`);
    expect(await down).toEqual([true, expect.stringContaining('ECONNREFUSED')]);
  });

  test('is given when another node is at the address, and is no refusal', async () => {
    const other = new PeerNode('other');
    const down = nextDown();
    linkOf('a').want(await other.listen());
    expect(await down).toEqual([true, 'node other is at this address']);
    expect(refusals).toEqual([]);
    other.stop();
  });

  test('is not given when the connection breaks, nor when the node says nothing', async () => {
    const down = nextDown();
    await open({ onHello: (call) => call.stream!.cancel() });
    expect(await down).toEqual([false, expect.any(String)]);
    node.onHello = () => {};
    await node.untilCalled(2);
    const silent = nextDown();
    expect(await silent).toEqual([false, 'the other node does not introduce itself']);
  });

  test.each(['a', 'c'])('is sought by node %s at once when the process there has ended', async (ownId) => {
    const up = new Promise<void>((resolve) => {
      node.onHello = (call) => {
        say(call, 'cluster-1');
        setImmediate(resolve);
      };
    });
    linkOf(ownId).want(await node.listen());
    link.connectNow();
    await up;
    await new Promise(setImmediate);
    const downs: boolean[] = [];
    const gone = new Promise<void>((resolve) => {
      onDown = (refused) => {
        downs.push(refused);
        if (refused) resolve();
      };
    });
    node.stop();
    await gone;
    expect(downs).toEqual([false, true]);
  });
});

test('the node with the higher id opens a connection when a primary needs one, or when none comes', async () => {
  const address = await node.listen();
  linkOf('c').want(address);
  await node.untilCalled(1);
  link.close();
  linkOf('c').want(address);
  link.connectNow();
  link.connectNow();
  await node.untilCalled(2);
  expect(node.calls).toHaveLength(2);
});

test('each connection names itself, and the one that was lost before', async () => {
  await open({
    onHello: (call) => {
      say(call, 'cluster-1');
      setImmediate(() => call.stream!.cancel());
    },
  });
  await node.untilCalled(3);
  const names = node.calls.slice(0, 2).map(({ hello }) => [hello?.connection, hello?.lost]);
  expect(names).toEqual([
    ['own/1', ''],
    ['own/2', 'own/1'],
  ]);
});
