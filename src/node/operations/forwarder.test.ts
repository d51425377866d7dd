import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket, type Server as TcpServer } from 'node:net';
import {
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KvError } from '../../errors.js';
import { keyValueService } from '../../wire/contract/client-contract.js';
import { toStatus } from '../../wire/contract/grpc-status.js';
import type { PutRequest, PutResponse } from '../../wire/contract/kv-api.js';
import { keyValueServiceWithRawKeys } from '../../wire/contract/server-contract.js';
import { forwardRequest } from './forward-request.js';
import { Forwarder, wasForwarded } from './forwarder.js';

type Call = ServerUnaryCall<PutRequest, PutResponse>;
type Answer = sendUnaryData<PutResponse>;

const method = keyValueServiceWithRawKeys.Put as MethodDefinition<PutRequest<Buffer>, PutResponse>;
const request: PutRequest<Buffer> = { key: Buffer.from('k'), value: Buffer.from('v') };
const patienceMs = 30_000;

/** The network before the primary: a proxy that carries connections to the primary until they are cut. */
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

  /** Breaks the connections as if a process were killed; new connections are accepted. */
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
/** What the primary does with a put that it receives. */
let onPut: (call: Call, answer: Answer) => void;
let calls: Call[];
/** The messages of a call that is answered with a stream. */
let streamed: string[];

beforeEach(async () => {
  primary = new Server();
  calls = [];
  const never = () => expect.fail('not called');
  primary.addService(keyValueService, {
    Get: never,
    Delete: never,
    Pipeline: never,
    Scan: (call: ServerWritableStream<object, Buffer>) => {
      for (const message of streamed) call.write(Buffer.from(message));
      call.end();
    },
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
  forwarder = new Forwarder('cluster-1');
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

describe('a write that is forwarded', () => {
  test('gets the answer of the primary, and is marked so that no node forwards it again', async () => {
    onPut = (_, answer) => answer(null, { version: 7, nodeId: 'p' });
    expect(await forward()).toMatchObject({ version: 7, nodeId: 'p' });
    expect(calls.map(({ metadata }) => wasForwarded(metadata))).toEqual([true]);
  });

  test('may have been executed if the connection is lost afterwards', async () => {
    onPut = () => line.cut();
    expect(await failure(forward())).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
    expect(calls).toHaveLength(1);
  });

  test('may have been executed if it fails with a gRPC status that leaves the outcome open', async () => {
    for (const code of [status.UNAVAILABLE, status.CANCELLED, status.INTERNAL, status.RESOURCE_EXHAUSTED]) {
      onPut = (_, answer) => answer({ code, details: 'from a proxy' });
      expect(await failure(forward())).toMatchObject({ executed: 'unknown' });
    }
  });

  test('may have been executed if no answer comes before its deadline', async () => {
    onPut = () => {};
    expect(await failure(forward(address, 300))).toMatchObject({ code: 'DEADLINE_EXCEEDED', executed: 'unknown' });
  });

  test('has not been executed if the refusal of the primary states that', async () => {
    onPut = (_, answer) => answer(toStatus(new KvError('VERSION_MISMATCH', 'at 3', { currentVersion: 3 })));
    expect(await failure(forward())).toMatchObject({ code: 'VERSION_MISMATCH', executed: 'no', currentVersion: 3 });
    const metadata = new Metadata();
    metadata.set('kv-code', 'OUTCOME_UNKNOWN');
    metadata.set('kv-executed', 'unknown');
    onPut = (_, answer) => answer({ code: status.UNKNOWN, details: 'replaced', metadata });
    expect(await failure(forward())).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
  });
});

describe('a request that was not sent has not been executed', () => {
  test('because nothing listens at the address', async () => {
    await line.close();
    expect(await failure(forward())).toMatchObject({ code: 'NO_PRIMARY', executed: 'no' });
  });

  test('because the server at the address never speaks gRPC', async () => {
    const silent = await listenSilently();
    const { port } = silent.address() as { port: number };
    expect(await failure(forward(`127.0.0.1:${port}`, 300))).toMatchObject({ code: 'NO_PRIMARY', executed: 'no' });
    silent.close();
  });

  test('and a primary that could not be reached gets the next request as soon as it can be reached', async () => {
    onPut = (_, answer) => answer(null, { version: 7, nodeId: 'p' });
    await line.close();
    expect(await failure(forward())).toMatchObject({ code: 'NO_PRIMARY', executed: 'no' });
    expect([forwarder.hasJustFailed(address), forwarder.hasJustFailed('127.0.0.1:1')]).toEqual([true, false]);
    await line.open();
    expect(await forward()).toMatchObject({ version: 7 });
    expect(calls).toHaveLength(1);
  });
});

describe('a call that is answered with a stream', () => {
  const collect = (isEnough: (message: Buffer) => boolean) =>
    forwarder.collect(address, keyValueService.Scan!.path, Buffer.alloc(0), patienceMs, isEnough);

  test('passes its messages on until there are enough', async () => {
    streamed = ['a', 'b', 'c'];
    const seen: string[] = [];
    await collect((message) => seen.push(message.toString()) === 2);
    expect(seen).toEqual(['a', 'b']);
  });

  test('fails if a message cannot be read', async () => {
    streamed = ['a'];
    const unreadable = new Error('it is no page');
    const failed = collect(() => {
      throw unreadable;
    });
    await expect(failed).rejects.toBe(unreadable);
  });
});

describe('a node that forwards a request', () => {
  const learnt: [number, string, KvError | undefined][] = [];
  const parts = () => ({
    forwarder,
    directory: {
      shardCount: 4,
      local: () => undefined,
      primaryElsewhere: () => address,
      learnPrimary: (shard: number, asked: string, error: KvError | undefined) => learnt.push([shard, asked, error]),
      awaited: () => undefined,
    },
  });
  const pass = () => forwardRequest(parts(), 3, method, request, patienceMs);

  beforeEach(() => {
    learnt.length = 0;
  });

  test('reports a lost connection as an unknown outcome that names no primary, and remembers it of the other node', async () => {
    onPut = () => line.cut();
    const error = await failure(pass());
    expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
    expect(error.primaryAddress).toBeUndefined();
    expect(learnt).toEqual([[3, address, error]]);
    expect(calls).toHaveLength(1);
  });

  test('adds the address of the primary to a refusal by the primary, which stays definite', async () => {
    onPut = (_, answer) => answer(toStatus(new KvError('MEMORY_FULL', 'no room')));
    expect(await failure(pass())).toMatchObject({ code: 'MEMORY_FULL', executed: 'no', primaryAddress: address });
  });

  test('reports the address of the node that answered', async () => {
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
