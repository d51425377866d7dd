/** The server's end of connections that carry frames: reads the opening, and passes the stream to the handler of its rpc. */
import type { Socket } from 'node:net';
import { KvError } from '../../errors.js';
import { decodeOpening, encodeAccepted, type FrameOpening, protocolVersion } from '../frame-messages.js';
import type { FrameListener, FrameStream } from '../frame-stream.js';
import { preface } from './frame-format.js';
import { TcpFrameStream } from './tcp-frame-stream.js';

/** An rpc that a client has opened and the server has not accepted yet. */
export interface Incoming {
  readonly opening: FrameOpening;
  /** host:port of the client, for the log. */
  readonly peer: string;
  /** @param clusterId the cluster of this node. */
  accept(clusterId: string, listener: FrameListener): FrameStream;
  refuse(error: KvError): void;
}

/** From the connection until its opening has come. A connection that says nothing is cut off. */
const openingTimeoutMs = 10_000;

export interface AcceptHandlers {
  onIncoming(incoming: Incoming): void;
  /** The connection was closed before it opened an rpc. */
  onRejected(reason: 'no opening in time' | 'malformed opening' | 'closed early'): void;
}

/** @param socket paused; it has received the preface, which is still to be read. */
export function acceptTcp(socket: Socket, handlers: AcceptHandlers): void {
  socket.read(preface.length);
  let isOpen = false;
  const reject = (reason: Parameters<AcceptHandlers['onRejected']>[0]): void => {
    if (isOpen) return;
    isOpen = true;
    clearTimeout(timer);
    socket.destroy();
    handlers.onRejected(reason);
  };
  const timer = setTimeout(() => reject('no opening in time'), openingTimeoutMs);
  const beforeOpening: FrameListener = {
    onFrame: () => reject('malformed opening'),
    onDrain() {},
    onEnd: () => reject('malformed opening'),
    onClosed: () => reject('closed early'),
  };
  const stream = new TcpFrameStream(socket, true, beforeOpening, (kind, message) => {
    if (kind !== 'opening' || isOpen) throw new KvError('INVALID_ARGUMENT', 'a connection carries one rpc');
    const opening = readOpening(message);
    if (opening === undefined) return reject('malformed opening');
    isOpen = true;
    clearTimeout(timer);
    if (opening.protocolVersion !== protocolVersion) return stream.fail(wrongVersion(opening.protocolVersion));
    handlers.onIncoming(incomingOf(stream, opening, peerOf(socket)));
  });
}

function incomingOf(stream: TcpFrameStream, opening: FrameOpening, peer: string): Incoming {
  return {
    opening,
    peer,
    accept: (clusterId, listener) => {
      stream.listen(listener);
      stream.sendControl('accepted', encodeAccepted(clusterId));
      return stream;
    },
    refuse: (error) => stream.fail(error),
  };
}

function readOpening(message: Buffer): FrameOpening | undefined {
  try {
    return decodeOpening(message);
  } catch {
    return undefined;
  }
}

function wrongVersion(version: number): KvError {
  return new KvError('INVALID_ARGUMENT', `this node speaks version ${protocolVersion} of the frames, not ${version}`);
}

function peerOf({ remoteAddress = 'unknown', remotePort = 0 }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}
