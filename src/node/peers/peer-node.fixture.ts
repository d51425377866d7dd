/** A node at the other end of connections that are opened to it: the test decides what it does with each. */
import type { Socket } from 'node:net';
import { KvError } from '../../errors.js';
import { type FrameListener, type FrameStream, framesPreface, SharedPort } from '../../transport/index.js';
import { nodeRpcs } from '../../wire/contract/node-rpcs.js';
import { decodeHello, encodeHello, type Hello } from '../../wire/peer/hello.js';
import { peerClusterOf } from '../../wire/peer/peer-cluster.fixture.js';
import { FrameServer } from '../services/frame-server.js';
import { oneRequest } from '../services/one-request.js';

/** A connection that another node has opened here. */
export interface PeerCall {
  /** The cluster that the opening names. */
  readonly clusterId: string;
  /** Undefined until the other node has introduced itself. */
  readonly hello: Hello | undefined;
  /** Frames after the introduction that have not been taken. */
  readonly frames: Buffer[];
  /** Undefined until the connection is accepted. */
  readonly stream: FrameStream | undefined;
  /** Resolves with the next frame that has not been taken. */
  nextFrame(): Promise<Buffer>;
  /** Resolves once the other node sends no more. */
  whenEnded(): Promise<void>;
  accept(): FrameStream;
  /** Answers the introduction of the other node. */
  introduce(): void;
  refuse(reason: string): void;
}

export class PeerNode {
  readonly nodeId: string;
  readonly calls: PeerCall[] = [];
  incarnation = 'incarnation';
  /** Called for each connection, which it accepts or refuses. */
  onCall: (call: PeerCall) => void = (call) => void call.accept();
  /** Called once the other node has introduced itself. */
  onHello: (call: PeerCall) => void = (call) => call.introduce();
  /** Called for each request of a snapshot. */
  onDump: (stream: FrameStream) => void = () => {};
  readonly #server = new FrameServer();
  readonly #sockets = new Set<Socket>();
  readonly #port: SharedPort;
  /** The cluster that the last opening named. */
  named = '';
  #waiting: (() => void)[] = [];

  constructor(nodeId = 'b') {
    this.nodeId = nodeId;
    const serve = (socket: Socket): void => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      this.#server.serve(socket);
    };
    this.#port = new SharedPort([{ preface: framesPreface, serve }]);
    const judge = ([named = '']: readonly string[]): undefined => {
      this.named = named;
    };
    const dump = oneRequest(
      (request) => request,
      (_, stream) => {
        this.onDump(stream);
        return undefined;
      },
    );
    const handlers = { [nodeRpcs.replicate]: this.#called.bind(this), [nodeRpcs.dump]: dump };
    this.#server.goLive({ gate: { clusterId: 'cluster-1', judge }, handlers });
  }

  /** @returns its address. */
  async listen(port = 0): Promise<string> {
    return `127.0.0.1:${await this.#port.listen(['127.0.0.1'], port)}`;
  }

  async untilCalled(times = 1): Promise<void> {
    while (this.calls.length < times) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Ends like a process that is killed: its connections break, and nothing listens any more. */
  stop(): void {
    this.#port.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #called(accept: (listener: FrameListener) => FrameStream, refuse: (error: KvError) => void): void {
    const call = callOf(this, this.named, accept, refuse);
    this.calls.push(call);
    this.onCall(call);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function callOf(
  node: PeerNode,
  clusterId: string,
  accept: (listener: FrameListener) => FrameStream,
  refuse: (error: KvError) => void,
): PeerCall {
  const { format } = peerClusterOf(clusterId);
  const frames: Buffer[] = [];
  let hello: Hello | undefined;
  let stream: FrameStream | undefined;
  let ended = false;
  const waiting: (() => void)[] = [];
  const changed = (): void => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const listener: FrameListener = {
    onFrame: (frame) => {
      if (hello === undefined) {
        hello = decodeHello(frame, format);
        node.onHello(call);
      } else frames.push(frame);
      changed();
    },
    onDrain() {},
    onEnd: () => {
      ended = true;
      changed();
    },
    onClosed() {},
  };
  const call: PeerCall = {
    clusterId,
    frames,
    get hello() {
      return hello;
    },
    get stream() {
      return stream;
    },
    nextFrame: async () => {
      await until(() => frames.length > 0);
      return frames.shift()!;
    },
    whenEnded: () => until(() => ended),
    accept: () => {
      stream ??= accept(listener);
      return stream;
    },
    introduce: () => {
      const { nodeId, incarnation } = node;
      stream!.send(encodeHello({ nodeId, incarnation, to: hello!.nodeId, connection: hello!.connection, lost: '' }, format));
    },
    refuse: (reason) => {
      const error = new KvError('INVALID_ARGUMENT', reason);
      if (stream === undefined) refuse(error);
      else stream.fail(error);
    },
  };
  return call;
}
