/** A grpc-js client to another node, for the services that nodes offer each other. */
import { Client, credentials } from '@grpc/grpc-js';
import { grpcTarget } from '../../net/index.js';
import { channelOptions } from '../../wire/contract/channel-options.js';

/** How long a connection may take, from TCP to a first sign of HTTP/2: grpc-js itself waits for ever. */
export const connectTimeoutMs = 2_000;

export function newNodeClient(address: string): Client {
  return new Client(grpcTarget(address), credentials.createInsecure(), channelOptions);
}
