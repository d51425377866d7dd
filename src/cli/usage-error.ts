/** What yargs reports as a mistake on the command line, as an error of ours; it goes the way of all others. */
import { KvError } from '../errors.js';

/** For `.fail()`: `error` is set for some mistakes of the user, and for whatever a handler threw. */
export function throwUsageError(message: string | null, error: Error | undefined): never {
  if (error !== undefined && error.name !== 'YError') throw error;
  throw new KvError('INVALID_OPTION', message ?? error?.message ?? 'the command line is not understood');
}
