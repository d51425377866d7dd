/** HTTP at a node: the same operations, memory and knowledge that gRPC is answered from. */
import type { Logger } from 'pino';
import { KvError } from '../../errors.js';
import {
  clusterRoutes,
  Gateway,
  type Health,
  healthRoutes,
  type KeyValues,
  keyRoutes,
  type Metrics,
  metricsRoutes,
} from '../../gateway/index.js';
import type { ApiCounts } from '../../metrics/index.js';
import type { TraceHeaders } from '../../tracing/index.js';
import type { PendingCalls } from '../capacity/pending-calls.js';
import type { ClusterQueries } from '../cluster/cluster-queries.js';
import type { ClusterServer } from '../cluster/cluster-server.js';
import type { Caller, KeyValueOperations, MethodName, RequestOf, ResponseOf } from '../operations/operation-executor.js';
import type { ClusterGate } from './cluster-gate.js';

export interface GatewayParts {
  readonly operations: KeyValueOperations;
  /** The calls over HTTP alone: a client may be slow with a body or an answer, and the memory for gRPC must not depend on that. */
  readonly pending: PendingCalls;
  readonly cluster: ClusterServer;
  readonly queries: ClusterQueries;
  readonly health: Health;
  readonly metrics: Metrics;
  /** The counters of operations over HTTP. */
  readonly counts: ApiCounts;
  readonly gate: ClusterGate;
}

export interface NodeGatewayOptions {
  readonly host: string;
  readonly httpPort: number | undefined;
  readonly maxValueBytes: number;
  readonly logger: Logger;
}

export class NodeGateway {
  readonly #gateway: Gateway;
  readonly #goLive: (parts: GatewayParts) => void;

  private constructor(gateway: Gateway, goLive: (parts: GatewayParts) => void) {
    this.#gateway = gateway;
    this.#goLive = goLive;
  }

  /**
   * Listens before the node knows whether it may start: until `goLive` nothing is executed. Undefined: this node has no HTTP.
   *
   * @throws KvError ADDRESS_UNAVAILABLE
   */
  static async open({ host, httpPort: port, maxValueBytes, logger }: NodeGatewayOptions): Promise<NodeGateway | undefined> {
    if (port === undefined) return undefined;
    let parts: GatewayParts | undefined;
    const started = (): GatewayParts => {
      if (parts === undefined) throw new KvError('NO_PRIMARY', 'this node is starting');
      return parts;
    };
    const health: Health = { readiness: () => parts?.health.readiness() ?? { ready: false, reasons: ['the node is starting'] } };
    const metrics: Metrics = { read: () => started().metrics.read() };
    const routes = [
      healthRoutes(health),
      metricsRoutes(metrics),
      keyRoutes(keyValuesOf(maxValueBytes, started)),
      clusterRoutes(() => started().queries),
    ];
    const gateway = await Gateway.listen({ host, port, logger, routes, gate: () => parts?.gate });
    return new NodeGateway(gateway, (live) => {
      parts = live;
    });
  }

  get port(): number {
    return this.#gateway.port;
  }

  goLive(parts: GatewayParts): void {
    this.#goLive(parts);
  }

  drain(): void {
    this.#gateway.drain();
  }

  close(): Promise<void> {
    return this.#gateway.close();
  }
}

/** Calls over HTTP are never forwarded ones, and have no deadlines. */
const caller: Caller = { api: 'rest', wasForwarded: false, remainingMs: () => undefined };
const callerOf = (trace: TraceHeaders | undefined): Caller => (trace === undefined ? caller : { ...caller, trace });

function keyValuesOf(maxValueBytes: number, parts: () => GatewayParts): KeyValues {
  const run = <Name extends MethodName>(
    name: Name,
    request: RequestOf<Name>,
    trace: TraceHeaders | undefined,
  ): Promise<ResponseOf<Name>> =>
    new Promise((succeeded, failed) => parts().operations.run(name, request, callerOf(trace), { succeeded, failed }));
  return {
    maxValueBytes,
    begin() {
      const { pending } = parts();
      const call = pending.begin(0);
      return {
        hold: (bytes) => call.hold(bytes),
        refuseWhatIsTooMuch: () => pending.refuseWhatIsTooMuch(),
        end: () => call.end(),
      };
    },
    get: (request, trace) => run('Get', request, trace),
    put: (request, trace) => run('Put', request, trace),
    delete: (request, trace) => run('Delete', request, trace),
    refused: (method, code) => parts().counts[method].failed(code),
    inSyncNodes: (key) => parts().cluster.inSyncNodes(key),
  };
}
