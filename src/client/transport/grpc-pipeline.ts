/** Opens the pipeline to a node as a stream of its gRPC channel. */
import type { Client } from '@grpc/grpc-js';
import { GrpcClientStream } from '../../transport/grpc/grpc-frame-stream.js';
import type { OpeningListener } from '../../transport/index.js';
import { keyValueService } from '../../wire/contract/client-contract.js';
import { clusterMetadata } from '../../wire/contract/cluster-name.js';
import type { ClusterNaming } from '../routing/cluster-identity.js';
import type { OpenedPipeline } from './pipeline-transport.js';

export function openGrpcPipeline(client: Client, { clusterId }: ClusterNaming, listener: OpeningListener): OpenedPipeline {
  const { path, requestSerialize, responseDeserialize } = keyValueService.Pipeline!;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, clusterMetadata(clusterId));
  return { stream: new GrpcClientStream(call, listener), mayWrite: true };
}
