/**
 * Reads always at the same node, primary or not. A client in another language with plain gRPC may do that, by unary
 * calls or on one pipeline that it keeps open, even while the node is frozen.
 *
 * `KvClient` learns of a new primary within moments, so it hardly ever reads at an old primary that still considers
 * itself primary. These readers do so all the time. They never write, so no hanging write delays their reads.
 */
import { Client, credentials } from '@grpc/grpc-js';
import { limitsOf } from '../../src/client/call-limits.js';
import { noCluster } from '../../src/client/routing/cluster-identity.js';
import { openGrpcPipeline } from '../../src/client/transport/grpc-pipeline.js';
import { PipelineTransport } from '../../src/client/transport/pipeline-transport.js';
import { UnaryTransport } from '../../src/client/transport/unary-transport.js';
import { channelOptions } from '../../src/wire/contract/channel-options.js';
import type { Outcome } from '../../verification/index.js';

/** Shorter than any relevant freeze, so that some read is always in flight to a node that is about to be thawed. */
const pinnedDeadlineMs = 500;
const maxReconnectBackoffMs = 500;

export type PinnedApi = 'unary' | 'pipeline';

export class PinnedReader {
  readonly #client: Client;
  readonly #transport: UnaryTransport | PipelineTransport;

  constructor(address: string, api: PinnedApi) {
    const options = { ...channelOptions, 'grpc.max_reconnect_backoff_ms': maxReconnectBackoffMs };
    this.#client = new Client(address, credentials.createInsecure(), options);
    this.#transport =
      api === 'unary'
        ? new UnaryTransport(this.#client)
        : new PipelineTransport((listener) => openGrpcPipeline(this.#client, noCluster, listener));
  }

  /** One attempt. @throws KvError */
  async get(key: string): Promise<Outcome> {
    const { found, value, version } = await this.#transport.execute({ kind: 'get', key }, limitsOf({}, pinnedDeadlineMs));
    return found ? { kind: 'found', value: value.toString(), version } : { kind: 'missing' };
  }

  close(): void {
    this.#transport.close('the load has ended');
    this.#client.close();
  }
}
