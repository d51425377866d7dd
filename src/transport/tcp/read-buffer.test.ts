import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAccepted, readOptions } from './read-buffer.js';

let accepted: Socket;
let dialled: Socket;
const atDialler: Buffer[] = [];
const server = createServer({ pauseOnConnect: true });

beforeEach(async () => {
  atDialler.length = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  const onread = readOptions((bytes) => {
    atDialler.push(bytes);
    dialled.emit('received');
  });
  dialled = connect({ host: '127.0.0.1', port, onread });
  [accepted] = (await once(server, 'connection')) as [Socket];
});
afterEach(() => {
  dialled.destroy();
  accepted.destroy();
  server.close();
});

describe('sockets that are read into one buffer', () => {
  it('a socket that this process connects keeps what came when more comes', async () => {
    for (const text of ['one', 'two']) {
      const received = once(dialled, 'received');
      accepted.write(text);
      await received;
    }
    expect(atDialler.map(String)).toEqual(['one', 'two']);
  });

  it('an accepted socket does the same, and its stream delivers only what came before', async () => {
    const fromStream: string[] = [];
    const fromKernel: Buffer[] = [];
    dialled.write('first');
    await once(accepted, 'readable');
    accepted.on('data', (bytes) => fromStream.push(String(bytes)));
    const isRead = readAccepted(accepted, (bytes) => {
      fromKernel.push(bytes);
      accepted.emit('received');
    });
    expect(isRead).toBe(true);
    accepted.removeAllListeners('readable').resume();
    for (const text of ['one', 'two']) {
      const received = once(accepted, 'received');
      dialled.write(text);
      await received;
    }
    expect(fromStream).toEqual(['first']);
    expect(fromKernel.map(String)).toEqual(['one', 'two']);
  });

  it('the end of the other side still ends the stream', async () => {
    readAccepted(accepted, () => {});
    accepted.resume();
    const ended = once(accepted, 'end');
    dialled.end();
    await ended;
  });

  it('a stream without the fields of a socket of Node.js is left as it is', () => {
    const stream = new PassThrough();
    expect(readAccepted(stream as unknown as Socket, () => {})).toBe(false);
    expect(Object.keys(stream)).toEqual(Object.keys(new PassThrough()));
  });
});
