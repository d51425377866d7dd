/** Clients that are slow, greedy or no clients at all, on sockets of their own; the times are short, and none is asserted. */
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { healthRoutes } from './health-routes.js';
import { type HttpLimits, httpLimits } from './http-limits.js';
import { keyRoutes } from './key-routes.js';
import { FakeKeyValues } from './key-values.fixture.js';
import { createServer } from './server.js';

const patient = { ...httpLimits, timeoutCheckMs: 20, maxConnections: 8, maxDiscardedBytes: 4_000 };
/** For clients that are to be cut off; any other might be as well, on a busy machine. */
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

/** What the server says until it closes the connection. */
class Peer {
  readonly socket: Socket;
  readonly ended: Promise<unknown>;
  heard = '';

  constructor(...words: (string | Buffer)[]) {
    this.socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(this.socket);
    this.socket.on('error', () => {});
    this.socket.on('data', (data) => {
      this.heard += data.toString('latin1');
    });
    // In whatever way: with a reset, where it had not read everything.
    this.ended = new Promise((resolve) => this.socket.once('close', resolve));
    for (const word of words) this.socket.write(word);
  }

  async hears(words: string): Promise<void> {
    while (!this.heard.includes(words)) await once(this.socket, 'data');
  }

  async isCutOff(): Promise<string> {
    await this.ended;
    return this.heard;
  }
}

const problem = (status: number, executed = 'no') =>
  new RegExp(`^HTTP/1.1 ${status} .*problem\\+json.*"executed":"${executed}"`, 's');

describe('a body', () => {
  it('that is announced as too large is refused before any of it comes, and the connection closed', async () => {
    const peer = new Peer('PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999999\r\n\r\n');
    expect(await peer.isCutOff()).toMatch(problem(413));
  });

  it('that grows too large in chunks is cut off, and nothing of it is kept', async () => {
    const peer = new Peer('PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    peer.socket.write(`3e9\r\n${'v'.repeat(1_001)}\r\n`);
    expect(await peer.isCutOff()).toMatch(problem(413));
    expect([store.values.size, store.heldBytes]).toEqual([0, 0]);
  });

  it.each([1, 7, 100, 990])('in chunks of %i bytes is put together as it was', async (chunkBytes) => {
    const body = Array.from({ length: 990 }, (_, at) => String.fromCharCode(65 + (at % 57))).join('');
    const peer = new Peer('PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    for (let from = 0; from < body.length; from += chunkBytes) {
      const chunk = body.slice(from, from + chunkBytes);
      peer.socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    }
    peer.socket.write('0\r\n\r\n');
    await peer.hears('200 OK');
    expect(store.values.get('k')?.value.toString()).toBe(body);
  });

  it('that is a little too large costs its connection nothing', async () => {
    const peer = new Peer('PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: 2000\r\n\r\n');
    await peer.hears('413');
    peer.socket.write('v'.repeat(2_000));
    peer.socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    await peer.hears('"alive":true');
  });

  it('is asked for with 100 only where it would be read', async () => {
    const head = 'PUT /api/kv/k HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length';
    expect(await new Peer(`${head}: 50000\r\n\r\n`).isCutOff()).toMatch(problem(413));
    const welcome = new Peer(`${head}: 3\r\n\r\n`);
    await welcome.hears('100 Continue');
    welcome.socket.write('abc');
    await welcome.hears('200 OK');
  });

  it('that stops coming is given up, with what was held for it', async () => {
    await startAgain(hasty);
    const peer = new Peer('PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\n', 'v'.repeat(500));
    await peer.isCutOff();
    expect([store.values.size, store.pending, store.heldBytes]).toEqual([0, 0, 0]);
  });

  it('whose sender goes away is given up at once', async () => {
    const peer = new Peer('PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\n', 'v'.repeat(500));
    while (store.heldBytes === 0) await new Promise(setImmediate);
    peer.socket.destroy();
    while (store.pending > 0) await new Promise(setImmediate);
    expect([store.values.size, store.heldBytes]).toEqual([0, 0]);
  });
});

describe('a client', () => {
  it.each([
    ['says nothing', ''],
    ['never ends its first line', 'GET /livez'],
    ['never ends its headers', 'GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: '],
  ])('that %s is cut off', async (_what, words) => {
    await startAgain(hasty);
    expect(await new Peer(words).isCutOff()).not.toMatch(/ 200 /);
  });

  it('that drips its headers is cut off all the same', async () => {
    await startAgain(hasty);
    const peer = new Peer('GET /livez HTTP/1.1\r\nhost: x\r\n');
    const drip = setInterval(() => peer.socket.write('x-a: b\r\n'), 20);
    const heard = await peer.isCutOff();
    clearInterval(drip);
    expect(heard).toMatch(problem(408));
  });

  it('that sends too much of a header hears why', async () => {
    const peer = new Peer(`GET /livez HTTP/1.1\r\nhost: x\r\nx-large: ${'a'.repeat(20_000)}\r\n\r\n`);
    expect(await peer.isCutOff()).toMatch(problem(431));
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
    ['no length a number has', 'PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n'],
    ['no chunk', 'PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
  ])('that speaks %s is answered with 400 or nothing, and cut off', async (_what, words) => {
    expect(await new Peer(words).isCutOff()).toMatch(/^(HTTP\/1.1 4\d\d |$)/);
    expect(store.values.size).toBe(0);
  });

  it.each([
    [400, 'no Host', 'GET /livez HTTP/1.1\r\n\r\n'],
    [400, 'two of them', 'GET /livez HTTP/1.1\r\nhost: a\r\nHost: b\r\n\r\n'],
    [415, 'a packed body', 'PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc'],
    [417, 'an expectation', 'PUT /api/kv/k HTTP/1.1\r\nhost: x\r\nexpect: 200-ok\r\ncontent-length: 3\r\n\r\nabc'],
    [501, 'a method of WebDAV', 'PROPFIND /api/kv/k HTTP/1.1\r\nhost: x\r\n\r\n'],
  ])('hears %i of %s, as a problem, and may ask on', async (status, _what, words) => {
    const peer = new Peer(words);
    await peer.hears('"executed":"no"');
    expect(peer.heard).toMatch(problem(status));
    expect(store.values.size).toBe(0);
    peer.socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    await peer.hears('"alive":true');
  });

  it('hears 501 of chunks that are packed, and nothing of them is kept', async () => {
    const peer = new Peer('PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n');
    expect(await peer.isCutOff()).toMatch(problem(501));
    expect(store.values.size).toBe(0);
  });

  it('that does not wait for its answers is answered in order, each as if it had waited', async () => {
    const put = 'PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc';
    const others = ['GET', 'DELETE', 'GET'].map((method) => `${method} /api/kv/k HTTP/1.1\r\nhost: x\r\n\r\n`);
    const peer = new Peer(`${put}${others.join('')}`);
    await peer.hears('KEY_NOT_FOUND');
    expect(peer.heard).toMatch(/"version":1.*abc.*"existed":true.*KEY_NOT_FOUND/s);
  });

  it('that sends far ahead is cut off, and nothing of what waited is done', async () => {
    let answer = (): void => {};
    store.readable = new Promise((resolve) => {
      answer = resolve;
    });
    const put = 'PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\na';
    const ahead = new Peer('GET /api/kv/k HTTP/1.1\r\nhost: x\r\n\r\n', put.repeat(31));
    while (store.pending === 0) await new Promise(setImmediate);
    const tooFar = new Peer('GET /api/kv/k HTTP/1.1\r\nhost: x\r\n\r\n', put.repeat(2_000));
    expect(await tooFar.isCutOff()).toBe('');
    expect(store.values.size).toBe(0);
    answer();
    await ahead.hears('"version":31,');
  });

  it.each(['text/plain', ';;;', '', 'application/json; charset=\u00ff'])('may call its value a %j', async (type) => {
    const peer = new Peer(`PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: 3\r\n\r\nabc`);
    await peer.hears('"version":1');
  });

  it('that does not read its answers is cut off, with what was held for them', async () => {
    await startAgain(hasty);
    store.values.set('k', { value: Buffer.alloc(1_000_000, 'v'), version: 1 });
    const peer = new Peer();
    peer.socket.pause();
    await once(app.server, 'connection');
    // Far more than the buffers between here and there take, and not further ahead than it may send.
    peer.socket.write('GET /api/kv/k HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(30));
    await noConnections();
    while (store.pending > 0) await new Promise(setImmediate);
    expect(store.heldBytes).toBe(0);
  });

  it('that takes its answers too slowly is cut off, though it takes them', async () => {
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

describe('more clients than there may be', () => {
  const { maxConnections } = patient;

  it.each([
    ['say nothing', ''],
    ['drip their headers', 'GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: '],
    ['drip a body', 'PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\nv'],
    ['have been answered', 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n'],
  ])('of those that %s the first goes, and who asks is answered at once', async (_what, words) => {
    const crowd: Peer[] = [];
    for (let count = 0; count < maxConnections; count++) {
      crowd.push(new Peer(words));
      await once(app.server, 'connection');
    }
    if (words.includes('PUT')) while (store.pending < maxConnections) await new Promise(setImmediate);
    if (words.endsWith('\r\n\r\n')) await Promise.all(crowd.map((peer) => peer.hears('"alive":true')));
    const probe = new Peer('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    await probe.hears('"alive":true');
    await crowd[0]!.isCutOff();
    expect(crowd.slice(1).map(({ socket }) => socket.destroyed)).not.toContain(true);
    expect(probe.socket.destroyed).toBe(false);
  });

  it('who waits for an answer is kept, whoever comes', async () => {
    let answer = (): void => {};
    store.readable = new Promise((resolve) => {
      answer = resolve;
    });
    const busy = Array.from({ length: maxConnections }, () => new Peer('GET /api/kv/k HTTP/1.1\r\nhost: x\r\n\r\n'));
    while (store.pending < maxConnections) await new Promise(setImmediate);
    await new Peer('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n').isCutOff();
    answer();
    await Promise.all(busy.map((peer) => peer.hears('KEY_NOT_FOUND')));
    await new Peer('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n').hears('"alive":true');
  });
});

it('a server that closes - answers what is under way, and says that nothing more will follow', async () => {
  const peer = new Peer('PUT /api/kv/k HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n');
  const idle = new Peer('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
  await idle.hears('"alive":true');
  while (store.pending === 0) await new Promise(setImmediate);
  closing = true;
  const closed = app.close();
  await idle.isCutOff();
  peer.socket.write('abc');
  expect(await peer.isCutOff()).toMatch(/^HTTP\/1.1 200 .*connection: close.*"version":1/s);
  await closed;
  expect(store.values.get('k')?.value.toString()).toBe('abc');
});

async function noConnections(): Promise<void> {
  const count = () => new Promise<number>((resolve) => app.server.getConnections((_error, connections) => resolve(connections)));
  while ((await count()) > 0) await new Promise(setImmediate);
}

it('goes on where a connection cannot be accepted for want of a file descriptor', async () => {
  const error = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE', syscall: 'accept' });
  // Without a listener of its own, `emit` throws, and in the event loop nobody would catch it.
  expect(app.server.emit('error', error)).toBe(true);
  const { port } = app.server.address() as AddressInfo;
  expect((await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200);
});
