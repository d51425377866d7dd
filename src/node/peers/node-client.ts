/** gRPC clients to other nodes, for the services that nodes offer each other. */
import { Client, credentials } from '@grpc/grpc-js';
import { grpcTarget } from '../../net/index.js';
import { channelOptions } from '../../wire/contract/channel-options.js';

/** How long connecting may take, from TCP to the first answer over HTTP/2; grpc-js itself would wait for ever. */
export const connectTimeoutMs = 2_000;

export function newNodeClient(address: string): Client {
  return new Client(grpcTarget(address), credentials.createInsecure(), channelOptions);
}
