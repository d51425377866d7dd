/**
 * A link to one node over frames. Each rpc has a connection of its own: the pipeline, each watch of the topology, each query.
 *
 * The link is ready once the node has accepted an rpc, and stays so while a stream stands, and for a while after the last answer. It
 * is lost when a connection breaks. To connect, for the first time or again, the link sends GetTopology. Nothing is sent over a connection before it is accepted, except queries, so an operation never has an unknown outcome
 * because of the attempt.
 */
import { KvError } from '../../errors.js';
import type { FrameStream, OpeningListener } from '../../transport/index.js';
import { dialTcp } from '../../transport/tcp/dial.js';
import { topologyRequestTable } from '../../wire/contract/topology-messages.js';
import { monotonicNowMs } from '../call-limits.js';
import { FrameTransport, type OpenGrpc } from './frame-transport.js';
import type { Link, LinkParts } from './link.js';
import { type OpenedPipeline, PipelineTransport } from './pipeline-transport.js';

/** How long an answer proves that the node can be reached, while no stream stands: as long as keepalive takes to find that out. */
const provenMs = 5_000;
/** Pauses between attempts to connect, as those of the gRPC channels. */
const firstPauseMs = 100;
const longestPauseMs = 1_000;

export class FrameLink implements Link {
  readonly #parts: LinkParts;
  readonly transport: FrameTransport;
  readonly pipeline: PipelineTransport;
  /** Accepted rpcs that have not ended. */
  #open = 0;
  #provenUntilMs = Number.NEGATIVE_INFINITY;
  #isProven = false;
  #attempt: FrameStream | undefined;
  #pause: NodeJS.Timeout | undefined;
  #pauseMs = firstPauseMs;
  #closed = false;
  #isSilent = false;

  constructor(parts: LinkParts, openGrpc: OpenGrpc) {
    this.#parts = parts;
    const { naming } = parts;
    const dial = (rpc: string, listener: OpeningListener) => this.#dial(rpc, listener);
    this.transport = new FrameTransport(dial, naming, openGrpc);
    this.pipeline = new PipelineTransport((listener) => this.#openPipeline(listener), naming);
  }

  get isReady(): boolean {
    return this.#isProven && (this.#open > 0 || monotonicNowMs() < this.#provenUntilMs);
  }

  /** True if the last attempt was given up on a connection on which no answer came. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  connect(): void {
    if (this.#closed || this.isReady || this.#attempt !== undefined || this.#pause !== undefined) return;
    let isAccepted = false;
    const attempt = this.#dial('kv.v1.Cluster/GetTopology', {
      onAccepted: () => {
        isAccepted = true;
      },
      onFrame() {},
      onDrain() {},
      onEnd() {},
      onClosed: (error) => {
        this.#attempt = undefined;
        this.#isSilent = error?.code === 'CANCELLED' && !isAccepted;
        if (!isAccepted && !this.#closed) this.#failed(error);
      },
    });
    this.#attempt = attempt;
    attempt.send(topologyRequestTable.encode({ withoutShards: true }));
  }

  close(reason: string): void {
    this.#closed = true;
    clearTimeout(this.#pause);
    this.#attempt?.cancel();
    this.transport.close(reason);
    this.pipeline.close(reason);
  }

  /** Opens an rpc, and draws from its fate whether the node can be reached. */
  #dial(rpc: string, listener: OpeningListener): FrameStream {
    const { address, connectTimeoutMs, naming } = this.#parts;
    let isAccepted = false;
    return dialTcp(
      { address, rpc, clusterId: naming.clusterId, connectTimeoutMs },
      {
        onAccepted: (clusterId) => {
          isAccepted = true;
          const wasReady = this.isReady;
          this.#open += 1;
          this.#proven(wasReady, clusterId);
          listener.onAccepted(clusterId);
        },
        onFrame: (frame) => listener.onFrame(frame),
        onDrain: () => listener.onDrain(),
        onEnd: () => listener.onEnd(),
        onClosed: (error) => {
          if (isAccepted) this.#open -= 1;
          if (error?.code === 'WRONG_CLUSTER') naming.wasRefused(error);
          if (error === undefined) this.#proven(this.isReady);
          // An attempt that fails while other streams stand shows nothing about these.
          else if (error.code !== 'CANCELLED' && !isRefusal(error) && (isAccepted || this.#open === 0)) this.#lost();
          listener.onClosed(error);
        },
      },
    );
  }

  #openPipeline(listener: OpeningListener): OpenedPipeline {
    let isAccepted = false;
    const stream = this.#dial('kv.v1.KeyValue/Pipeline', {
      ...forward(listener),
      onAccepted: (clusterId) => {
        isAccepted = true;
        listener.onAccepted(clusterId);
      },
      onClosed: (error) => listener.onClosed(isAccepted ? error : neverAccepted(error)),
    });
    return { stream, mayWrite: false };
  }

  /** @param clusterId the cluster that the node names; undefined: it has named none now. */
  #proven(wasReady: boolean, clusterId?: string): void {
    this.#isProven = true;
    this.#provenUntilMs = monotonicNowMs() + provenMs;
    this.#pauseMs = firstPauseMs;
    if (!wasReady && !this.#closed) this.#parts.events.onReady(clusterId);
  }

  #lost(): void {
    const wasReady = this.#isProven;
    this.#isProven = false;
    if (wasReady && !this.#closed) this.#parts.events.onLost();
  }

  /** The attempt failed: another one follows after a pause, unless the node belongs to another cluster. */
  #failed(error: KvError | undefined): void {
    if (error?.code === 'WRONG_CLUSTER') return;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.connect();
    }, this.#pauseMs);
    this.#pauseMs = Math.min(longestPauseMs, 2 * this.#pauseMs);
    this.#parts.events.onFailed(error?.code !== 'UNREACHABLE' && !isRefusal(error));
  }
}

function forward(listener: OpeningListener): Omit<OpeningListener, 'onAccepted' | 'onClosed'> {
  return {
    onFrame: (frame) => listener.onFrame(frame),
    onDrain: () => listener.onDrain(),
    onEnd: () => listener.onEnd(),
  };
}

/** A node that answers with a refusal of its own can be reached, and speaks frames. */
function isRefusal(error: KvError | undefined): boolean {
  return error !== undefined && error.executed === 'no' && error.code !== 'UNREACHABLE';
}

function neverAccepted(error: KvError | undefined): KvError {
  if (error !== undefined && isRefusal(error)) return error;
  return new KvError('UNREACHABLE', `no connection for frames: ${error?.message ?? 'the node closed it'}`);
}
