import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../../local/free-port.js';
import type { Event } from '../../replication/index.js';
import { dataBytesField, readFrame } from '../../wire/peer/message-frame.js';
import { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import { ProtobufWriter } from '../../wire/protobuf/protobuf-writer.js';
import { PeerLinks } from './peer-links.js';
import { PeerNode } from './peer-node.fixture.js';
import { ShardLinks } from './shard-links.js';

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
  const made = new ShardLinks(new ReplicationCodec('cluster-1', shard), nodeLinks, handle, accounts);
  nodeLinks.add(made);
  return made;
}

beforeEach(() => {
  node = new PeerNode();
  onEvent = () => {};
  nodeLinks = new PeerLinks('cluster-1');
  links = linksOf(0, (event) => onEvent(event));
});

afterEach(() => {
  nodeLinks.close();
  node.stop();
});

describe('a link that is kept though nothing is sent', () => {
  test('is opened when its node is registered', async () => {
    links.keepWarm([await node.listen()]);
    await node.untilCalled();
    expect(node.calls).toHaveLength(1);
  });

  test('stays when no replica is wanted any more, is used again at once, and ends when its node is no longer registered', async () => {
    const address = await node.listen();
    links.learnAddress('b~1', address);
    links.keepWarm([address]);
    const up = nextEvent();
    links.set(['b~1']);
    await up;
    const [call] = node.calls;
    const ended = call!.whenEnded();
    links.set([]);
    const again = nextEvent();
    links.set(['b~1']);
    expect(await again).toEqual({ type: 'linkUp', to: 'b~1' });
    links.set([]);
    links.keepWarm([]);
    await ended;
    expect(node.calls).toHaveLength(1);
  });

  test('reports nothing of a node that cannot be reached, until a replica there is wanted', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const events: Event[] = [];
    onEvent = (event) => events.push(event);
    links.keepWarm([address]);
    links.learnAddress('b~1', address);
    const event = nextEvent();
    links.set(['b~1']);
    expect(await event).toEqual({ type: 'linkDown', to: 'b~1', refused: true });
    expect(events).toEqual([]);
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
    new ReplicationCodec('cluster-1', 1).write(writer, { ...epochOf(2), from: 'b~1', to: 'a~1', body: { type: 'higherEpoch' } });
    writer.uint64(dataBytesField, 0);
    writer.uint64(dataBytesField, 5_000);
    // Once this was read, what follows it has been read, too.
    new ReplicationCodec('cluster-1', 2).write(writer, { ...epochOf(2), from: 'b~2', to: 'a~2', body: { type: 'higherEpoch' } });
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

  test('delivers to each shard its own answers, and ends with the last shard that uses it', async () => {
    const [first, second] = await bothUp(await node.listen());
    const received = new Promise<Event>((resolve) => {
      onEvent = resolve;
    });
    links.learnAddress('b~0', 'nowhere:1');
    const [call] = node.calls;
    const writer = new ProtobufWriter();
    new ReplicationCodec('cluster-1', 0).write(writer, { ...epochOf(2), from: 'b~0', to: 'a~0', body: { type: 'higherEpoch' } });
    call!.stream!.send(writer.take());
    expect(await received).toMatchObject({ type: 'message', message: { ...epochOf(2), from: 'b~0', to: 'a~0' } });

    const ended = call!.whenEnded().then(() => 'ended');
    const other = new PeerNode();
    first.keepWarm([await other.listen()]);
    await other.untilCalled();
    const otherEnded = other.calls[0]!.whenEnded();
    nodeLinks.remove(first);
    await otherEnded;
    other.stop();
    second.send({ ...epochOf(1), from: 'a~2', to: 'b~2', body: beacon });
    expect(await Promise.race([ended, call!.nextFrame().then(() => 'still carries')])).toBe('still carries');
    nodeLinks.remove(second);
    expect(await ended).toBe('ended');
  });
});
