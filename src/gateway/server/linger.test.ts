/**
 * Refusals that are sent while the client still sends: every client receives them, and further sending has no effect.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyRoutes } from '../keys/key-routes.js';
import { FakeKeyValues } from '../keys/key-values.fixture.js';
import { healthRoutes } from '../routes/health-routes.js';
import { type HttpLimits, httpLimits } from './http-limits.js';
import { createServer } from './server.js';

const run = promisify(execFile);
const large = Buffer.alloc(5 * 1024 * 1024, 'v');
/** Longer than a slow client takes to read its refusal, so the server does not stop reading before that. */
const patient = { ...httpLimits, lingerMs: 600_000 };

let store: FakeKeyValues;
let app: FastifyInstance;
let closing: boolean;
const sockets: Socket[] = [];

async function start(limits: HttpLimits): Promise<void> {
  store = new FakeKeyValues();
  closing = false;
  const routes = [keyRoutes(store, limits), healthRoutes({ readiness: () => ({ ready: true, reasons: [] }) })];
  app = createServer({ routes, logger: pino({ level: 'silent' }), limits, isClosing: () => closing });
  await app.listen({ port: 0, host: '127.0.0.1' });
}

async function end(): Promise<void> {
  for (const socket of sockets.splice(0)) socket.destroy();
  await app.close();
}

beforeEach(() => start(patient));
afterEach(end);

const portOf = (): number => (app.server.address() as AddressInfo).port;
const urlOf = (path: string): string => `http://127.0.0.1:${portOf()}${path}`;

/** A client whose own half stays open when the server closes the other. */
function open(): Socket {
  const socket = connect({ port: portOf(), host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  sockets.push(socket);
  return socket;
}

async function receivedBy(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}

const put = (more: string): string => `PUT /api/kv/k HTTP/1.1\r\nhost: x\r\n${more}\r\n\r\n`;
const chunked = put('transfer-encoding: chunked');

async function serverSocket(): Promise<Socket> {
  const [socket] = (await once(app.server, 'connection')) as [Socket];
  return socket;
}

describe('a refusal reaches a client that still sends 5 MiB', () => {
  it.each<[number, string, string, Record<string, string>]>([
    [413, 'PUT', '/api/kv/k', {}],
    [403, 'PUT', '/api/kv/k', { origin: 'http://elsewhere' }],
    [404, 'PUT', '/nothing/here', {}],
    [405, 'PUT', '/livez', {}],
    [405, 'PATCH', '/api/kv/k', {}],
    [415, 'PUT', '/api/kv/k', { 'content-encoding': 'gzip' }],
    [400, 'PUT', '/api/kv/a/b', {}],
    [400, 'PUT', '/api/kv/%zz', {}],
    [400, 'PUT', '/%zz', {}],
    [400, 'PUT', '/api/kv/k', { 'if-match': 'x' }],
    [501, 'PROPFIND', '/api/kv/k', {}],
    // This is not a refusal, but an answer that does not wait for the body, either.
    [200, 'DELETE', '/api/kv/k', {}],
  ])('%i to fetch with %s %s %j', async (status, method, path, headers) => {
    for (let count = 0; count < 3; count++) {
      const answer = await fetch(urlOf(path), { method, headers, body: large });
      expect(answer.status).toBe(status);
      if (status !== 200) expect(await answer.json()).toMatchObject({ executed: 'no' });
    }
    expect([store.values.size, store.pending, store.heldBytes]).toEqual([0, 0, 0]);
  });

  it('503 if the received bytes have used up the memory for requests', async () => {
    store.maxHeldBytes = 0;
    const body = new ReadableStream({
      start(controller) {
        for (let at = 0; at < large.length; at += 500) controller.enqueue(large.subarray(at, at + 500));
        controller.close();
      },
    });
    const answer = await fetch(urlOf('/api/kv/k'), { method: 'PUT', body, duplex: 'half' } as RequestInit);
    expect([answer.status, await answer.json()]).toMatchObject([503, { code: 'OVERLOADED' }]);
    expect(store.heldBytes).toBe(0);
  });

  it.each([
    ['a length', put(`content-length: ${large.length}`)],
    ['chunks', `${chunked}${large.length.toString(16)}\r\n`],
    ['no HTTP', 'nonsense\r\n\r\n'],
    ['a header without end', `GET / HTTP/1.1\r\nhost: x\r\nx-large: ${'a'.repeat(20_000)}`],
    ['an invalid chunk', `${chunked}zz\r\n`],
  ])('to one that sends everything before it reads: %s', async (_what, head) => {
    const socket = open();
    socket.pause();
    socket.write(head);
    await new Promise((resolve) => socket.write(large, resolve));
    socket.end();
    expect(await receivedBy(socket)).toMatch(/^HTTP\/1.1 4\d\d .*"executed":"no"/s);
    expect([store.values.size, store.pending, store.heldBytes]).toEqual([0, 0, 0]);
  });

  it.each([[[]], [['--header', 'Expect:']], [['--http1.0']], [['--header', 'Transfer-Encoding: chunked']]])(
    'to curl %j',
    async (words) => {
      const curl = run('curl', [
        '--silent',
        '--show-error',
        '--data-binary',
        '@-',
        '--request',
        'PUT',
        ...words,
        urlOf('/api/kv/k'),
      ]);
      curl.child.stdin?.on('error', () => {}).end(large);
      expect(JSON.parse((await curl).stdout)).toMatchObject({ status: 413, code: 'VALUE_TOO_LARGE' });
    },
  );
});

describe('a client that waits for 100 Continue', () => {
  it.each([2_000, 5_000_000])(
    'and would send %i bytes too many - receives the refusal instead, and the connection ends',
    async (bytes) => {
      const socket = open();
      socket.write(put(`expect: 100-continue\r\ncontent-length: ${bytes}`));
      expect(await receivedBy(socket)).toMatch(/^HTTP\/1.1 413 .*connection: close/s);
    },
  );

  it('receives 100 if the body is read, and can use the connection again', async () => {
    const socket = open();
    socket.write(put('expect: 100-continue\r\ncontent-length: 3'));
    await once(socket, 'data');
    socket.write(`abc${put('content-length: 3\r\nconnection: close')}xyz`);
    expect(await receivedBy(socket)).toMatch(/^HTTP\/1.1 200 .*"version":1,.*HTTP\/1.1 200 .*"version":2,/s);
  });
});

describe('bytes that a client sends after its refusal', () => {
  it('are read up to a bound, and nothing of them is kept', async () => {
    await end();
    await start({ ...patient, maxLingerBytes: 300_000 });
    const accepted = serverSocket();
    const socket = open();
    socket.write(put('content-length: 999999999999'));
    await once(socket, 'data');
    expect([store.pending, store.heldBytes]).toEqual([0, 0]);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const flood = setInterval(() => socket.write(large), 1);
    await closed;
    clearInterval(flood);
    // The count includes the bytes that were in the buffers of the two sockets when the bound was reached.
    expect((await accepted).bytesRead).toBeLessThan(300_000 + 1_000_000);
  });

  it.each([
    ['a refusal', put('content-length: 999999999999')],
    ['no HTTP', 'nonsense\r\n\r\n'],
  ])('are awaited only for a bounded time: %s', async (_what, words) => {
    await end();
    await start({ ...patient, lingerMs: 300 });
    const accepted = serverSocket();
    open().write(words);
    const { bytesWritten } = await accepted.then(async (socket) => {
      await once(socket, 'close');
      return socket;
    });
    expect(bytesWritten).toBeGreaterThan(0);
  });

  it('are never executed as a request', async () => {
    const socket = open();
    socket.write(`${chunked}3e9\r\n${'v'.repeat(1_001)}\r\n`);
    await once(app.server, 'connection');
    while (store.refusals.length === 0) await new Promise(setImmediate);
    socket.end(`0\r\n\r\n${put('content-length: 3')}abc`);
    expect(await receivedBy(socket)).toMatch(/^HTTP\/1.1 413 (?!.*HTTP)/s);
    expect(store.values.size).toBe(0);
  });
});

it('garbage after a request - only the request is answered', async () => {
  const socket = open();
  socket.write(`${put('content-length: 3')}abc, and more than was announced\r\n\r\n`);
  expect(await receivedBy(socket)).toMatch(/^HTTP\/1.1 200 .*"version":1,(?!.*HTTP)/s);
});

it('a body that stops after its refusal is given up without a second answer', async () => {
  await end();
  await start({ ...patient, timeoutCheckMs: 20, headersTimeoutMs: 300, requestTimeoutMs: 600 });
  const socket = open();
  socket.write(put('content-length: 2000'));
  expect(await receivedBy(socket)).toMatch(/^HTTP\/1.1 413 (?!.*HTTP)/s);
});

it('a server that closes - requests after the last answer of a connection are not executed', async () => {
  closing = true;
  const socket = open();
  socket.write(`GET /livez HTTP/1.1\r\nhost: x\r\n\r\n${put('content-length: 3')}abc`);
  expect(await receivedBy(socket)).toMatch(/^HTTP\/1.1 200 .*"alive":true}$/s);
  expect(store.values.size).toBe(0);
});
