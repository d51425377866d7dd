import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../../local/free-port.js';
import type { Event } from '../../replication/index.js';
import { FrameCounts, TurnEnd } from '../../transport/index.js';
import { dataBytesField, readFrame } from '../../wire/peer/message-frame.js';
import { peerClusterOf } from '../../wire/peer/peer-cluster.fixture.js';
import { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import { ProtobufWriter } from '../../wire/protobuf/protobuf-writer.js';
import { PeerLinks } from './peer-links.js';
import { PeerNode } from './peer-node.fixture.js';
import { ShardLinks } from './shard-links.js';
import type { LinkObserver } from './unreachable-nodes.js';

let node: PeerNode;
let nodeLinks: PeerLinks;
let links: ShardLinks;
let onEvent: (event: Event) => void;

function nextEvent(): Promise<Event> {
  return new Promise((resolve) => {
    onEvent = resolve;
  });
}

function linksOf(
  shard: number,
  handle: (event: Event) => void,
  accounts = { learnUse: (_id: string, _bytes: number | undefined) => {} },
): ShardLinks {
  const made = new ShardLinks(new ReplicationCodec(peerClusterOf('cluster-1'), shard), nodeLinks, handle, accounts);
  nodeLinks.add(made);
  return made;
}

function newLinks(observer?: LinkObserver): PeerLinks {
  const own = {
    nodeId: 'a',
    ...peerClusterOf('cluster-1'),
    incarnation: 'own',
    account: { usedBytes: 0, hasDiskRoom: true },
    frames: new FrameCounts(),
    turn: new TurnEnd(),
  };
  const requests = { onRequest() {}, onConnectionOver() {} };
  return new PeerLinks({ own, requests, onRefused() {}, ...(observer && { observer }) });
}

beforeEach(() => {
  node = new PeerNode();
  onEvent = () => {};
  nodeLinks = newLinks();
  links = linksOf(0, (event) => onEvent(event));
});

afterEach(() => {
  nodeLinks.close();
  node.stop();
});

describe('a link that is kept though nothing is sent', () => {
  test('is opened when its node is registered', async () => {
    links.learnAddress('b~1', await node.listen());
    links.keepWarm(['b~1']);
    await node.untilCalled();
    expect(node.calls).toHaveLength(1);
  });

  test('stays when no replica is wanted any more, is used again at once, and ends when its node is no longer registered', async () => {
    links.learnAddress('b~1', await node.listen());
    links.keepWarm(['b~1']);
    const up = nextEvent();
    links.set(['b~1']);
    await up;
    const ended = node.calls[0]!.whenEnded();
    links.set([]);
    const again = nextEvent();
    links.set(['b~1']);
    expect(await again).toEqual({ type: 'linkUp', to: 'b~1' });
    nodeLinks.onNodes([]);
    links.set([]);
    links.keepWarm([]);
    nodeLinks.onNodes(['b']);
    expect(await Promise.race([ended.then(() => 'ended'), stillCarries()])).toBe('still carries');
    nodeLinks.onNodes([]);
    await ended;
    expect(node.calls).toHaveLength(1);
  });

  /** A message of another replica there gets through. */
  async function stillCarries(): Promise<string> {
    const other = linksOf(7, () => {});
    other.learnAddress('b~7', 'nowhere:1');
    other.set(['b~7']);
    await new Promise(setImmediate);
    other.send({ ...epochOf(1), from: 'a~7', to: 'b~7', body: { type: 'stateChanged' } });
    await node.calls[0]!.nextFrame();
    nodeLinks.remove(other);
    return 'still carries';
  }

  test('reports nothing of a node that cannot be reached, until a replica there is wanted', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const events: Event[] = [];
    onEvent = (event) => events.push(event);
    links.learnAddress('b~1', address);
    links.keepWarm(['b~1']);
    const event = nextEvent();
    links.set(['b~1']);
    expect(await event).toEqual({ type: 'linkDown', to: 'b~1', refused: true });
    expect(events).toEqual([]);
  });

  test('stays for the other node if it is up when no shard wants it any more, and is given up if it is not', async () => {
    const closed = new Promise<string>((resolve) => {
      nodeLinks = newLinks({ wentUp() {}, wentDown() {}, closed: resolve });
    });
    links = linksOf(0, (event) => onEvent(event));
    const unreachable = `127.0.0.1:${await freePort()}`;
    links.learnAddress('b~1', await node.listen());
    links.learnAddress('c~1', unreachable);
    links.keepWarm(['b~1', 'c~1']);
    const up = nextEvent();
    links.set(['b~1']);
    await up;
    links.set([]);
    links.keepWarm([]);
    const ended = node.calls[0]!.whenEnded();
    expect(await closed).toBe(unreachable);
    expect(await Promise.race([ended.then(() => 'ended'), stillCarries()])).toBe('still carries');
  });

  test('to an earlier process of this node is none: its replicas are gone', async () => {
    links.learnAddress('a~0', await node.listen());
    links.keepWarm(['a~0']);
    const event = nextEvent();
    links.set(['a~0']);
    expect(await event).toEqual({ type: 'linkDown', to: 'a~0', refused: true });
    expect(node.calls).toEqual([]);
  });
});

function epochOf(epoch: number) {
  return { history: 'h', epoch, epochId: `id${epoch}` };
}

describe('a link that several shards share', () => {
  const beacon = { type: 'beacon', sentAtMs: 1, probe: false, commitIndex: 0, stopping: false, mayLeaveMs: 0 } as const;

  async function bothUp(address: string): Promise<readonly [ShardLinks, ShardLinks]> {
    const up: Promise<void>[] = [];
    const shards = [1, 2].map((shard) => {
      let isUp = (): void => {};
      up.push(new Promise<void>((resolve) => (isUp = resolve)));
      const made = linksOf(shard, (event) => event.type === 'linkUp' && isUp());
      made.learnAddress(`b~${shard}`, address);
      made.set([`b~${shard}`]);
      return made;
    });
    await Promise.all(up);
    return [shards[0]!, shards[1]!];
  }

  test('is one stream, on which the messages of one turn travel in one frame', async () => {
    const [first, second] = await bothUp(await node.listen());
    expect(node.calls).toHaveLength(1);
    const frame = node.calls[0]!.nextFrame();
    first.send({ ...epochOf(1), from: 'a~1', to: 'b~1', body: beacon });
    second.send({ ...epochOf(4), from: 'a~2', to: 'b~2', body: beacon });
    const seen: unknown[] = [];
    readFrame(await frame, ({ header }) => seen.push([header?.shard, header?.epoch, header?.to]) > 0);
    expect(seen).toEqual([
      [1, 1, 'b~1'],
      [2, 4, 'b~2'],
    ]);
  });

  test('delivers the reported use of the node there to all of them, which counts until the link breaks', async () => {
    const address = await node.listen();
    const reported = [new Map<string, number | undefined>(), new Map<string, number | undefined>()];
    const all = reported.map((use, at) => {
      const made = linksOf(at + 1, (event) => onEvent(event), { learnUse: (id, bytes) => void use.set(id, bytes) });
      made.learnAddress(`b~${at + 1}`, address);
      return made;
    });
    const up = nextEvent();
    for (const [at, made] of all.entries()) made.set([`b~${at + 1}`]);
    await up;
    const known = (): unknown[] => reported.map((use, at) => use.get(`b~${at + 1}`));
    expect(known()).toEqual([undefined, undefined]);

    const writer = new ProtobufWriter();
    new ReplicationCodec(peerClusterOf('cluster-1'), 1).write(writer, {
      ...epochOf(2),
      from: 'b~1',
      to: 'a~1',
      body: { type: 'higherEpoch' },
    });
    writer.uint64(dataBytesField, 0);
    writer.uint64(dataBytesField, 5_000);
    // Once this was read, what follows it has been read, too.
    new ReplicationCodec(peerClusterOf('cluster-1'), 2).write(writer, {
      ...epochOf(2),
      from: 'b~2',
      to: 'a~2',
      body: { type: 'higherEpoch' },
    });
    const received = new Promise<void>((resolve) => {
      onEvent = (event) => event.type === 'message' && event.message.from === 'b~2' && resolve();
    });
    node.calls[0]!.stream!.send(writer.take());
    await received;
    expect(known()).toEqual([5_000, 5_000]);

    const down = nextEvent();
    node.stop();
    await down;
    await new Promise(setImmediate);
    expect(known()).toEqual([undefined, undefined]);
  });

  test('delivers to each shard its own answers, and stays until the last shard that uses it has gone', async () => {
    const [first, second] = await bothUp(await node.listen());
    const received = new Promise<Event>((resolve) => {
      onEvent = resolve;
    });
    links.learnAddress('b~0', 'nowhere:1');
    const [call] = node.calls;
    const writer = new ProtobufWriter();
    new ReplicationCodec(peerClusterOf('cluster-1'), 0).write(writer, {
      ...epochOf(2),
      from: 'b~0',
      to: 'a~0',
      body: { type: 'higherEpoch' },
    });
    call!.stream!.send(writer.take());
    expect(await received).toMatchObject({ type: 'message', message: { ...epochOf(2), from: 'b~0', to: 'a~0' } });

    links.set([]);
    const ended = call!.whenEnded().then(() => 'ended');
    nodeLinks.remove(first);
    nodeLinks.onNodes([]);
    second.send({ ...epochOf(1), from: 'a~2', to: 'b~2', body: beacon });
    expect(await Promise.race([ended, call!.nextFrame().then(() => 'still carries')])).toBe('still carries');
    nodeLinks.remove(second);
    nodeLinks.onNodes([]);
    expect(await ended).toBe('ended');
  });
});
