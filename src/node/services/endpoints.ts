/**
 * The endpoints of a node: its port for gRPC and frames, and its HTTP server. Their ports are taken before the node knows whether it may start. Until
 * it goes live every request is refused, definitely not executed.
 */
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { joinAddress, parseAddress } from '../../config/index.js';
import type { CutReason } from '../../transport/index.js';
import { clusterServiceWithRawKeys, keyValueServiceWithRawKeys } from '../../wire/contract/server-contract.js';
import type { NodeOptions } from '../options.js';
import { ToolServices } from '../tools/tool-services.js';
import { CutConnections } from './cut-connections.js';
import { FrameServer, type ServedFrames } from './frame-server.js';
import { announce, type Listening, listen } from './listen.js';
import { type GatewayParts, NodeGateway } from './node-gateway.js';

/** The services of a node, by the names under which `GrpcImplementations` has them. */
export const grpcServices = {
  keyValue: keyValueServiceWithRawKeys,
  cluster: clusterServiceWithRawKeys,
};

export type GrpcImplementations = Readonly<Record<keyof typeof grpcServices, UntypedServiceImplementation>>;

export class Endpoints {
  /** host:port, as other nodes and clients reach this one. */
  readonly address: string;
  /** gRPC health and reflection answer from the beginning. */
  readonly tools: ToolServices;
  readonly #listening: Listening;
  readonly #frames: FrameServer;
  readonly #cut: CutConnections;
  readonly #goLive: (implementations: GrpcImplementations) => void;
  #gateway: NodeGateway | undefined;

  private constructor(options: NodeOptions, listening: Listening, frames: FrameServer, cut: CutConnections) {
    this.address = options.advertise ?? joinAddress(options.host, listening.port);
    this.#listening = listening;
    this.#frames = frames;
    this.#cut = cut;
    this.#goLive = announce(listening.server, grpcServices);
    this.tools = new ToolServices(listening.server);
  }

  /** @throws KvError ADDRESS_UNAVAILABLE */
  static async open(options: NodeOptions): Promise<Endpoints> {
    // A call that comes while HTTP is opened must find its service: the gRPC services are announced at once.
    const cut = new CutConnections(options.logger);
    const frames = new FrameServer(cut.count);
    const listening = await listen(options.host, options.port, frames.serve, cut.count);
    const endpoints = new Endpoints(options, listening, frames, cut);
    try {
      endpoints.#gateway = await NodeGateway.open(options);
    } catch (error) {
      await endpoints.abort();
      throw error;
    }
    return endpoints;
  }

  /** host:port of HTTP, as clients reach it; undefined: this node has none. */
  get httpAddress(): string | undefined {
    return this.#gateway && joinAddress(parseAddress(this.address, '--advertise').host, this.#gateway.port);
  }

  /** The open connections of clients and of other nodes, over gRPC and frames. */
  get connections(): number {
    return this.#listening.connections;
  }

  /** Connections that were refused or cut off since the start, by reason. */
  get cutConnections(): Readonly<Record<CutReason, number>> {
    return this.#cut.counts;
  }

  goLive(implementations: GrpcImplementations, frames: ServedFrames, gatewayParts: GatewayParts): void {
    this.#goLive(implementations);
    this.#frames.goLive(frames);
    this.#gateway?.goLive(gatewayParts);
  }

  /** From here on each answer over HTTP is the last of its connection. */
  drain(): void {
    this.#gateway?.drain();
  }

  /** Lets calls that are being answered finish, for at most `patienceMs`. */
  async close(patienceMs: number): Promise<void> {
    await Promise.all([this.#listening.shutDown(patienceMs), this.#gateway?.close()]);
  }

  /** Ends at once, when the node may not start. */
  async abort(): Promise<void> {
    await this.close(0);
  }
}
