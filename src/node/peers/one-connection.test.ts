/** The one connection between two nodes: which one stays if there are two, and what becomes of the other. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Event, Message } from '../../replication/index.js';
import { IncomingMessages } from '../../wire/peer/message-stream.js';
import { peerClusterOf } from '../../wire/peer/peer-cluster.fixture.js';
import { ReplicationCodec, type WireMessage } from '../../wire/peer/replication-codec.js';
import { ProtobufWriter } from '../../wire/protobuf/protobuf-writer.js';
import { PeerNode } from './peer-node.fixture.js';
import { clusterId, dialAs, PeerProcess } from './peer-process.fixture.js';
import { ReplicationServer } from './replication-server.js';
import { ShardLinks } from './shard-links.js';
import { defaultMoveRateBytes, MoveRate } from './snapshot-pace.js';

const codec = new ReplicationCodec(peerClusterOf(clusterId), 0);
const epochOfHistory = { history: 'h', epoch: 1, epochId: 'one' };
const beacon = { type: 'beacon', sentAtMs: 1, probe: false, commitIndex: 0, stopping: false, mayLeaveMs: 0 } as const;
const answer = { type: 'appendAnswer', number: 1, mismatch: false, ackedSeq: 1, unflushed: 0 } as const;

let stops: (() => void)[];

beforeEach(() => {
  stops = [];
});
afterEach(() => {
  for (const stop of stops) stop();
});

/** A node with one replica, which records its events. */
function processOf(nodeId: string) {
  const events: Event[] = [];
  let changed = (): void => {};
  const handle = (event: Event): void => {
    events.push(event);
    changed();
  };
  const server = new ReplicationServer(peerClusterOf(clusterId), new MoveRate(defaultMoveRateBytes));
  const host = { replicaId: `${nodeId}~1`, commitIndex: 0, storage: { scan: () => [] }, isPrimaryIn: () => false, handle };
  server.add({ codec, host });
  const process = new PeerProcess(nodeId, server);
  const shard = new ShardLinks(codec, process.links, handle, { learnUse() {} });
  process.links.add(shard);
  stops.push(() => process.stop());
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition())
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
  };
  /** The types of the events until now, which are forgotten. */
  const take = (): string[] => events.splice(0).map((event) => (event.type === 'message' ? event.message.body.type : event.type));
  return { process, server, shard, events, until, take };
}

function want({ shard }: ReturnType<typeof processOf>, replicaId: string, address: string): void {
  shard.learnAddress(replicaId, address);
  shard.set([replicaId]);
}

function messageOf(body: WireMessage['body']): Buffer {
  const writer = new ProtobufWriter();
  codec.write(writer, { ...epochOfHistory, from: 'b~1', to: 'a~1', body });
  return writer.take();
}

function bodiesIn(incoming: IncomingMessages, frame: Buffer): string[] {
  const bodies: string[] = [];
  incoming.read(frame, (_shard, { body }) => bodies.push(body.type) > 0);
  return bodies;
}

describe('a connection that the other node has opened', () => {
  test('is the link of the replicas here as if it had been opened here, in both directions', async () => {
    const a = processOf('a');
    const address = await a.process.listen();
    const b = processOf('b');
    const bAddress = await b.process.listen();
    a.shard.learnAddress('b~1', bAddress);
    want(b, 'a~1', address);
    await b.until(() => b.events.length === 1);
    a.shard.set(['b~1']);
    await a.until(() => a.events.length === 1);
    expect([a.take(), b.take()]).toEqual([['linkUp'], ['linkUp']]);
    a.shard.send({ ...epochOfHistory, from: 'a~1', to: 'b~1', body: beacon });
    b.shard.send({ ...epochOfHistory, from: 'b~1', to: 'a~1', body: beacon });
    await a.until(() => a.events.length === 1);
    await b.until(() => b.events.length === 1);
    a.server.answer(codec, { ...epochOfHistory, from: 'a~1', to: 'b~1', body: answer });
    b.server.answer(codec, { ...epochOfHistory, from: 'b~1', to: 'a~1', body: answer });
    await a.until(() => a.events.length === 2);
    await b.until(() => b.events.length === 2);
    expect([a.take(), b.take()]).toEqual([
      ['beacon', 'appendAnswer'],
      ['beacon', 'appendAnswer'],
    ]);
    expect(a.process.connections + b.process.connections).toBe(1);
  });

  test('is refused with the reason if its node has another format version, and stays away if it is meant for another node', async () => {
    const address = await processOf('a').process.listen();
    const stranger = dialAs(address, { to: 'c' });
    expect(await stranger.answer).toMatchObject({ nodeId: 'a', incarnation: 'process of a' });
    expect(await stranger.closed).toBeUndefined();
    const mute = dialAs(address);
    mute.stream.send(messageOf(beacon));
    expect(await mute.closed).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('no Hello') });
  });
});

describe('a newer connection', () => {
  test.each([
    ['of a newer process', { incarnation: 'newer' }],
    ['that the same process opens again', { connection: 'process/2' }],
  ])('%s replaces the old one at once, whose events and memory are discarded', async (_, hello) => {
    const a = processOf('a');
    const address = await a.process.listen();
    const old = dialAs(address);
    await old.answer;
    want(a, 'b~1', 'nowhere:1');
    await a.until(() => a.events.length === 1);
    a.shard.send({ ...epochOfHistory, from: 'a~1', to: 'b~1', body: beacon });
    expect(bodiesIn(new IncomingMessages(peerClusterOf(clusterId)), await old.nextFrame())).toEqual(['beacon']);
    old.stream.send(messageOf(beacon));
    await a.until(() => a.events.length === 2);
    a.take();

    const newer = dialAs(address, hello);
    await newer.answer;
    expect(a.take()).toEqual(['linkDown', 'linkUp']);
    await old.closed;
    // An answer to the old connection is not sent on the new one, and the beacon is sent whole.
    a.server.answer(codec, { ...epochOfHistory, from: 'a~1', to: 'b~1', body: answer });
    a.shard.send({ ...epochOfHistory, from: 'a~1', to: 'b~1', body: { ...beacon, sentAtMs: 2 } });
    expect(bodiesIn(new IncomingMessages(peerClusterOf(clusterId)), await newer.nextFrame())).toEqual(['beacon']);
    expect(a.take()).toEqual([]);
  });

  test('replaces the one that this node has opened only if the other node has lost that', async () => {
    const node = new PeerNode('b');
    stops.push(() => node.stop());
    node.incarnation = 'process';
    const a = processOf('a');
    const address = await a.process.listen();
    want(a, 'b~1', await node.listen());
    await a.until(() => a.events.length === 1);
    a.take();
    const simultaneous = dialAs(address);
    expect(await simultaneous.closed).toMatchObject({ code: 'CANCELLED' });
    expect(a.take()).toEqual([]);
    const again = dialAs(address, { lost: node.calls[0]!.hello!.connection });
    await again.answer;
    expect(a.take()).toEqual(['linkDown', 'linkUp']);
  });

  test('of the node with the lower id replaces that of the higher one', async () => {
    const node = new PeerNode('b');
    stops.push(() => node.stop());
    node.incarnation = 'process';
    const c = processOf('c');
    const address = await c.process.listen();
    want(c, 'b~1', await node.listen());
    await c.until(() => c.events.length === 1);
    c.take();
    const ofTheLower = dialAs(address, { to: 'c' });
    await ofTheLower.answer;
    expect(c.take()).toEqual(['linkDown', 'linkUp']);
  });

  test('takes the place of one that this node is opening, and has not introduced itself in', async () => {
    const node = new PeerNode('b');
    stops.push(() => node.stop());
    const a = processOf('a');
    const address = await a.process.listen();
    node.onCall = () => {};
    want(a, 'b~1', await node.listen());
    await node.untilCalled();
    await dialAs(address).answer;
    expect(a.take()).toEqual(['linkUp']);
    const [call] = node.calls;
    call!.accept();
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(call!.hello).toBeUndefined();
  });
});

describe('two nodes that open a connection at the same time', () => {
  test.each([1, 2, 3, 4, 5])('agree on one of them, and exchange messages on it (%i)', async () => {
    const [a, b] = [processOf('a'), processOf('b')];
    const [aAddress, bAddress] = [await a.process.listen(), await b.process.listen()];
    want(a, 'b~1', bAddress);
    want(b, 'a~1', aAddress);
    const isUp = (events: readonly Event[]): boolean => events.some(({ type }) => type === 'linkUp');
    await Promise.all([a.until(() => isUp(a.events)), b.until(() => isUp(b.events))]);
    const received = (events: readonly Event[]): Message[] =>
      events.flatMap((event) => (event.type === 'message' ? [event.message] : []));
    a.shard.send({ ...epochOfHistory, from: 'a~1', to: 'b~1', body: beacon });
    b.shard.send({ ...epochOfHistory, from: 'b~1', to: 'a~1', body: beacon });
    await Promise.all([a.until(() => received(a.events).length === 1), b.until(() => received(b.events).length === 1)]);
    expect([a.take(), b.take()]).toEqual([
      ['linkUp', 'beacon'],
      ['linkUp', 'beacon'],
    ]);
  });
});
