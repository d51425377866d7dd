/** A node with real links and a real port, and connections to it on which the test plays the other node. */
import type { Socket } from 'node:net';
import type { KvError } from '../../errors.js';
import { dialTcp, FrameCounts, type FrameStream, framesPreface, SharedPort, TurnEnd } from '../../transport/index.js';
import { nodeRpcs } from '../../wire/contract/node-rpcs.js';
import { readEnvelope } from '../../wire/peer/envelope.js';
import { decodeHello, encodeHello, type Hello } from '../../wire/peer/hello.js';
import { peerClusterOf } from '../../wire/peer/peer-cluster.fixture.js';
import { type FrameHandler, FrameServer } from '../services/frame-server.js';
import { oneRequest } from '../services/one-request.js';
import { PeerLinks, type RequestHandler } from './peer-links.js';
import type { ReplicationServer } from './replication-server.js';

export const clusterId = 'cluster-1';

export class PeerProcess {
  readonly links: PeerLinks;
  readonly refusals: string[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #port: SharedPort;

  constructor(
    nodeId: string,
    requests: RequestHandler = { onRequest() {}, onConnectionOver() {} },
    snapshots?: Pick<ReplicationServer, 'requestSnapshot'>,
  ) {
    const own = {
      nodeId,
      ...peerClusterOf(clusterId),
      incarnation: `process of ${nodeId}`,
      account: { usedBytes: 0, hasDiskRoom: true },
      frames: new FrameCounts(),
      turn: new TurnEnd(),
    };
    this.links = new PeerLinks({ own, requests, onRefused: (_, reason) => this.refusals.push(reason) });
    const server = new FrameServer();
    const handlers: Record<string, FrameHandler> = { [nodeRpcs.replicate]: (accept) => this.links.accept(accept) };
    if (snapshots !== undefined)
      handlers[nodeRpcs.dump] = oneRequest(readEnvelope, (request, stream) => snapshots.requestSnapshot(request, stream));
    server.goLive({ gate: { clusterId, judge: () => undefined }, handlers });
    const serve = (socket: Socket): void => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      server.serve(socket);
    };
    this.#port = new SharedPort([{ preface: framesPreface, serve }]);
  }

  /** The connections that others have opened to it, and that are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  async listen(): Promise<string> {
    return `127.0.0.1:${await this.#port.listen(['127.0.0.1'], 0)}`;
  }

  /** Breaks the connections that others have opened to it. */
  breakConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  stop(): void {
    this.links.close();
    this.#port.close();
    this.breakConnections();
  }
}

/** A connection that the test has opened. */
export interface Dialled {
  readonly stream: FrameStream;
  /** The introduction of the node there; rejects if the connection ends before. */
  readonly answer: Promise<Hello>;
  /** Frames that came after it. */
  readonly frames: Buffer[];
  readonly closed: Promise<KvError | undefined>;
  nextFrame(): Promise<Buffer>;
}

/** Opens a connection, and introduces itself: as node b, unless `hello` says otherwise. */
export function dialAs(address: string, hello: Partial<Hello> = {}): Dialled {
  const frames: Buffer[] = [];
  let changed = (): void => {};
  let answered: (hello: Hello) => void = () => {};
  let failed: (error: Error) => void = () => {};
  let onClosed: (error: KvError | undefined) => void = () => {};
  const answer = new Promise<Hello>((resolve, reject) => {
    answered = resolve;
    failed = reject;
  });
  answer.catch(() => {});
  const closed = new Promise<KvError | undefined>((resolve) => {
    onClosed = (error) => {
      failed(error ?? new Error('ended'));
      resolve(error);
    };
  });
  let isFirst = true;
  const { format } = peerClusterOf(clusterId);
  const stream = dialTcp(
    { address, rpc: nodeRpcs.replicate, clusterId, connectTimeoutMs: 60_000 },
    {
      onAccepted: () =>
        stream.send(
          encodeHello({ nodeId: 'b', incarnation: 'process', to: 'a', connection: 'process/1', lost: '', ...hello }, format),
        ),
      onFrame: (frame) => {
        if (isFirst) answered(decodeHello(frame, format));
        else frames.push(frame);
        isFirst = false;
        changed();
      },
      onDrain() {},
      onEnd() {},
      onClosed: (error) => onClosed(error),
    },
  );
  const nextFrame = async (): Promise<Buffer> => {
    while (frames.length === 0)
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    return frames.shift()!;
  };
  return { stream, answer, frames, closed, nextFrame };
}
