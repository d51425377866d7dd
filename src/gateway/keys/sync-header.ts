/** `Kv-Sync` of a write: its answer waits until every in-sync replica has flushed it. */
import type { IncomingHttpHeaders } from 'node:http';
import { KvError } from '../../errors.js';

const syncHeader = 'kv-sync';

export interface RequestedSync {
  readonly sync?: boolean;
}

/** @throws KvError INVALID_ARGUMENT */
export function syncFromHeaders({ [syncHeader]: sync }: IncomingHttpHeaders): RequestedSync {
  if (sync === undefined || sync === 'false') return {};
  if (sync === 'true') return { sync: true };
  throw new KvError('INVALID_ARGUMENT', 'Kv-Sync must be true or false');
}

/** @param instead what the client should do instead. @throws KvError INVALID_ARGUMENT if the header is given where it has no meaning. */
export function refuseSync({ [syncHeader]: sync }: IncomingHttpHeaders, instead: string): void {
  if (sync !== undefined) throw new KvError('INVALID_ARGUMENT', `${syncHeader} has no meaning here; ${instead}`);
}
