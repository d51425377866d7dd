/** Host names and addresses: one resolver for all connections of the process. */
export { logLookUps } from './log-look-ups.js';
export { lookUp } from './look-up.js';
export { type Resolver, resolver, type UsedName } from './resolver.js';
