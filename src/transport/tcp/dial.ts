/** Opens a stream of frames to a node over TCP. */
import { connect } from 'node:net';
import { parseAddress } from '../../config/address.js';
import { KvError } from '../../errors.js';
import { socketLookup } from '../../net/socket-names.js';
import { decodeAccepted, encodeOpening, protocolVersion } from '../frame-messages.js';
import type { FrameStream, OpeningListener } from '../frame-stream.js';
import { type ControlKind, preface } from './frame-format.js';
import { readOptions } from './read-buffer.js';
import { TcpFrameStream } from './tcp-frame-stream.js';

export interface Dialling {
  /** host:port. */
  readonly address: string;
  /** The full name of a method, such as kv.v1.KeyValue/Pipeline. */
  readonly rpc: string;
  /** Undefined: the caller does not know its cluster. */
  readonly clusterId: string | undefined;
  /** From the call until the server has accepted the rpc. */
  readonly connectTimeoutMs: number;
}

/** Opens a connection for one rpc. Frames may be sent at once; the server processes them if it accepts the rpc. */
export function dialTcp({ address, rpc, clusterId = '', connectTimeoutMs }: Dialling, listener: OpeningListener): FrameStream {
  const { host, port } = parseAddress(address, 'the address of a node');
  const onread = readOptions((bytes) => stream.received(bytes));
  const socket = connect({ host, port, lookup: socketLookup(), onread });
  let isConnected = false;
  let isAccepted = false;
  let isLate = false;
  socket.once('connect', () => {
    isConnected = true;
  });
  const timer = setTimeout(() => {
    isLate = true;
    stream.cancel();
  }, connectTimeoutMs);
  const onClosed = (error: KvError | undefined): void => {
    clearTimeout(timer);
    const reason = isLate ? `no answer within ${connectTimeoutMs} ms` : error?.message;
    // Without a connection nothing was sent. On a connection the server may have executed what was sent, though it was not accepted.
    if (!isConnected) listener.onClosed(new KvError('UNREACHABLE', `${address} could not be reached: ${reason}`));
    else listener.onClosed(isLate ? new KvError('OUTCOME_UNKNOWN', `${address}: ${reason}`) : error);
  };
  const onHandshake = (kind: ControlKind, message: Buffer): void => {
    const nodeCluster = kind === 'accepted' && !isAccepted ? readAccepted(message) : undefined;
    if (nodeCluster === undefined) throw new KvError('OUTCOME_UNKNOWN', 'the server sent what is no answer');
    isAccepted = true;
    clearTimeout(timer);
    stream.opened();
    listener.onAccepted(nodeCluster);
  };
  const stream = new TcpFrameStream(socket, { isServer: false, onHandshake, onCut() {} }, { ...forward(listener), onClosed });
  socket.write(preface);
  stream.sendControl('opening', encodeOpening({ protocolVersion, rpc, clusterId }));
  return stream;
}

function forward(listener: OpeningListener): Omit<OpeningListener, 'onClosed' | 'onAccepted'> {
  return {
    onFrame: (frame) => listener.onFrame(frame),
    onDrain: () => listener.onDrain(),
    onEnd: () => listener.onEnd(),
  };
}

function readAccepted(message: Buffer): string | undefined {
  try {
    return decodeAccepted(message);
  } catch {
    return undefined;
  }
}
