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
import type { Event } from '../../replication/index.js';
import { FrameCounts } from '../../transport/index.js';
import { replicationService } from '../../wire/contract/node-contract.js';
import { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import { encodeDumpRequest } from '../../wire/peer/snapshot-codec.js';
import { ProtobufWriter } from '../../wire/protobuf/protobuf-writer.js';
import { newNodeClient } from './node-client.js';
import { PeerLink } from './peer-link.js';
import { PeerNode } from './peer-node.fixture.js';
import { dialAs, PeerProcess } from './peer-process.fixture.js';
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
    const made = new ReplicationServer('cluster-1', new MoveRate(defaultMoveRateBytes));
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
        clusterId: 'cluster-1',
        incarnation: 'one',
        account: { usedBytes: 0 },
        frames: new FrameCounts(),
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
