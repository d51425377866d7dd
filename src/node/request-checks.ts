/** Judging what a request asks for, before anything is done (errors are INVALID_ARGUMENT, definitely not executed). */
import { isUtf8 } from 'node:buffer';
import { KvError } from '../errors.js';

import { maxKeyBytes } from '../limits.js';

/** Judged on the raw bytes: a decoder that replaces what is not UTF-8 would make two keys one. */
export function checkKey(key: Buffer): string {
  if (key.length === 0) throw new KvError('INVALID_KEY', 'the key is empty; a key has 1 to 1,024 bytes');
  if (key.length > maxKeyBytes)
    throw new KvError('INVALID_KEY', `the key has ${key.length} bytes; at most ${maxKeyBytes} are allowed`);
  if (!isUtf8(key)) throw new KvError('INVALID_KEY', 'the key is not valid UTF-8');
  return key.toString('utf8');
}

export function checkValue(value: Uint8Array, maxValueBytes: number): void {
  if (value.length <= maxValueBytes) return;
  throw new KvError('VALUE_TOO_LARGE', `the value has ${value.length} bytes; this node takes at most ${maxValueBytes}`);
}

export function checkIfVersion(ifVersion: number | undefined, lowest: 0 | 1): void {
  if (ifVersion === undefined || (Number.isSafeInteger(ifVersion) && ifVersion >= lowest)) return;
  const reason =
    ifVersion === 0 ? 'if_version 0 means "only if absent", which no deletion can be' : 'if_version is not a version below 2^53';
  throw new KvError('INVALID_ARGUMENT', reason);
}
