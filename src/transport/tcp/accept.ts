/** The server's end of connections that carry frames: reads the opening, and passes the stream to the handler of its rpc. */
import type { Socket } from 'node:net';
import { KvError } from '../../errors.js';
import type { CutReason } from '../cut-reason.js';
import { decodeOpening, encodeAccepted, type FrameOpening, protocolVersion } from '../frame-messages.js';
import type { FrameListener, FrameStream } from '../frame-stream.js';
import { type ControlKind, preface } from './frame-format.js';
import { readAccepted } from './read-buffer.js';
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

/** From the preface until the opening has come. A connection that says nothing is cut off. */
const openingTimeoutMs = 10_000;

export interface AcceptHandlers {
  onIncoming(incoming: Incoming): void;
  /** The connection was refused or cut off, before or after it opened an rpc. */
  onCut(reason: CutReason): void;
}

/** @param socket paused; it has received the preface, which is still to be read. */
export function acceptTcp(socket: Socket, { onIncoming, onCut }: AcceptHandlers): void {
  socket.read(preface.length);
  let isOpening = true;
  const timer = setTimeout(() => {
    onCut('silent');
    socket.destroy();
  }, openingTimeoutMs);
  const malformed = (): never => {
    throw new KvError('INVALID_ARGUMENT', 'a connection begins with an opening, and carries one rpc', {
      executed: isOpening ? 'no' : 'unknown',
    });
  };
  const beforeOpening: FrameListener = {
    onFrame: malformed,
    onDrain() {},
    onEnd() {},
    onClosed: () => clearTimeout(timer),
  };
  const onHandshake = (kind: ControlKind, message: Buffer): void => {
    if (kind !== 'opening' || !isOpening) malformed();
    const opening = readOpening(message) ?? malformed();
    isOpening = false;
    clearTimeout(timer);
    if (opening.protocolVersion !== protocolVersion) {
      onCut('unknown_version');
      return stream.fail(wrongVersion(opening.protocolVersion));
    }
    stream.opened();
    // Messages wait for the listener of the rpc.
    stream.hold();
    onIncoming(incomingOf(stream, opening, peerOf(socket)));
  };
  const stream = new TcpFrameStream(socket, { isServer: true, onHandshake, onCut }, beforeOpening);
  readAccepted(socket, (bytes) => stream.received(bytes));
}

function incomingOf(stream: TcpFrameStream, opening: FrameOpening, peer: string): Incoming {
  return {
    opening,
    peer,
    accept: (clusterId, listener) => {
      stream.sendControl('accepted', encodeAccepted(clusterId));
      stream.listen(listener);
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
