/** The options with which a write decides when its key expires, and the words with which kvctl reports that. */
import type { Options } from 'yargs';
import type { WriteExpiry } from '../../../client/index.js';
import { KvError } from '../../../errors.js';
import type { CommandContext } from '../command.js';
import { parseTtlMs } from '../duration.js';
import { duration } from '../figures.js';

export const expiryOptions: Readonly<Record<'ttl' | 'keep-ttl', Options>> = {
  ttl: { type: 'string', requiresArg: true, describe: 'The key expires after this time: 500ms, 10s, 5m, 2h or 7d' },
  'keep-ttl': { type: 'boolean', describe: 'The key expires when it would have expired without this write' },
};

/** @throws KvError INVALID_OPTION */
export function expiryOf(options: CommandContext['options']): WriteExpiry {
  const { ttl, 'keep-ttl': keeps } = options;
  if (ttl === undefined) return keeps === true ? { keepTtl: true } : {};
  if (keeps === true) throw new KvError('INVALID_OPTION', '--ttl and --keep-ttl exclude each other');
  return { ttlMs: parseTtlMs('--ttl', String(ttl)) };
}

/** `expires in 9.8 s`, or `does not expire`. */
export function expiryText(expiresInMs: number | undefined): string {
  return expiresInMs === undefined ? 'does not expire' : `expires in ${duration(expiresInMs)}`;
}
