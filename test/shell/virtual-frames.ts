/** Streams of frames on the virtual network, in place of those on TCP. */
import { KvError } from '../../src/errors.js';
import type { FrameListener, FrameStream, OpeningListener } from '../../src/transport/index.js';
import type { Dialling } from '../../src/transport/tcp/dial.js';
import type { Connection, VirtualNetwork } from './network.js';
import { type SimulatedProcess, worldTimer } from './virtual-time.js';

type Send = (deliver: () => void) => void;

/** One end of a stream. */
class VirtualFrameStream implements FrameStream {
  readonly queuedBytes = 0;
  readonly isServer: boolean;
  readonly #send: Send;
  #other: VirtualFrameStream | undefined;
  #listener: FrameListener;
  #hasEnded = false;
  #isClosed = false;

  constructor(isServer: boolean, listener: FrameListener, send: Send) {
    this.isServer = isServer;
    this.#listener = listener;
    this.#send = send;
  }

  connectTo(other: VirtualFrameStream): void {
    this.#other = other;
  }

  send(frame: Uint8Array): boolean {
    if (!this.#isClosed && !this.#hasEnded)
      this.#toOther((other) => other.#isClosed || other.#listener.onFrame(Buffer.from(frame)));
    return true;
  }
  pause(): void {}
  resume(): void {}

  end(): void {
    if (this.#isClosed || this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.isServer) this.#closeBoth(undefined, undefined);
    else this.#toOther((other) => other.#isClosed || other.#listener.onEnd());
  }

  fail(error: KvError): void {
    if (this.isServer) this.#closeBoth(error, error);
    else this.cancel();
  }

  cancel(): void {
    this.#closeBoth(new KvError('CANCELLED', 'the stream was given up'), brokenError(!this.isServer));
  }

  closed(error: KvError | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener.onClosed(error);
  }

  #closeBoth(own: KvError | undefined, others: KvError | undefined): void {
    if (this.#isClosed) return;
    this.#toOther((other) => other.closed(others));
    this.closed(own);
  }

  /** What arrives before the other end exists is lost with the stream. */
  #toOther(deliver: (other: VirtualFrameStream) => void): void {
    this.#send(() => this.#other !== undefined && deliver(this.#other));
  }
}

function brokenError(atServer: boolean): KvError {
  return atServer ? new KvError('CANCELLED', 'the client has gone') : new KvError('OUTCOME_UNKNOWN', 'the connection was reset');
}

export interface VirtualDialling extends Dialling {
  readonly network: VirtualNetwork;
  readonly from: SimulatedProcess;
}

export function dialVirtual(dialling: VirtualDialling, listener: OpeningListener): FrameStream {
  const { network, from, address, connectTimeoutMs } = dialling;
  const connection = network.open(from, address);
  const late = setTimeout(() => client.cancel(), connectTimeoutMs);
  const onAccepted = (clusterId: string): void => {
    clearTimeout(late);
    listener.onAccepted(clusterId);
  };
  const onClosed = (error: KvError | undefined): void => {
    clearTimeout(late);
    connection?.close();
    listener.onClosed(error);
  };
  const client = new VirtualFrameStream(false, { ...forward(listener), onClosed }, (deliver) =>
    connection?.toServer.send(deliver),
  );
  if (connection === undefined) {
    const refused = new KvError('UNREACHABLE', `${address} could not be reached: connect ECONNREFUSED`);
    worldTimer(() => from.run(() => client.closed(refused)), network.delay());
  } else connection.toServer.send(() => serve(dialling, connection, client, onAccepted));
  return client;
}

function serve(
  { rpc, clusterId }: VirtualDialling,
  connection: Connection,
  client: VirtualFrameStream,
  onAccepted: (clusterId: string) => void,
): void {
  const toClient: Send = (deliver) => connection.toClient.send(deliver);
  const refuse = (error: KvError): void => toClient(() => client.closed(error));
  let server: VirtualFrameStream | undefined;
  connection.onBroken = (side) => (side === 'server' ? server?.closed(brokenError(true)) : client.closed(brokenError(false)));
  const served = connection.listener.frames();
  if (served === undefined) return refuse(new KvError('NO_PRIMARY', 'this node is starting'));
  const { gate, handlers } = served;
  const refusal = gate.judge(clusterId === undefined ? [] : [clusterId], () => connection.client.name);
  if (refusal !== undefined) return refuse(refusal);
  handlers[rpc]!(
    (listener) => {
      server = new VirtualFrameStream(true, listener, toClient);
      server.connectTo(client);
      client.connectTo(server);
      toClient(() => onAccepted(gate.clusterId));
      return server;
    },
    refuse,
    () => {},
  );
}

function forward(listener: FrameListener): Omit<FrameListener, 'onClosed'> {
  return {
    onFrame: (frame) => listener.onFrame(frame),
    onDrain: () => listener.onDrain(),
    onEnd: () => listener.onEnd(),
  };
}
