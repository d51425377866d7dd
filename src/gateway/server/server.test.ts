/**
 * Slow, greedy and invalid clients, each on a socket of its own. The limits of time are short, and no time is
 * asserted.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyRoutes } from '../keys/key-routes.js';
import { FakeKeyValues } from '../keys/key-values.fixture.js';
import { healthRoutes } from '../routes/health-routes.js';
import { type HttpLimits, httpLimits } from './http-limits.js';
import { createServer } from './server.js';

const patient = { ...httpLimits, timeoutCheckMs: 20, maxConnections: 8, maxDiscardedBytes: 4_000 };
/** For tests in which the client must be disconnected. On a busy machine these limits might disconnect any client. */
const hasty = { ...patient, headersTimeoutMs: 400, requestTimeoutMs: 800, silentConnectionMs: 1_500 };

let store: FakeKeyValues;
let app: FastifyInstance;
let closing: boolean;
const sockets: Socket[] = [];

beforeEach(() => start(patient));
afterEach(end);

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

async function startAgain(limits: HttpLimits): Promise<void> {
  await end();
  await start(limits);
}

/** A client that records all bytes from the server until the connection is closed. */
class Peer {
  readonly socket: Socket;
  readonly ended: Promise<unknown>;
  received = '';

  constructor(...words: (string | Buffer)[]) {
    this.socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(this.socket);
    this.socket.on('error', () => {});
    this.socket.on('data', (data) => {
      this.received += data.toString('latin1');
    });
    // The connection may end by a reset if the server had not read everything.
    this.ended = new Promise((resolve) => this.socket.once('close', resolve));
    for (const word of words) this.socket.write(word);
  }

  async receives(words: string): Promise<void> {
    while (!this.received.includes(words)) await once(this.socket, 'data');
  }

  async isDisconnected(): Promise<string> {
    await this.ended;
    return this.received;
  }
}

const problem = (status: number, executed = 'no') =>
  new RegExp(`^HTTP/1.1 ${status} .*problem\\+json.*"executed":"${executed}"`, 's');

describe('a body', () => {
  it('that is announced as too large is refused before it is sent, and the connection is closed', async () => {
    const peer = new Peer('PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999999\r\n\r\n');
    expect(await peer.isDisconnected()).toMatch(problem(413));
  });

  it('that grows too large in chunks is refused, and nothing of it is kept', async () => {
    const peer = new Peer('PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    peer.socket.write(`3e9\r\n${'v'.repeat(1_001)}\r\n`);
    expect(await peer.isDisconnected()).toMatch(problem(413));
    expect([store.values.size, store.heldBytes]).toEqual([0, 0]);
  });

  it.each([1, 7, 100, 990])('in chunks of %i bytes is stored unchanged', async (chunkBytes) => {
    const body = Array.from({ length: 990 }, (_, at) => String.fromCharCode(65 + (at % 57))).join('');
    const peer = new Peer('PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    for (let from = 0; from < body.length; from += chunkBytes) {
      const chunk = body.slice(from, from + chunkBytes);
      peer.socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    }
    peer.socket.write('0\r\n\r\n');
    await peer.receives('200 OK');
    expect(store.values.get('k')?.value.toString()).toBe(body);
  });

  it('that is a little too large does not end its connection', async () => {
    const peer = new Peer('PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: 2000\r\n\r\n');
    await peer.receives('413');
    peer.socket.write('v'.repeat(2_000));
    peer.socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    await peer.receives('"alive":true');
  });

  it('is requested with 100 only if it will be read', async () => {
    const head = 'PUT /api/kv/k HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length';
    expect(await new Peer(`${head}: 50000\r\n\r\n`).isDisconnected()).toMatch(problem(413));
    const welcome = new Peer(`${head}: 3\r\n\r\n`);
    await welcome.receives('100 Continue');
    welcome.socket.write('abc');
    await welcome.receives('200 OK');
  });

  it('that stops arriving is given up, and its memory is released', async () => {
    await startAgain(hasty);
    const peer = new Peer('PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\n', 'v'.repeat(500));
    await peer.isDisconnected();
    expect([store.values.size, store.pending, store.heldBytes]).toEqual([0, 0, 0]);
  });

  it('whose sender disconnects is given up at once', async () => {
    const peer = new Peer('PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\n', 'v'.repeat(500));
    while (store.heldBytes === 0) await new Promise(setImmediate);
    peer.socket.destroy();
    while (store.pending > 0) await new Promise(setImmediate);
    expect([store.values.size, store.heldBytes]).toEqual([0, 0]);
  });
});

describe('a client', () => {
  it.each([
    ['sends nothing', ''],
    ['never ends its first line', 'GET /livez'],
    ['never ends its headers', 'GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: '],
  ])('that %s is disconnected', async (_what, words) => {
    await startAgain(hasty);
    expect(await new Peer(words).isDisconnected()).not.toMatch(/ 200 /);
  });

  it('that sends its headers byte by byte is disconnected', async () => {
    await startAgain(hasty);
    const peer = new Peer('GET /livez HTTP/1.1\r\nhost: x\r\n');
    const drip = setInterval(() => peer.socket.write('x-a: b\r\n'), 20);
    const received = await peer.isDisconnected();
    clearInterval(drip);
    expect(received).toMatch(problem(408));
  });

  it('that sends too large a header receives the reason', async () => {
    const peer = new Peer(`GET /livez HTTP/1.1\r\nhost: x\r\nx-large: ${'a'.repeat(20_000)}\r\n\r\n`);
    expect(await peer.isDisconnected()).toMatch(problem(431));
  });

  it.each([
    ['TLS', Buffer.from('16030100c8010000c40303', 'hex')],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['noise', Buffer.alloc(5_000, 0xa5)],
    ['a header that holds another', 'GET /livez HTTP/1.1\r\nhost: x\r\nx: a\rb: c\r\n\r\n'],
    ['two lengths', 'PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd'],
    [
      'a length and chunks',
      'PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a negative length', 'PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n'],
    ['an invalid chunk', 'PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
  ])('that sends %s is answered with 400 or nothing, and disconnected', async (_what, words) => {
    expect(await new Peer(words).isDisconnected()).toMatch(/^(HTTP\/1.1 4\d\d |$)/);
    expect(store.values.size).toBe(0);
  });

  it.each([
    [400, 'no Host', 'GET /livez HTTP/1.1\r\n\r\n'],
    [400, 'two of them', 'GET /livez HTTP/1.1\r\nhost: a\r\nHost: b\r\n\r\n'],
    [415, 'a compressed body', 'PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc'],
    [417, 'an expectation', 'PUT /api/kv/k HTTP/1.1\r\nhost: x\r\nexpect: 200-ok\r\ncontent-length: 3\r\n\r\nabc'],
    [501, 'a method of WebDAV', 'PROPFIND /api/kv/k HTTP/1.1\r\nhost: x\r\n\r\n'],
  ])('receives %i for %s, as a problem, and may send further requests', async (status, _what, words) => {
    const peer = new Peer(words);
    await peer.receives('"executed":"no"');
    expect(peer.received).toMatch(problem(status));
    expect(store.values.size).toBe(0);
    peer.socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    await peer.receives('"alive":true');
  });

  it('receives 501 for compressed chunks, and nothing of them is kept', async () => {
    const peer = new Peer('PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n');
    expect(await peer.isDisconnected()).toMatch(problem(501));
    expect(store.values.size).toBe(0);
  });

  it('that does not wait for its answers gets the same answers, in order', async () => {
    const put = 'PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc';
    const others = ['GET', 'DELETE', 'GET'].map((method) => `${method} /api/kv/k HTTP/1.1\r\nhost: x\r\n\r\n`);
    const peer = new Peer(`${put}${others.join('')}`);
    await peer.receives('KEY_NOT_FOUND');
    expect(peer.received).toMatch(/"version":1.*abc.*"existed":true.*KEY_NOT_FOUND/s);
  });

  it('that sends too many requests ahead is disconnected, and no waiting request is executed', async () => {
    let answer = (): void => {};
    store.readable = new Promise((resolve) => {
      answer = resolve;
    });
    const put = 'PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\na';
    const ahead = new Peer('GET /api/kv/k HTTP/1.1\r\nhost: x\r\n\r\n', put.repeat(31));
    while (store.pending === 0) await new Promise(setImmediate);
    const tooFar = new Peer('GET /api/kv/k HTTP/1.1\r\nhost: x\r\n\r\n', put.repeat(2_000));
    expect(await tooFar.isDisconnected()).toBe('');
    expect(store.values.size).toBe(0);
    answer();
    await ahead.receives('"version":31,');
  });

  it.each(['text/plain', ';;;', '', 'application/json; charset=\u00ff'])('may send its value as %j', async (type) => {
    const peer = new Peer(`PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: 3\r\n\r\nabc`);
    await peer.receives('"version":1');
  });

  it('that does not read its answers is disconnected, and their memory is released', async () => {
    await startAgain(hasty);
    store.values.set('k', { value: Buffer.alloc(1_000_000, 'v'), version: 1 });
    const peer = new Peer();
    peer.socket.pause();
    await once(app.server, 'connection');
    // Far more than the buffers between client and server hold, but no more requests than may be sent ahead.
    peer.socket.write('GET /api/kv/k HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(30));
    await noConnections();
    while (store.pending > 0) await new Promise(setImmediate);
    expect(store.heldBytes).toBe(0);
  });

  it('that reads its answers too slowly is disconnected', async () => {
    await startAgain({ ...patient, answerTimeoutMs: 500 });
    store.values.set('k', { value: Buffer.alloc(1_000_000, 'v'), version: 1 });
    const peer = new Peer('GET /api/kv/k HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(30));
    peer.socket.pause();
    const sip = setInterval(() => peer.socket.read(1), 20);
    await once(app.server, 'connection');
    await noConnections();
    clearInterval(sip);
    while (store.pending > 0) await new Promise(setImmediate);
    expect(store.heldBytes).toBe(0);
  });
});

describe('more clients than the limit', () => {
  const { maxConnections } = patient;

  it.each([
    ['send nothing', ''],
    ['send their headers byte by byte', 'GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: '],
    ['send a body byte by byte', 'PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\nv'],
    ['have been answered', 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n'],
  ])('that %s - the first one is disconnected, and a new request is answered at once', async (_what, words) => {
    const crowd: Peer[] = [];
    for (let count = 0; count < maxConnections; count++) {
      crowd.push(new Peer(words));
      await once(app.server, 'connection');
    }
    if (words.includes('PUT')) while (store.pending < maxConnections) await new Promise(setImmediate);
    if (words.endsWith('\r\n\r\n')) await Promise.all(crowd.map((peer) => peer.receives('"alive":true')));
    const probe = new Peer('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    await probe.receives('"alive":true');
    await crowd[0]!.isDisconnected();
    expect(crowd.slice(1).map(({ socket }) => socket.destroyed)).not.toContain(true);
    expect(probe.socket.destroyed).toBe(false);
  });

  it('that wait for an answer - stay connected, and a newcomer is refused', async () => {
    let answer = (): void => {};
    store.readable = new Promise((resolve) => {
      answer = resolve;
    });
    const busy = Array.from({ length: maxConnections }, () => new Peer('GET /api/kv/k HTTP/1.1\r\nhost: x\r\n\r\n'));
    while (store.pending < maxConnections) await new Promise(setImmediate);
    await new Peer('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n').isDisconnected();
    answer();
    await Promise.all(busy.map((peer) => peer.receives('KEY_NOT_FOUND')));
    await new Peer('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n').receives('"alive":true');
  });
});

it('a server that closes - answers the requests in progress with connection: close', async () => {
  const peer = new Peer('PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n');
  const idle = new Peer('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
  await idle.receives('"alive":true');
  while (store.pending === 0) await new Promise(setImmediate);
  closing = true;
  const closed = app.close();
  await idle.isDisconnected();
  peer.socket.write('abc');
  expect(await peer.isDisconnected()).toMatch(/^HTTP\/1.1 200 .*connection: close.*"version":1/s);
  await closed;
  expect(store.values.get('k')?.value.toString()).toBe('abc');
});

async function noConnections(): Promise<void> {
  const count = () => new Promise<number>((resolve) => app.server.getConnections((_error, connections) => resolve(connections)));
  while ((await count()) > 0) await new Promise(setImmediate);
}

it('keeps serving if it cannot accept a connection without a free file descriptor', async () => {
  const error = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE', syscall: 'accept' });
  // Without a listener for errors, `emit` would throw, and no code in the event loop would catch it.
  expect(app.server.emit('error', error)).toBe(true);
  const { port } = app.server.address() as AddressInfo;
  expect((await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200);
});
