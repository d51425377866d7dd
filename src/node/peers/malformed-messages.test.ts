import {
  type Client,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type ServiceError,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KvError } from '../../errors.js';
import type { Event } from '../../replication/index.js';
import type { FrameStream } from '../../transport/index.js';
import { replicationService } from '../../wire/contract/node-contract.js';
import { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import { encodeDumpRequest } from '../../wire/peer/snapshot-codec.js';
import { ProtobufWriter } from '../../wire/protobuf/protobuf-writer.js';
import { dialPeer } from './dial-peer.js';
import { newNodeClient } from './node-client.js';
import { PeerLink } from './peer-link.js';
import { PeerNode } from './peer-node.fixture.js';
import { ReplicationServer } from './replication-server.js';
import { defaultMoveRateBytes, MoveRate } from './snapshot-pace.js';
import { SnapshotReceiver } from './snapshot-receiver.js';

const codec = new ReplicationCodec('cluster-1', 0);
const epochOfHistory = { history: 'h', epoch: 1, epochId: 'one' };
const garbage = Buffer.from([0xff, 0xff, 0xff]);
const { Dump } = replicationService;

let server: Server;
let node: PeerNode;
let clients: Client[] = [];

async function listen(implementation: UntypedServiceImplementation): Promise<string> {
  server.addService(replicationService, implementation);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return `127.0.0.1:${port}`;
}

function clientOf(address: string): Client {
  const client = newNodeClient(address);
  clients.push(client);
  return client;
}

/** Opens a stream as another node does. */
function dial(address: string) {
  let stream: FrameStream | undefined;
  let closed: Promise<KvError | undefined> | undefined;
  const frame = new Promise<Buffer>((onFrame) => {
    closed = new Promise((onClosed) => {
      const listener = { onAccepted() {}, onFrame, onDrain() {}, onEnd() {}, onClosed };
      stream = dialPeer(address, 'cluster-1', 60_000, listener);
    });
  });
  return { stream: stream!, frame, closed: closed! };
}

beforeEach(() => {
  server = new Server();
  node = new PeerNode();
});

afterEach(() => {
  for (const client of clients) client.close();
  clients = [];
  server.forceShutdown();
  node.stop();
});

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
    const made = new ReplicationServer('cluster-1', new MoveRate(defaultMoveRateBytes), { usedBytes: 0 });
    made.add({ codec, host });
    return made;
  };

  test('from a primary end its stream with the reason, and no other', async () => {
    const made = serverOf();
    node.onCall = (call) => made.replicate(call.acceptWith);
    const address = await node.listen();
    const [broken, sound] = [dial(address), dial(address)];
    broken.stream.send(garbage);
    expect(await broken.closed).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('cannot be read') });

    const writer = new ProtobufWriter();
    codec.write(writer, { ...epochOfHistory, from: 'a~1', to: 'another', body: { type: 'stateChanged' } });
    sound.stream.send(writer.take());
    expect((await sound.frame).length).toBeGreaterThan(0);
    sound.stream.cancel();
  });

  test('from a joiner end its call', async () => {
    const address = await listen(serverOf().implementation);
    const request = Buffer.concat([encodeDumpRequest(codec.header({ ...epochOfHistory, from: 'a~1', to: 'b~1' }), 1), garbage]);
    const call = clientOf(address).makeServerStreamRequest(
      Dump!.path,
      Dump!.requestSerialize,
      Dump!.responseDeserialize,
      request,
    );
    const error = await new Promise<ServiceError>((resolve) => call.on('error', resolve));
    expect(error.code).toBe(status.INVALID_ARGUMENT);
  });

  test('from a backup break the link', async () => {
    node.onCall = (call) => void call.accept().send(garbage);
    const address = await node.listen();
    const happened: string[] = [];
    await new Promise<void>((resolve) => {
      const link = new PeerLink(address, 'cluster-1', {
        onUp: () => happened.push('up'),
        onDown: (refused) => {
          happened.push(refused ? 'refused' : 'down');
          link.close();
          resolve();
        },
        onMessage: () => happened.push('message'),
        onUseReported: () => happened.push('use reported'),
        onWrongReplica: () => happened.push('wrong replica'),
        onRefused: () => happened.push('refused by the other node'),
      });
    });
    expect(happened).toEqual(['up', 'refused by the other node', 'down']);
  });

  test('from a primary that sends a snapshot fail the snapshot', async () => {
    let named: unknown;
    const address = await listen({
      Dump: (call: ServerWritableStream<Buffer, Buffer>) => {
        named = call.metadata.get('kv-cluster');
        call.on('error', () => {});
        call.write(garbage);
      },
    });
    const failed = await new Promise<Event>((resolve) => {
      const dump = { type: 'requestSnapshot', ...epochOfHistory, from: 'a~1', number: 3 } as const;
      new SnapshotReceiver(codec, resolve).request(dump, 'b~1', address);
    });
    expect(failed).toEqual({ type: 'snapshotFailed', epochId: 'one', number: 3 });
    expect(named).toEqual(['cluster-1']);
  });
});
