/** Converts a mistake on the command line that yargs reports to a KvError, which is then handled like any other. */
import { KvError } from '../errors.js';

/** For `.fail()`. `error` is set for some mistakes of the user, and for every error that a handler threw. */
export function throwUsageError(message: string | null, error: Error | undefined): never {
  if (error !== undefined && error.name !== 'YError') throw error;
  throw new KvError('INVALID_OPTION', message ?? error?.message ?? 'the command line is invalid');
}
