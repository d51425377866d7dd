/** Either end of a connection on which anything may come: it ends with a KvError, and nothing else is thrown. */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type AddressInfo, createServer } from 'node:net';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { KvError } from '../../errors.js';
import { encodeAccepted, encodeClosed, encodeOpening } from '../frame-messages.js';
import { acceptTcp } from './accept.js';
import { dialTcp } from './dial.js';
import { type ControlKind, controlFrame, controlKinds, preface } from './frame-format.js';

/** A socket whose other end is the test. */
class TestSocket extends Duplex {
  override _read(): void {}
  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done();
  }
  setNoDelay(): void {}
}

const opening = controlFrame('opening', encodeOpening({ protocolVersion: 1, rpc: 'a/b', clusterId: '' }));
const kinds = Object.keys(controlKinds) as ControlKind[];
const anyPart = fc.oneof(
  fc.constant(opening),
  fc.constant(controlFrame('closed', encodeClosed(undefined))),
  fc.tuple(fc.constantFrom(...kinds), fc.uint8Array({ maxLength: 30 })).map(([kind, content]) => controlFrame(kind, content)),
  fc.uint8Array({ maxLength: 9 }).map((content) => Buffer.from([0, 0, 0, content.length, ...content])),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
);

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

describe('garbage', () => {
  it('at a server ends the connection, or is waited for', async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(anyPart), async (isOpened, parts) => {
        const socket = new TestSocket();
        const ends: (KvError | undefined)[] = [];
        socket.push(preface);
        acceptTcp(socket as unknown as Socket, {
          onIncoming: (incoming) => {
            const stream = incoming.accept('ours', {
              onFrame: (frame) => stream.send(frame),
              onDrain() {},
              onEnd: () => stream.end(),
              onClosed: (error) => ends.push(error),
            });
          },
          onCut() {},
        });
        if (isOpened) socket.push(opening);
        for (const part of parts) {
          socket.push(part);
          await new Promise(setImmediate);
        }
        expect(ends.length).toBeLessThan(2);
        for (const error of ends) if (error !== undefined) expect(error).toBeInstanceOf(KvError);
        socket.destroy();
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['an acceptance that is none', controlFrame('accepted', Buffer.from([0xff]))],
    ['a status that is none', controlFrame('closed', Buffer.from([0xff]))],
    [
      'a second acceptance',
      Buffer.concat([controlFrame('accepted', encodeAccepted('')), controlFrame('accepted', encodeAccepted(''))]),
    ],
    ['an opening', opening],
    ['the end of its input', controlFrame('ended')],
    ['the answer of an HTTP/1.1 server', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['the answer of an HTTP/2 server', Buffer.from([0, 0, 18, 4, 0, 0, 0, 0, 0])],
    ['a TLS alert', Buffer.from([0x15, 3, 3, 0, 2, 2, 70])],
  ])('at a client leaves open what was executed: %s', async (_, answer) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.resume();
      socket.end(answer);
    }).listen(0, '127.0.0.1');
    closers.push(() => server.close());
    await once(server, 'listening');
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const target = { address, rpc: 'a/b', clusterId: undefined, connectTimeoutMs: 60_000 };
    const error = await new Promise((resolve) => {
      dialTcp(target, { onAccepted() {}, onFrame() {}, onDrain() {}, onEnd() {}, onClosed: resolve });
    });
    expect(error).toBeInstanceOf(KvError);
    expect(error).toMatchObject({ executed: 'unknown' });
  });
});
