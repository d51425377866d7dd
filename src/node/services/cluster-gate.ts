/**
 * Checks every request to a node, over gRPC and over HTTP. It refuses a request that names another cluster before anything of it is
 * executed, and names this cluster in every answer.
 *
 * A unary call that succeeds and every stream name it in the initial metadata. A unary call that fails names it in the
 * trailers: initial metadata would count as the beginning of an answer, after which the retry policy of a stock client ends.
 */
import {
  Metadata,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { KvError } from '../../errors.js';
import { clusterKey, clusterMetadata, namedClusters, refusalOfCluster } from '../../wire/contract/cluster-name.js';
import { toStatus } from '../../wire/contract/grpc-status.js';

export interface ClusterGateParts {
  readonly nodeId: string;
  readonly clusterId: string;
  readonly logger: Logger;
}

type UnaryHandler = (call: ServerUnaryCall<object, object>, callback: sendUnaryData<object>) => void;
type Stream = ServerWritableStream<object, object>;
type StreamHandler = (call: Stream) => void;

/** The time between two log lines about refused requests: a client that keeps sending them must not fill the log. */
const logAgainMs = 60_000;

export class ClusterGate {
  readonly #parts: ClusterGateParts;
  /** Many calls share it, so it is never changed. */
  readonly #metadata: Metadata;
  #refused = 0;
  #loggedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: ClusterGateParts) {
    this.#parts = parts;
    this.#metadata = clusterMetadata(parts.clusterId);
  }

  get clusterId(): string {
    return this.#parts.clusterId;
  }

  /** The handlers of a service, behind the gate. */
  guard(definition: ServiceDefinition, implementation: UntypedServiceImplementation): UntypedServiceImplementation {
    const guarded = Object.entries(implementation).map(([name, handler]): [string, UntypedHandleCall] => {
      const isStream = definition[name]?.responseStream === true;
      return [name, isStream ? this.#stream(handler as StreamHandler) : this.#unary(handler as unknown as UnaryHandler)];
    });
    return Object.fromEntries(guarded);
  }

  /** @param peer the address of the sender, for the log. @returns the refusal, if the request names another cluster. */
  judge(named: readonly string[], peer: () => string): KvError | undefined {
    const refusal = refusalOfCluster(named, this.#parts);
    if (refusal !== undefined) this.#log(refusal, peer());
    return refusal;
  }

  #unary(handler: UnaryHandler): UntypedHandleCall {
    const guarded: UnaryHandler = (call, callback) => {
      const refusal = this.judge(namedClusters(call.metadata), () => call.getPeer());
      if (refusal !== undefined) return callback(toStatus(refusal));
      handler(call, (error, response, trailer, flags) => {
        if (error !== null) {
          error.metadata ??= new Metadata();
          error.metadata.set(clusterKey, this.clusterId);
          return callback(error, response, trailer, flags);
        }
        call.sendMetadata(this.#metadata);
        callback(null, response, trailer, flags);
      });
    };
    return guarded as UntypedHandleCall;
  }

  #stream(handler: StreamHandler): UntypedHandleCall {
    const guarded: StreamHandler = (call) => {
      const refusal = this.judge(namedClusters(call.metadata), () => call.getPeer());
      if (refusal !== undefined) return void call.emit('error', toStatus(refusal));
      call.sendMetadata(this.#metadata);
      handler(call);
    };
    return guarded as UntypedHandleCall;
  }

  /** Logs the first refusal at once, and later ones together, once in `logAgainMs`. */
  #log({ message }: KvError, peer: string): void {
    this.#refused += 1;
    const nowMs = performance.now();
    if (nowMs - this.#loggedMs < logAgainMs) return;
    this.#loggedMs = nowMs;
    const fields = { peer, reason: message, refused: this.#refused };
    this.#parts.logger.warn(fields, 'refused a request that names another cluster');
    this.#refused = 0;
  }
}
