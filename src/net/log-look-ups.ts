/** Logs changes of other hosts' names: a name cannot be looked up any more, or has other addresses. */
import type { Logger } from 'pino';
import { type Resolver, resolver } from './resolver.js';

/** Writes one line for each change; a failure that goes on is logged once. @returns a function that ends the logging. */
export function logLookUps(logger: Pick<Logger, 'info' | 'warn'>, used: Resolver = resolver): () => void {
  return used.watch((host, state, before) => {
    const fields = { host, addresses: state.addresses };
    if (state.failure !== undefined && before.failure === undefined) {
      const effect = state.addresses === undefined ? 'nothing can connect to it' : 'its last addresses are used';
      logger.warn({ ...fields, code: state.failure.code }, `a host name cannot be looked up: ${effect}`);
    } else if (before.failure !== undefined && state.failure === undefined) {
      logger.info(fields, 'a host name can be looked up again');
    }
    if (before.addresses !== undefined && before.addresses !== state.addresses) {
      logger.info({ ...fields, before: before.addresses }, 'a host name has other addresses');
    }
  });
}
