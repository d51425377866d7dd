/**
 * Serves the rpcs that are opened over frames: the counterpart of the gRPC server. It judges the cluster that an opening names, and
 * refuses an rpc that it does not serve, before anything is executed.
 */
import type { Socket } from 'node:net';
import { KvError } from '../../errors.js';
import { acceptTcp, type CutReason, type FrameListener, type FrameStream, type Incoming } from '../../transport/index.js';
import type { ClusterGate } from './cluster-gate.js';
import { startingRefusal } from './early-calls.js';
import { EarlyRequests } from './early-requests.js';

/** Serves one rpc: accepts it, or refuses it. @param onCut called if the handler gives up a client that breaks the rules. */
export type FrameHandler = (
  accept: (listener: FrameListener) => FrameStream,
  refuse: (error: KvError) => void,
  onCut: (reason: CutReason) => void,
) => void;

/** Judges the cluster that an opening names, and names that of the node. */
export type FrameGate = Pick<ClusterGate, 'clusterId' | 'judge'>;

export interface ServedFrames {
  readonly gate: FrameGate;
  /** By the full name of the method, such as kv.v1.KeyValue/Pipeline. */
  readonly handlers: Readonly<Record<string, FrameHandler>>;
}

/** A caller of a pipeline, or of the topology, has other nodes to go to. */
const waitingRpc = /^kv\.v1\.KeyValue\/(?!Pipeline$)/;

export class FrameServer {
  readonly #onCut: (reason: CutReason) => void;
  readonly #early = new EarlyRequests();
  #served: ServedFrames | undefined;

  /** @param onCut called when a connection is refused or cut off. */
  constructor(onCut: (reason: CutReason) => void = () => {}) {
    this.#onCut = onCut;
  }

  /** Until this call a unary call for a key waits, as over gRPC. Any other rpc is refused, definitely not executed. */
  goLive(served: ServedFrames): void {
    this.#served = served;
    this.#early.goOn();
  }

  readonly serve = (socket: Socket): void => {
    acceptTcp(socket, { onIncoming: (incoming) => this.#open(incoming), onCut: this.#onCut });
  };

  #open(incoming: Incoming): void {
    const { opening, peer } = incoming;
    if (this.#served === undefined) return this.#keepOrRefuse(incoming);
    const { gate, handlers } = this.#served;
    const handler = Object.hasOwn(handlers, opening.rpc) ? handlers[opening.rpc] : undefined;
    if (handler === undefined) return this.#refuse(incoming, 'unknown_rpc', unknownRpc(opening.rpc));
    const refusal = gate.judge(opening.clusterId === '' ? [] : [opening.clusterId], () => peer);
    if (refusal !== undefined) return this.#refuse(incoming, 'wrong_cluster', refusal);
    handler(
      (listener) => incoming.accept(gate.clusterId, listener),
      (error) => incoming.refuse(error),
      this.#onCut,
    );
  }

  #keepOrRefuse(incoming: Incoming): void {
    const started = waitingRpc.test(incoming.opening.rpc) ? this.#early.whenStarted() : undefined;
    const refuse = (): void => incoming.refuse(startingRefusal());
    if (started === undefined) refuse();
    else void started.then(() => (this.#served === undefined ? refuse() : this.#open(incoming)));
  }

  #refuse(incoming: Incoming, reason: CutReason, error: KvError): void {
    this.#onCut(reason);
    incoming.refuse(error);
  }
}

/** Limits how much of a caller's name is repeated in the refusal. */
const maxNameLength = 64;

function unknownRpc(rpc: string): KvError {
  return new KvError('INVALID_ARGUMENT', `this node serves no rpc ${JSON.stringify(rpc.slice(0, maxNameLength))} over frames`);
}
