/** `Kv-Ttl-Ms` and `Kv-Keep-Ttl` of a write, and `Kv-Expires-In-Ms` of an answer. */
import type { IncomingHttpHeaders } from 'node:http';
import { KvError } from '../../errors.js';
import { problemOfTtl } from '../../limits.js';

const ttlHeader = 'kv-ttl-ms';
const keepHeader = 'kv-keep-ttl';
/** Of an answer. */
export const expiresInHeader = 'kv-expires-in-ms';

export interface RequestedExpiry {
  readonly ttlMs?: number;
  readonly keepTtl?: boolean;
}

/** @throws KvError INVALID_ARGUMENT */
export function expiryFromHeaders({ [ttlHeader]: ttl, [keepHeader]: keep }: IncomingHttpHeaders): RequestedExpiry {
  if (keep !== undefined && keep !== 'true' && keep !== 'false') throw refused('Kv-Keep-Ttl must be true or false');
  if (ttl === undefined) return keep === 'true' ? { keepTtl: true } : {};
  if (!/^\d{1,16}$/.test(ttl.toString())) throw refused('Kv-Ttl-Ms must be a whole number of milliseconds');
  if (keep === 'true') throw refused('Kv-Ttl-Ms and Kv-Keep-Ttl exclude each other');
  const ttlMs = Number(ttl);
  const problem = problemOfTtl('Kv-Ttl-Ms', ttlMs);
  if (problem !== undefined) throw refused(problem);
  return { ttlMs };
}

/** @param instead what the client should do instead. @throws KvError INVALID_ARGUMENT if an expiry is given where it has no meaning. */
export function refuseExpiry(headers: IncomingHttpHeaders, instead: string): void {
  const given = [ttlHeader, keepHeader].find((name) => headers[name] !== undefined);
  if (given !== undefined) throw refused(`${given} has no meaning here; ${instead}`);
}

function refused(message: string): KvError {
  return new KvError('INVALID_ARGUMENT', message);
}
