/** The range of keys that a scan still has to show, in the order of their UTF-8 bytes. Pure. */
import { KvError } from '../../errors.js';
import { maxKeyBytes } from '../../limits.js';
import { compareUtf8, successorOf } from '../../utf8-order.js';
import type { ScanRequest } from '../../wire/scan/scan-messages.js';

export interface KeyBounds {
  /** The first key that belongs to it. Empty: the first one of the shard. */
  readonly from: string;
  /** The range ends before this key. Undefined: with the last key of the shard. */
  readonly to: string | undefined;
}

const lastCodePoint = 0x10ffff;
const lastBeforeSurrogates = 0xd7ff;
const firstBehindSurrogates = 0xe000;

/** The first text that lies behind all texts that begin with the prefix. Undefined: there is none. */
export function endOfPrefix(prefix: string): string | undefined {
  const codePoints = Array.from(prefix, (character) => character.codePointAt(0)!);
  // No text follows those that begin with the last code point, so the code point before it must grow.
  while (codePoints.at(-1) === lastCodePoint) codePoints.pop();
  const last = codePoints.pop();
  if (last === undefined) return undefined;
  const next = last === lastBeforeSurrogates ? firstBehindSurrogates : last + 1;
  return String.fromCodePoint(...codePoints, next);
}

type Bounds = Pick<ScanRequest, 'from' | 'to' | 'prefix' | 'after' | 'reverse'>;

/** @returns undefined if no key can belong to the range. @throws KvError INVALID_ARGUMENT */
export function boundsOf({ from, to, prefix, after, reverse }: Bounds): KeyBounds | undefined {
  for (const [name, text] of Object.entries({ from, to, prefix, after })) {
    const bytes = Buffer.byteLength(text);
    if (bytes > maxKeyBytes)
      throw new KvError('INVALID_ARGUMENT', `${name} has ${bytes} bytes; a key has at most ${maxKeyBytes}`);
  }
  if (prefix !== '' && (from !== '' || to !== ''))
    throw new KvError('INVALID_ARGUMENT', 'a scan has either a prefix, or from and to');
  if (to !== '' && isBefore(to, from)) throw new KvError('INVALID_ARGUMENT', 'the range of the scan ends before it begins');
  const whole: KeyBounds = prefix !== '' ? { from: prefix, to: endOfPrefix(prefix) } : { from, to: to === '' ? undefined : to };
  const left = after === '' ? whole : leftAfter(whole, after, reverse);
  return left.to !== undefined && !isBefore(left.from, left.to) ? undefined : left;
}

/** What is left of a range behind a key, in the direction of the scan. */
export function leftAfter({ from, to }: KeyBounds, after: string, reverse: boolean): KeyBounds {
  if (reverse) return { from, to: to === undefined || isBefore(after, to) ? after : to };
  const next = successorOf(after);
  return { from: isBefore(from, next) ? next : from, to };
}

function isBefore(one: string, other: string): boolean {
  return compareUtf8(one, other) < 0;
}
