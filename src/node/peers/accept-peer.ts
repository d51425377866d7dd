/** The accepting end of a connection between nodes, until the node that has opened it has introduced itself. */
import { KvError } from '../../errors.js';
import type { FrameListener, FrameStream } from '../../transport/index.js';
import { decodeHello, encodeHello, type Hello } from '../../wire/peer/hello.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';
import type { OwnProcess, PeerConnection } from './peer-connection.js';

/** A node that has opened a connection introduces itself within this time. */
const helloTimeoutMs = 2_000;

/** @returns undefined: the connection does not stay. */
export type TakeConnection = (stream: FrameStream, hello: Hello) => PeerConnection | undefined;

/** @param onSilent called if the other node does not introduce itself. */
export function acceptPeer(
  accept: (listener: FrameListener) => FrameStream,
  own: OwnProcess,
  take: TakeConnection,
  onSilent: () => void,
): void {
  let connection: PeerConnection | undefined;
  const timer = setTimeout(() => {
    onSilent();
    stream.cancel();
  }, helloTimeoutMs);
  const stream = own.frames.open(accept, {
    onFrame: (frame) => {
      if (connection !== undefined) return connection.received(frame);
      clearTimeout(timer);
      connection = introduced(stream, frame, own, take);
    },
    onDrain: () => connection?.drained(),
    onEnd: () => {
      if (connection !== undefined) connection.ended();
      else stream.cancel();
    },
    onClosed: (error) => {
      clearTimeout(timer);
      connection?.closed(error);
    },
  });
}

function introduced(stream: FrameStream, frame: Buffer, own: OwnProcess, take: TakeConnection): PeerConnection | undefined {
  try {
    const hello = decodeHello(frame, own.format);
    if (hello.to !== own.nodeId) {
      // The other node sees from the answer which node is here.
      const { nodeId, incarnation, format } = own;
      stream.send(encodeHello({ nodeId, incarnation, to: hello.nodeId, connection: hello.connection, lost: '' }, format));
      stream.end();
      return undefined;
    }
    const connection = take(stream, hello);
    if (connection === undefined) stream.fail(new KvError('CANCELLED', 'another connection between the two nodes stays'));
    return connection;
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
    stream.fail(new KvError('INVALID_ARGUMENT', error.message));
    return undefined;
  }
}
