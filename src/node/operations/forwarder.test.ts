import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket, type Server as TcpServer } from 'node:net';
import {
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KvError } from '../../errors.js';
import type { PutRequest, PutResponse } from '../../wire/contract/kv-api.js';
import { keyValueService, keyValueServiceWithRawKeys } from '../../wire/contract/proto.js';
import { toStatus } from '../../wire/contract/status.js';
import { forwardRequest } from './forward-request.js';
import { Forwarder, wasForwarded } from './forwarder.js';

type Call = ServerUnaryCall<PutRequest, PutResponse>;
type Answer = sendUnaryData<PutResponse>;

const method = keyValueServiceWithRawKeys.Put as MethodDefinition<PutRequest<Buffer>, PutResponse>;
const request: PutRequest<Buffer> = { key: Buffer.from('k'), value: Buffer.from('v') };
const patienceMs = 30_000;

/** The network before the primary: connections to `address` end at it, until they are cut. */
class Line {
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #server: TcpServer | undefined;
  #port = 0;

  constructor(target: number) {
    this.#target = target;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  async open(): Promise<void> {
    this.#server = createServer((near) => {
      const far = connect(this.#target, '127.0.0.1');
      for (const socket of [near, far]) this.#sockets.add(socket.on('error', () => {}));
      near.pipe(far).pipe(near);
    }).listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Connections break as when a process is killed; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    this.cut();
    await closed;
  }
}

let primary: Server;
let line: Line;
let address: string;
let forwarder: Forwarder;
/** What the primary does with a put that has come to it. */
let onPut: (call: Call, answer: Answer) => void;
let calls: Call[];

beforeEach(async () => {
  primary = new Server();
  calls = [];
  const never = () => expect.fail('not called');
  primary.addService(keyValueService, {
    ...{ Get: never, Delete: never, Pipeline: never },
    Put: (call: Call, answer: Answer) => {
      calls.push(call);
      onPut(call, answer);
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    primary.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  line = new Line(port);
  await line.open();
  address = line.address;
  forwarder = new Forwarder(undefined);
});

afterEach(async () => {
  forwarder.close();
  await line.close();
  primary.forceShutdown();
});

const forward = (to = address, deadlineMs = patienceMs) => forwarder.forward(to, method, request, deadlineMs);
const failure = (work: Promise<unknown>): Promise<KvError> =>
  work.then(
    () => expect.fail('it succeeded'),
    (error: KvError) => error,
  );

describe('a write that is passed on', () => {
  test('is answered with what the primary answers, and marked so that nobody passes it on again', async () => {
    onPut = (_, answer) => answer(null, { version: 7, nodeId: 'p' });
    expect(await forward()).toMatchObject({ version: 7, nodeId: 'p' });
    expect(calls.map(({ metadata }) => wasForwarded(metadata))).toEqual([true]);
  });

  test('and whose connection is lost then may have been executed', async () => {
    onPut = () => line.cut();
    expect(await failure(forward())).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
    expect(calls).toHaveLength(1);
  });

  test('and fails with a status of gRPC that says nothing of the write may have been executed', async () => {
    for (const code of [status.UNAVAILABLE, status.CANCELLED, status.INTERNAL, status.RESOURCE_EXHAUSTED]) {
      onPut = (_, answer) => answer({ code, details: 'from a proxy' });
      expect(await failure(forward())).toMatchObject({ executed: 'unknown' });
    }
  });

  test('and is not answered before its deadline may have been executed', async () => {
    onPut = () => {};
    expect(await failure(forward(address, 300))).toMatchObject({ code: 'DEADLINE_EXCEEDED', executed: 'unknown' });
  });

  test('and is refused by the primary has not been executed, as the primary says', async () => {
    onPut = (_, answer) => answer(toStatus(new KvError('VERSION_MISMATCH', 'at 3', { currentVersion: 3 })));
    expect(await failure(forward())).toMatchObject({ code: 'VERSION_MISMATCH', executed: 'no', currentVersion: 3 });
    const metadata = new Metadata();
    metadata.set('kv-code', 'OUTCOME_UNKNOWN');
    metadata.set('kv-executed', 'unknown');
    onPut = (_, answer) => answer({ code: status.UNKNOWN, details: 'replaced', metadata });
    expect(await failure(forward())).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
  });
});

describe('where nothing was sent, nothing has been executed', () => {
  test('nothing listens there', async () => {
    await line.close();
    expect(await failure(forward())).toMatchObject({ code: 'NO_PRIMARY', executed: 'no' });
  });

  test('something listens, and never says that it is a server of gRPC', async () => {
    const silent = await listenSilently();
    const { port } = silent.address() as { port: number };
    expect(await failure(forward(`127.0.0.1:${port}`, 300))).toMatchObject({ code: 'NO_PRIMARY', executed: 'no' });
    silent.close();
  });

  test('after it could not be reached, the primary is served the next request as soon as it can be', async () => {
    onPut = (_, answer) => answer(null, { version: 7, nodeId: 'p' });
    await line.close();
    expect(await failure(forward())).toMatchObject({ code: 'NO_PRIMARY', executed: 'no' });
    await line.open();
    expect(await forward()).toMatchObject({ version: 7 });
    expect(calls).toHaveLength(1);
  });
});

describe('what the node that passes it on makes of it', () => {
  const learnt: [number, string, KvError | undefined][] = [];
  const parts = () => ({
    forwarder,
    directory: {
      shardCount: 4,
      local: () => undefined,
      primaryElsewhere: () => address,
      learnPrimary: (shard: number, asked: string, error: KvError | undefined) => learnt.push([shard, asked, error]),
      isOffline: () => false,
    },
  });
  const pass = () => forwardRequest(parts(), 3, method, request, patienceMs);

  beforeEach(() => {
    learnt.length = 0;
  });

  test('a lost connection stays an unknown outcome, names nobody as primary, and is remembered of the node', async () => {
    onPut = () => line.cut();
    const error = await failure(pass());
    expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
    expect(error.primaryAddress).toBeUndefined();
    expect(learnt).toEqual([[3, address, error]]);
    expect(calls).toHaveLength(1);
  });

  test('a refusal by the primary names it, and stays definite', async () => {
    onPut = (_, answer) => answer(toStatus(new KvError('MEMORY_FULL', 'no room')));
    expect(await failure(pass())).toMatchObject({ code: 'MEMORY_FULL', executed: 'no', primaryAddress: address });
  });

  test('an answer names who gave it', async () => {
    onPut = (_, answer) => answer(null, { version: 7, nodeId: 'p' });
    expect(await pass()).toMatchObject({ response: { version: 7 }, primaryAddress: address });
    expect(learnt).toEqual([[3, address, undefined]]);
  });
});

async function listenSilently(): Promise<TcpServer> {
  const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  server.unref();
  await once(server, 'listening');
  return server;
}
