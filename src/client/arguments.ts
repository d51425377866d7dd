/**
 * Checks the arguments of a call before anything is sent: an operation that fails here was definitely not executed.
 *
 * The node decides the largest value; this check refuses only what no message can carry.
 */
import { KvError } from '../errors.js';
import { maxKeyBytes, problemOfTtl } from '../limits.js';
import { maxMessageBytes } from '../wire/contract/channel-options.js';

/** The most bytes of one UTF-16 code unit in UTF-8; the two units of a pair take four bytes together. */
const maxBytesPerCodeUnit = 3;
/** Room for the key, the version and the framing in the largest message. */
const messageOverheadBytes = 2_048;
const loneSurrogate = /\p{Surrogate}/u;
/** A lone surrogate becomes this character in UTF-8. */
const replacement = Buffer.from('\uFFFD');

/** @throws KvError INVALID_KEY */
export function checkKey(key: string): void {
  if (typeof key !== 'string') throw new KvError('INVALID_KEY', `a key must be a string, not ${typeof key}`);
  if (key.length === 0) throw new KvError('INVALID_KEY', 'a key must have at least 1 byte');
  if (key.length * maxBytesPerCodeUnit > maxKeyBytes && Buffer.byteLength(key) > maxKeyBytes)
    throw new KvError('INVALID_KEY', `a key may have ${maxKeyBytes} bytes of UTF-8, this one has ${Buffer.byteLength(key)}`);
  // A lone surrogate would be sent as the replacement character, which would turn two keys into one.
  if (loneSurrogate.test(key)) throw new KvError('INVALID_KEY', 'a key must be valid Unicode: this one has a lone surrogate');
}

/** @throws KvError INVALID_ARGUMENT, MESSAGE_TOO_LARGE */
export function toValueBytes(value: string | Uint8Array): Uint8Array {
  const isBytes = value instanceof Uint8Array;
  if (!isBytes && typeof value !== 'string')
    throw new KvError('INVALID_ARGUMENT', `a value must be a string or a Uint8Array, not ${typeof value}`);
  const bytes = isBytes ? value : encoded(value);
  if (bytes.byteLength > maxMessageBytes - messageOverheadBytes)
    throw new KvError('MESSAGE_TOO_LARGE', `a value of ${bytes.byteLength} bytes does not fit a message of ${maxMessageBytes}`);
  return bytes;
}

/** Searching the bytes is fast and nearly always enough: values may be large. */
function encoded(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.includes(replacement) && loneSurrogate.test(text))
    throw new KvError('INVALID_ARGUMENT', 'a value must be valid Unicode, or bytes: this string has a lone surrogate');
  return bytes;
}

/** 0 stands for "the key does not exist". @throws KvError INVALID_ARGUMENT */
export function checkVersion(ifVersion: number, lowest: 0 | 1): void {
  if (!Number.isSafeInteger(ifVersion) || ifVersion < lowest)
    throw new KvError('INVALID_ARGUMENT', `ifVersion must be an integer from ${lowest} to 2^53 - 1, not ${ifVersion}`);
}

/** @throws KvError INVALID_ARGUMENT */
export function checkTtlArgument(ttlMs: number): void {
  const problem = problemOfTtl('ttlMs', ttlMs);
  if (problem !== undefined) throw new KvError('INVALID_ARGUMENT', problem);
}

/** Two writes of one key in one call would race each other. @throws KvError INVALID_ARGUMENT */
export function checkDistinct(keys: readonly string[]): void {
  if (new Set(keys).size !== keys.length) throw new KvError('INVALID_ARGUMENT', 'a key occurs twice in one call');
}
