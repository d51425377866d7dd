import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KvError } from '../../errors.js';
import type { Event } from '../../replication/index.js';
import { dialTcp, FrameCounts, TurnEnd } from '../../transport/index.js';
import { nodeRpcs } from '../../wire/contract/node-rpcs.js';
import { peerClusterOf } from '../../wire/peer/peer-cluster.fixture.js';
import { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import { encodeDumpRequest } from '../../wire/peer/snapshot-codec.js';
import { ProtobufWriter } from '../../wire/protobuf/protobuf-writer.js';
import { PeerLink } from './peer-link.js';
import { PeerNode } from './peer-node.fixture.js';
import { dialAs, PeerProcess } from './peer-process.fixture.js';
import { ReplicationServer } from './replication-server.js';
import { defaultMoveRateBytes, MoveRate } from './snapshot-pace.js';
import { SnapshotReceiver } from './snapshot-receiver.js';

const codec = new ReplicationCodec(peerClusterOf('cluster-1'), 0);
const epochOfHistory = { history: 'h', epoch: 1, epochId: 'one' };
const garbage = Buffer.from([0xff, 0xff, 0xff]);
let node: PeerNode;

beforeEach(() => {
  node = new PeerNode();
});
afterEach(() => node.stop());

describe('bytes that cannot be read', () => {
  const events: Event[] = [];
  const host = {
    replicaId: 'b~1',
    commitIndex: 0,
    storage: { scan: () => [] },
    isPrimaryIn: () => false,
    handle: (event: Event) => void events.push(event),
  };
  const serverOf = () => {
    const made = new ReplicationServer(peerClusterOf('cluster-1'), new MoveRate(defaultMoveRateBytes));
    made.add({ codec, host });
    return made;
  };

  test('from another node end the connection with the reason, and no other', async () => {
    const a = new PeerProcess('a', serverOf());
    const address = await a.listen();
    const [broken, sound] = [dialAs(address), dialAs(address, { nodeId: 'c' })];
    await Promise.all([broken.answer, sound.answer]);
    broken.stream.send(garbage);
    expect(await broken.closed).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('cannot be read') });
    expect(a.refusals).toEqual([expect.stringContaining('cannot be read')]);

    const writer = new ProtobufWriter();
    codec.write(writer, { ...epochOfHistory, from: 'c~1', to: 'another', body: { type: 'stateChanged' } });
    sound.stream.send(writer.take());
    expect((await sound.nextFrame()).length).toBeGreaterThan(0);
    sound.stream.cancel();
    a.stop();
  });

  test('from a joiner end its call', async () => {
    const made = serverOf();
    const b = new PeerProcess('b', made, made);
    const address = await b.listen();
    const request = Buffer.concat([encodeDumpRequest(codec.header({ ...epochOfHistory, from: 'a~1', to: 'b~1' }), 1), garbage]);
    const closed = await new Promise<KvError | undefined>((onClosed) => {
      const listener = { onAccepted() {}, onFrame() {}, onDrain() {}, onEnd() {}, onClosed };
      dialTcp({ address, rpc: nodeRpcs.dump, clusterId: 'cluster-1', connectTimeoutMs: 60_000 }, listener).send(request);
    });
    expect(closed).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(events).toEqual([]);
    b.stop();
  });

  test('from the node to which a link leads break it', async () => {
    node.onHello = (call) => {
      call.introduce();
      call.stream!.send(garbage);
    };
    const address = await node.listen();
    const happened: string[] = [];
    await new Promise<void>((resolve) => {
      const own = {
        nodeId: 'a',
        ...peerClusterOf('cluster-1'),
        incarnation: 'one',
        account: { usedBytes: 0, hasDiskRoom: true },
        frames: new FrameCounts(),
        turn: new TurnEnd(),
      };
      const link = new PeerLink('b', own, {
        onUp: () => happened.push('up'),
        onDown: (refused) => {
          happened.push(refused ? 'refused' : 'down');
          link.close();
          resolve();
        },
        onMessage: () => happened.push('message'),
        onUseReported: () => happened.push('use reported'),
        onRefused: () => happened.push('refused by one of the nodes'),
        onConnectionOver: () => happened.push('over'),
      });
      link.want(address);
    });
    expect(happened).toEqual(['up', 'over', 'refused by one of the nodes', 'down']);
  });

  test('from a primary that sends a snapshot fail the snapshot', async () => {
    node.onDump = (stream) => void stream.send(garbage);
    const address = await node.listen();
    const failed = await new Promise<Event>((resolve) => {
      const dump = { type: 'requestSnapshot', ...epochOfHistory, from: 'a~1', number: 3 } as const;
      new SnapshotReceiver(codec, resolve, {}).request(dump, 'b~1', address);
    });
    expect(failed).toEqual({ type: 'snapshotFailed', epochId: 'one', number: 3 });
    expect(node.named).toBe('cluster-1');
  });
});
