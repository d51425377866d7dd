/**
 * Opens the pipeline to one node: over frames on TCP, or over gRPC. Frames cost a fraction of the CPU; gRPC passes everything that
 * lets only HTTP/2 through.
 *
 * With `auto` the client uses frames. If a connection for frames is not accepted, the client uses gRPC, and tries frames again after a
 * while. Nothing is sent over a connection before it is accepted, so an operation never has an unknown outcome because of the attempt.
 */
import type { Client } from '@grpc/grpc-js';
import { KvError } from '../../errors.js';
import { dialTcp, type FrameStream, GrpcClientStream, type OpeningListener } from '../../transport/index.js';
import { keyValueService } from '../../wire/contract/client-contract.js';
import { clusterMetadata } from '../../wire/contract/cluster-name.js';
import { monotonicNowMs } from '../call-limits.js';
import type { ClusterNaming } from '../routing/cluster-identity.js';

/** What carries the pipeline; see `KvClientOptions.transport`. */
export type TransportChoice = 'auto' | 'tcp' | 'grpc';

/** After a connection for frames was not accepted, gRPC is used for this long. */
const grpcAfterFailureMs = 30_000;
const rpc = 'kv.v1.KeyValue/Pipeline';

export interface OpenedPipeline {
  readonly stream: FrameStream;
  /** False: send nothing before `onAccepted`. */
  readonly mayWrite: boolean;
}

export interface PipelineOpenerParts {
  readonly address: string;
  readonly transport: TransportChoice;
  readonly connectTimeoutMs: number;
}

export class PipelineOpener {
  readonly #parts: PipelineOpenerParts;
  #grpcUntilMs = Number.NEGATIVE_INFINITY;

  constructor(parts: PipelineOpenerParts) {
    this.#parts = parts;
  }

  /** @param client the gRPC channel to the node. @param naming names the cluster in the opening. */
  open(client: Client, { clusterId }: ClusterNaming, listener: OpeningListener): OpenedPipeline {
    const { transport, address, connectTimeoutMs } = this.#parts;
    const usesFrames = transport === 'tcp' || (transport === 'auto' && monotonicNowMs() >= this.#grpcUntilMs);
    if (!usesFrames) return { stream: openGrpc(client, clusterId, listener), mayWrite: true };
    let isAccepted = false;
    const stream = dialTcp(
      { address, rpc, clusterId, connectTimeoutMs },
      {
        onAccepted: (nodeCluster) => {
          isAccepted = true;
          listener.onAccepted(nodeCluster);
        },
        onFrame: (frame) => listener.onFrame(frame),
        onDrain: () => listener.onDrain(),
        onEnd: () => listener.onEnd(),
        onClosed: (error) => listener.onClosed(isAccepted ? error : this.#notAccepted(error)),
      },
    );
    return { stream, mayWrite: false };
  }

  /** A node that answers with a refusal of its own speaks frames. */
  #notAccepted(error: KvError | undefined): KvError {
    if (error !== undefined && error.executed === 'no' && error.code !== 'UNREACHABLE') return error;
    this.#grpcUntilMs = monotonicNowMs() + grpcAfterFailureMs;
    return new KvError('UNREACHABLE', `no connection for frames: ${error?.message ?? 'the node closed it'}`);
  }
}

function openGrpc(client: Client, clusterId: string | undefined, listener: OpeningListener): FrameStream {
  const { path, requestSerialize, responseDeserialize } = keyValueService.Pipeline!;
  return new GrpcClientStream(
    client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, clusterMetadata(clusterId)),
    listener,
  );
}
