import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SharedPort } from './shared-port.js';

/** Serves a connection by echoing everything, after its name. */
const echo = (name: string) => ({
  preface: Buffer.from(name),
  serve: (socket: Socket) => {
    socket.write(`${name}:`);
    socket.pipe(socket);
  },
});

let port: SharedPort;
let number: number;
const cut: string[] = [];
const onCut = (reason: string): void => void cut.push(reason);
const clients: Socket[] = [];

async function client(): Promise<Socket> {
  const socket = connect(number, '127.0.0.1');
  clients.push(socket);
  await once(socket, 'connect');
  return socket;
}

/**
 * Everything that the client receives, until it has `bytes` of it or the connection is closed. A connection that is closed with
 * bytes that were never read is reset.
 */
async function received(socket: Socket, bytes: number): Promise<string> {
  let text = '';
  try {
    for await (const part of socket.iterator({ destroyOnReturn: false })) {
      text += String(part);
      if (text.length >= bytes) break;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
  }
  return text;
}

beforeEach(async () => {
  cut.length = 0;
  port = new SharedPort([echo('HTTP'), echo('FRAME')], onCut);
  number = await port.listen(['127.0.0.1'], 0);
});
afterEach(() => {
  for (const socket of clients.splice(0)) socket.destroy();
  port.close();
});

describe('shared port', () => {
  it('the first bytes choose the protocol, which reads them as if they had just come', async () => {
    const [one, other] = [await client(), await client()];
    one.write('HTTP and more');
    other.write('FRAMEs');
    expect(await received(one, 18)).toBe('HTTP:HTTP and more');
    expect(await received(other, 12)).toBe('FRAME:FRAMEs');
    expect(cut).toEqual([]);
  });

  it('a preface may come byte by byte', async () => {
    const socket = await client();
    socket.setNoDelay(true);
    for (const letter of 'FRAME') {
      socket.write(letter);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await received(socket, 11)).toBe('FRAME:FRAME');
  });

  it('other bytes close the connection at the first that fits no preface', async () => {
    const socket = await client();
    socket.write('HX');
    expect(await received(socket, 1)).toBe('');
    expect(cut).toEqual(['unknown_protocol']);
  });

  it('a connection without a whole preface is closed after the time-out', async () => {
    const hasty = new SharedPort([echo('FRAME')], onCut, 1);
    number = await hasty.listen(['127.0.0.1'], 0);
    // Not `client()`: the port may reset a connection before that function has returned.
    const [silent, slow] = [connect(number, '127.0.0.1'), connect(number, '127.0.0.1')];
    slow.write('FRA');
    expect(await Promise.all([received(silent, 1), received(slow, 1)])).toEqual(['', '']);
    expect(cut).toEqual(['silent', 'silent']);
    hasty.close();
  });

  it('listens on several addresses with one port, and counts connections while they are open', async () => {
    const several = new SharedPort([echo('HTTP')]);
    const shared = await several.listen(['127.0.0.1', '127.0.0.2'], 0);
    const socket = connect(shared, '127.0.0.2');
    await once(socket, 'connect');
    await vi.waitUntil(() => several.connections === 1);
    socket.destroy();
    await vi.waitUntil(() => several.connections === 0);
    several.close();
  });

  it('drains: waits for the connections that are open', async () => {
    await port.drain(60_000);
    const [leaving, ending] = [await client(), await client()];
    for (const socket of [leaving, ending]) socket.write('HTTP');
    await Promise.all([received(leaving, 5), received(ending, 5)]);
    port.close();
    const events: string[] = [];
    const drained = port.drain(60_000).then(() => events.push('drained'));
    leaving.destroy();
    await vi.waitUntil(() => port.connections === 1);
    events.push('one left');
    ending.destroy();
    await drained;
    expect(events).toEqual(['one left', 'drained']);
  });

  it('drains: closes the connections that stay', async () => {
    const staying = await client();
    staying.write('HTTP');
    await received(staying, 5);
    port.close();
    await port.drain(1);
    expect(port.connections).toBe(0);
    expect(await received(staying, 1)).toBe('');
  });

  it('an address that is in use is reported, and leaves nothing listening', async () => {
    const second = new SharedPort([]);
    await expect(second.listen(['127.0.0.2', '127.0.0.1'], number)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const refused = connect(number, '127.0.0.2');
    await expect(once(refused, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
