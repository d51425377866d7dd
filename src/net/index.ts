/** Names and addresses of hosts: one resolver for all that the process connects to. */
export { grpcTarget } from './grpc-names.js';
export { logLookUps } from './log-look-ups.js';
export { type Resolver, resolver, type UsedName } from './resolver.js';
