/** gRPC clients to other nodes, for requests that are forwarded and probes of an address. */
import { Client, credentials } from '@grpc/grpc-js';
import { grpcTarget } from '../../net/grpc-names.js';
import { channelOptions } from '../../wire/contract/channel-options.js';

export function newNodeClient(address: string): Client {
  return new Client(grpcTarget(address), credentials.createInsecure(), channelOptions);
}
