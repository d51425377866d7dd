import {
  type Client,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerWritableStream,
  type ServiceError,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Event } from '../../replication/index.js';
import { replicationService } from '../../wire/contract/node-contract.js';
import { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import { encodeDumpRequest } from '../../wire/peer/snapshot-codec.js';
import { ProtobufWriter } from '../../wire/protobuf/protobuf-writer.js';
import { newNodeClient } from './node-client.js';
import { PeerLink } from './peer-link.js';
import { ReplicationServer } from './replication-server.js';
import { defaultMoveRateBytes, MoveRate } from './snapshot-pace.js';
import { SnapshotReceiver } from './snapshot-receiver.js';

const codec = new ReplicationCodec('cluster-1', 0);
const epochOfHistory = { history: 'h', epoch: 1, epochId: 'one' };
const garbage = Buffer.from([0xff, 0xff, 0xff]);
const { Replicate, Dump } = replicationService;

let server: Server;
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
});

afterEach(() => {
  for (const client of clients) client.close();
  clients = [];
  server.forceShutdown();
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
    const address = await listen(serverOf().implementation);
    const open = () =>
      clientOf(address).makeBidiStreamRequest<Buffer, Buffer>(
        Replicate!.path,
        Replicate!.requestSerialize,
        Replicate!.responseDeserialize,
      );
    const [broken, sound] = [open(), open()];
    const ended = new Promise<ServiceError>((resolve) => broken.on('error', resolve));
    broken.write(garbage);
    expect(await ended).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringContaining('cannot be read') });

    const answer = new Promise<Buffer>((resolve) => sound.on('data', resolve));
    const writer = new ProtobufWriter();
    codec.write(writer, { ...epochOfHistory, from: 'a~1', to: 'another', body: { type: 'stateChanged' } });
    sound.write(writer.take());
    expect((await answer).length).toBeGreaterThan(0);
    sound.cancel();
    sound.on('error', () => {});
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
    const address = await listen({
      Replicate: (call: ServerDuplexStream<Buffer, Buffer>) => {
        call.on('error', () => {});
        call.write(garbage);
      },
      Dump: () => {},
    });
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
      Replicate: () => {},
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
