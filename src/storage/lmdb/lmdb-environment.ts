/**
 * One LMDB environment: what `lmdb` needs to be told, and the few of its calls that are used.
 *
 * - Every transaction is flushed before it has committed (`overlappingSync: false`). With `overlappingSync`, the default of the
 *   package, it is flushed as well, at once after the commit, and for as much work. But then a process that was killed would go on
 *   from a version that was never flushed, and could overwrite pages of the version that a loss of power would go back to.
 * - Transactions are synchronous, in a thread of their own. The package's own writer takes its work from a queue, and when that is
 *   longer than 300,000 the package blocks the event loop with `Atomics.wait` (`writeInstructions` in its write.js). A synchronous
 *   transaction does not use the queue.
 * - Nothing is read ahead: a page that is not in memory is read alone. Otherwise one small value would bring 128 KiB to memory, and
 *   with data larger than memory the pages that are needed would be driven out by those that are not.
 */
import { open, type RootDatabase, type RootDatabaseOptionsWithPath } from 'lmdb';
import { pageBytes } from './environment-file.js';

export type LmdbEnvironment = RootDatabase<Uint8Array, Buffer>;

/** Address space, not memory. A larger environment gets a larger map by itself. */
const mapBytes = 256 * 1024 ** 3;
/** Transactions that read at the same time: one for each thread, and one for each call of `prefetch` that is under way. */
const maxReaders = 32;

/** Options that the package has and does not declare. */
interface UntypedOptions {
  readonly noReadAhead: boolean;
}

/** @param access a process opens an environment with `write` first. */
export function openEnvironment(folder: string, access: 'read' | 'write'): LmdbEnvironment {
  const options: RootDatabaseOptionsWithPath & UntypedOptions = {
    path: folder,
    // A name with a dot would be taken for a file.
    noSubdir: false,
    readOnly: access === 'read',
    keyEncoding: 'binary',
    encoding: 'binary',
    cache: false,
    overlappingSync: false,
    noReadAhead: true,
    // Pages are not cleared before they are filled. The rest of one may show memory of this process, whose data is in the file anyway.
    noMemInit: true,
    pageSize: pageBytes,
    mapSize: mapBytes,
    maxReaders,
    maxDbs: 1,
  };
  return open<Uint8Array, Buffer>(options);
}

/** Executes the action in one transaction, which is flushed when this returns. If it throws, nothing has changed. */
export function transact<T>(environment: LmdbEnvironment, action: () => T): T {
  return environment.transactionSync(action);
}
