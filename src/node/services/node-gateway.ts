/** HTTP at a node: the same operations, memory and knowledge that gRPC is answered from. */
import type { Logger } from 'pino';
import type { Gateway, Metrics, ReadinessSource, ScanKeys } from '../../gateway/index.js';
import { type HttpParts, httpKeyValues } from '../operations/http-key-values.js';
import type { ClusterGate } from './cluster-gate.js';
import type { ClusterQueries } from './cluster-queries.js';
import { startingRefusal } from './early-calls.js';
import { EarlyRequests } from './early-requests.js';

export interface GatewayParts extends HttpParts {
  readonly queries: ClusterQueries;
  readonly scan: ScanKeys;
  readonly health: ReadinessSource;
  readonly metrics: Metrics;
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
      if (parts === undefined) throw startingRefusal();
      return parts;
    };
    const health: ReadinessSource = {
      readiness: () => parts?.health.readiness() ?? { ready: false, reasons: ['the node is starting'] },
    };
    const early = new EarlyRequests();
    const metrics: Metrics = { read: () => started().metrics.read() };
    // A node without HTTP does not load the code of HTTP.
    const { clusterRoutes, Gateway, healthRoutes, keyRoutes, metricsRoutes, scanRoutes } = await import('../../gateway/index.js');
    const routes = [
      healthRoutes(health),
      metricsRoutes(metrics),
      keyRoutes(httpKeyValues(maxValueBytes, started, early)),
      scanRoutes((range) => started().scan(range)),
      clusterRoutes(() => started().queries),
    ];
    const gateway = await Gateway.listen({ host, port, logger, routes, gate: () => parts?.gate });
    return new NodeGateway(gateway, (live) => {
      parts = live;
      early.goOn();
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
