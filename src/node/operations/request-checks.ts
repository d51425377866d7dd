/** Checks of a request's arguments, before anything is executed. A failed check is definitely not executed. */
import { isUtf8 } from 'node:buffer';
import { KvError } from '../../errors.js';
import { maxKeyBytes, problemOfTtl } from '../../limits.js';
import type { Expiry, RequestIdentity } from '../../replication/index.js';

/** Checks the raw bytes: a decoder that replaces invalid UTF-8 would make one key of two. @throws KvError INVALID_KEY */
export function checkKeyBytes(key: Buffer): string {
  return checkDecodedKey(isUtf8(key) ? key.toString('utf8') : undefined, key.length);
}

/** `key`: undefined if its bytes are not UTF-8. @throws KvError INVALID_KEY */
export function checkDecodedKey(key: string | undefined, bytes: number): string {
  if (bytes === 0) throw new KvError('INVALID_KEY', 'the key is empty; a key has 1 to 1,024 bytes');
  if (bytes > maxKeyBytes) throw new KvError('INVALID_KEY', `the key has ${bytes} bytes; at most ${maxKeyBytes} are allowed`);
  if (key === undefined) throw new KvError('INVALID_KEY', 'the key is not valid UTF-8');
  return key;
}

/** @throws KvError VALUE_TOO_LARGE */
export function checkValue(bytes: number, maxValueBytes: number): void {
  if (bytes <= maxValueBytes) return;
  throw new KvError('VALUE_TOO_LARGE', `the value has ${bytes} bytes; this node takes at most ${maxValueBytes}`);
}

/** @throws KvError INVALID_ARGUMENT */
export function checkIfVersion(ifVersion: number | undefined, lowest: 0 | 1): void {
  if (ifVersion === undefined || (Number.isSafeInteger(ifVersion) && ifVersion >= lowest)) return;
  const reason =
    ifVersion === 0 ? 'if_version 0 means "only if absent", which no deletion can be' : 'if_version is not a version below 2^53';
  throw new KvError('INVALID_ARGUMENT', reason);
}

/** The expiry that a write asks for; undefined: the key does not expire. @throws KvError INVALID_ARGUMENT */
export function checkExpiry(ttlMs: number | undefined, keepTtl: boolean | undefined): Expiry | undefined {
  if (ttlMs === undefined) return keepTtl ? 'keep' : undefined;
  if (keepTtl) throw new KvError('INVALID_ARGUMENT', 'ttl_ms and keep_ttl exclude each other');
  return { ttlMs: checkTtl(ttlMs) };
}

/** @throws KvError INVALID_ARGUMENT */
export function checkTtl(ttlMs: number): number {
  const problem = problemOfTtl('ttl_ms', ttlMs);
  if (problem !== undefined) throw new KvError('INVALID_ARGUMENT', problem);
  return ttlMs;
}

const clientPattern = /^[\x21-\x7e]{8,64}$/;

/** Checks the identities of requests (R16). The client that was valid last is not looked at again: its requests come together. */
export class IdentityCheck {
  #client = '';

  /** @throws KvError INVALID_ARGUMENT */
  check({ client, number, lowest, history, seq }: RequestIdentity): void {
    if (client !== this.#client) {
      if (!clientPattern.test(client)) throw invalid('the client of a request is 8 to 64 characters of ASCII, without spaces');
      this.#client = client;
    }
    if (!Number.isSafeInteger(number) || number < 1) throw invalid('the number of a request is from 1 to 2^53 - 1');
    if (!(lowest >= 1 && lowest <= number)) throw invalid('the lowest number of a request is at most its own number');
    if (history === '' || !Number.isSafeInteger(seq))
      throw invalid('a request with an identity needs a position: the history of its shard, and a seq below 2^53');
  }
}

function invalid(message: string): KvError {
  return new KvError('INVALID_ARGUMENT', message);
}
