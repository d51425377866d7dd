/** Connections that break the rules of docs/frames.md, each on a whole port: cut off in time, and counted. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KvError } from '../../errors.js';
import { decodeClosed, encodeOpening } from '../../transport/frame-messages.js';
import { type FrameStream, maxQueuedBytes } from '../../transport/frame-stream.js';
import { controlFrame, FrameParser, preface } from '../../transport/tcp/frame-format.js';
import { FrameServer } from './frame-server.js';
import { type Listening, listen } from './listen.js';

/** A client that sends what it likes. */
class RawClient {
  readonly socket: Socket;
  readonly received: string[] = [];
  error: KvError | undefined;
  readonly #closed: Promise<unknown>;

  /** @param allowHalfOpen true: it keeps its side of the connection open when the server has ended the other. */
  constructor(port: number, allowHalfOpen = false) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen });
    this.socket.setNoDelay(true).on('error', () => {});
    this.#closed = new Promise((resolve) => this.socket.once('close', resolve));
    const parser = new FrameParser({
      onFrame: (frame) => this.received.push(String(frame)),
      onControl: (kind, message) => {
        this.received.push(kind);
        if (kind === 'closed') this.error = decodeClosed(message);
      },
    });
    this.socket.on('data', (bytes: Buffer) => parser.push(bytes));
  }

  send(...parts: (string | Uint8Array)[]): this {
    for (const part of parts) this.socket.write(part);
    return this;
  }

  async until(received: string): Promise<void> {
    while (!this.received.includes(received)) await once(this.socket, 'data');
  }

  /** @returns what the server sent before it closed the connection. */
  async whenClosed(): Promise<string[]> {
    await this.#closed;
    return this.received;
  }
}

const opening = controlFrame('opening', encodeOpening({ protocolVersion: 1, rpc: 'a/Echo', clusterId: '' }));
const opened = [preface, opening];
const message = (text: string): Buffer => Buffer.from([0, 0, 0, text.length, ...Buffer.from(text)]);

const cut: string[] = [];
const clients: RawClient[] = [];
let frames: FrameServer;
let listening: Listening;
/** The server's end of the rpc that was opened last. */
let served: FrameStream;
let onAccepted: () => void;

function client(allowHalfOpen = false): RawClient {
  const raw = new RawClient(listening.port, allowHalfOpen);
  clients.push(raw);
  return raw;
}

async function isHere(): Promise<void> {
  for (let turn = 0; turn < 10_000 && listening.connections === 0; turn++) await new Promise(setImmediate);
  await turns();
}

/** The server reads what has come. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
}

const pass = (seconds: number): void => void vi.advanceTimersByTime(seconds * 1_000);

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  cut.length = 0;
  onAccepted = () => {};
  const onCut = (reason: string): void => void cut.push(reason);
  frames = new FrameServer(onCut);
  listening = await listen('127.0.0.1', 0, frames.serve, onCut);
  const gate = { clusterId: 'ours', judge: () => undefined };
  frames.goLive({
    gate,
    handlers: {
      'a/Echo': (accept) => {
        served = accept({
          onFrame: (frame) => served.send(Buffer.from(frame)),
          onDrain() {},
          onEnd() {},
          onClosed() {},
        });
        onAccepted();
      },
    },
  });
});
afterEach(async () => {
  vi.useRealTimers();
  for (const { socket } of clients.splice(0)) socket.destroy();
  await listening.shutDown(0);
});

describe('a connection that opens no rpc', () => {
  it.each([
    ['says nothing', []],
    ['sends a part of the preface', ['KVFR']],
    ['sends the preface alone', [preface]],
    ['sends a part of the opening', [preface, opening.subarray(0, 7)]],
    ['sends control frames of other kinds', [preface, Buffer.from([0x80, 0, 0, 1, 99])]],
  ])('is cut off when it %s', async (_, parts) => {
    const raw = client().send(...parts);
    await isHere();
    pass(20);
    expect(await raw.whenClosed()).toEqual([]);
    expect(cut).toEqual(['silent']);
  });

  it('gains no time by dripping', async () => {
    const raw = client().send(preface);
    for (const byte of opening.subarray(0, 6)) {
      raw.send(Buffer.from([byte]));
      await isHere();
      pass(2);
    }
    expect(await raw.whenClosed()).toEqual([]);
    expect(cut).toEqual(['silent']);
  });

  it.each([
    ['a message', [message('early')]],
    ['an end', [controlFrame('ended')]],
    ['an opening that is none', [controlFrame('opening', Buffer.from([0xff, 0xff]))]],
    ['an acceptance', [controlFrame('accepted')]],
  ])('is refused when it sends %s first', async (_, parts) => {
    const raw = client().send(preface, ...parts);
    expect(await raw.whenClosed()).toEqual(['closed']);
    expect(raw.error).toMatchObject({ code: 'INVALID_ARGUMENT', executed: 'no' });
    expect(cut).toEqual(['malformed']);
  });

  it('is refused when it names another version', async () => {
    const later = encodeOpening({ protocolVersion: 2, rpc: 'a/Echo', clusterId: '' });
    const raw = client().send(preface, controlFrame('opening', later));
    expect(await raw.whenClosed()).toEqual(['closed']);
    expect(raw.error).toMatchObject({ code: 'INVALID_ARGUMENT', executed: 'no' });
    expect(cut).toEqual(['unknown_version']);
  });
});

describe('a connection with an rpc', () => {
  it.each([
    ['a second opening', [opening], 'malformed'],
    ['a status', [controlFrame('closed')], 'malformed'],
    ['a message after its end', [controlFrame('ended'), message('late')], 'malformed'],
    ['a second end', [controlFrame('ended'), controlFrame('ended')], 'malformed'],
    ['a message of 16 MiB and a byte', [Buffer.from([1, 0, 0, 1])], 'too_large'],
    ['a control frame of 64 KiB and a byte', [Buffer.from([0x80, 1, 0, 1])], 'too_large'],
  ])('is ended by %s, and may have executed what came before', async (_, parts, reason) => {
    const raw = client().send(...opened, message('before'));
    await raw.until('before');
    raw.send(...parts);
    expect(await raw.whenClosed()).toEqual(['accepted', 'before', 'closed']);
    expect(raw.error).toMatchObject({
      code: reason === 'malformed' ? 'INVALID_ARGUMENT' : 'MESSAGE_TOO_LARGE',
      executed: 'unknown',
    });
    expect(cut).toEqual([reason]);
  });

  it('is given up when its client answers no ping', async () => {
    const raw = client().send(...opened);
    await raw.until('accepted');
    pass(6);
    await raw.until('ping');
    pass(2);
    expect(await raw.whenClosed()).toEqual(['accepted', 'ping']);
    expect(cut).toEqual(['unresponsive']);
  });

  it('is given up when its client reads nothing of what waits for it', async () => {
    // More than the buffers of the system take.
    onAccepted = () => void served.send(Buffer.alloc(16 * 1024 * 1024));
    const raw = client().send(...opened);
    raw.socket.pause();
    await isHere();
    for (let second = 0; second < 40 && cut.length === 0; second++) {
      // It sends, as if it lived.
      raw.send(controlFrame('pong'));
      await turns();
      pass(1);
    }
    expect(cut).toEqual(['not_reading']);
  });

  it('does not fill the memory with the answers to pings that nobody reads', async () => {
    const raw = client().send(...opened);
    raw.socket.pause();
    const ping = controlFrame('ping', Buffer.alloc(60_000));
    for (let count = 0; count < 500; count++) raw.send(ping);
    await new Promise<void>((resolve) => raw.socket.write(controlFrame('pong'), () => resolve()));
    expect(served.queuedBytes).toBeLessThan(maxQueuedBytes + 2 * ping.length);
  });

  it('is closed after its end when the client does not close it', async () => {
    onAccepted = () => served.end();
    const raw = client(true).send(...opened);
    await raw.until('closed');
    await turns();
    expect(listening.connections).toBe(1);
    pass(5);
    await turns();
    expect(listening.connections).toBe(0);
    expect(cut).toEqual([]);
  });

  it('is cut off after its end when the client does not read what was sent before', async () => {
    onAccepted = () => {
      served.send(Buffer.alloc(16 * 1024 * 1024));
      served.end();
    };
    const raw = client().send(...opened);
    raw.socket.pause();
    await isHere();
    pass(30);
    expect(cut).toEqual(['not_reading']);
  });

  it('gets a sign of life from a server that reads nothing', async () => {
    onAccepted = () => served.pause();
    const raw = client().send(...opened);
    await raw.until('accepted');
    pass(1);
    await raw.until('pong');
  });
});
