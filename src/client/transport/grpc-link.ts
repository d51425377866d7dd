/**
 * A link to one node over a gRPC channel. Only a client that uses gRPC loads this file: grpc-js takes as long to load as Node.js takes
 * to start.
 *
 * grpc-js waits for ever on a peer that accepts a connection and then sends nothing, and may report an earlier failure meanwhile.
 * So the owner limits the time until the link is ready.
 */
import { Client, connectivityState } from '@grpc/grpc-js';
import { grpcTarget } from '../../net/grpc-names.js';
import { channelOptions } from '../../wire/contract/channel-options.js';
import { openGrpcPipeline } from './grpc-pipeline.js';
import type { Link, LinkEvents, LinkParts } from './link.js';
import { PipelineTransport } from './pipeline-transport.js';
import { TrackedCredentials } from './tracked-credentials.js';
import { UnaryTransport } from './unary-transport.js';

export class GrpcLink implements Link {
  readonly #credentials = new TrackedCredentials();
  readonly #client: Client;
  readonly #events: LinkEvents;
  readonly transport: UnaryTransport;
  readonly pipeline: PipelineTransport;
  #closed = false;

  constructor({ address, naming, events }: Omit<LinkParts, 'connectTimeoutMs'>) {
    this.#events = events;
    this.#client = new Client(grpcTarget(address), this.#credentials, channelOptions);
    this.transport = new UnaryTransport(this.#client, naming);
    this.pipeline = new PipelineTransport((listener) => openGrpcPipeline(this.#client, naming, listener), naming);
    this.#watch();
  }

  get isReady(): boolean {
    return this.#state === connectivityState.READY;
  }

  connect(): void {
    this.#client.getChannel().getConnectivityState(true);
  }

  close(reason: string): void {
    this.#closed = true;
    const wasReady = this.isReady;
    this.transport.close(reason);
    this.pipeline.close(reason);
    this.#client.close();
    if (!wasReady) this.#credentials.destroySockets();
  }

  get #state(): connectivityState {
    return this.#client.getChannel().getConnectivityState(false);
  }

  #watch(): void {
    this.#client.getChannel().watchConnectivityState(this.#state, Number.POSITIVE_INFINITY, () => {
      if (this.#closed) return;
      this.#watch();
      const state = this.#state;
      if (state === connectivityState.READY) this.#events.onReady();
      else if (state === connectivityState.TRANSIENT_FAILURE) this.#events.onFailed(false);
      else this.#events.onLost();
    });
  }
}
