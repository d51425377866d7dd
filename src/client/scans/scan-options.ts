/** The options of scans, and their checks. */
import { KvError } from '../../errors.js';
import { maxKeyBytes } from '../../limits.js';
import type { CallOptions } from '../call-limits.js';

/** The keys that a scan shows, in the order of their UTF-8 bytes. */
export interface ScanRange {
  /** Only keys that begin with this text. Not together with `from` or `to`. */
  readonly prefix?: string;
  /** The first key that may be shown. Default: the first one there is. */
  readonly from?: string;
  /** The scan ends before this key. Default: at the last key. */
  readonly to?: string;
}

export interface ScanOptions extends CallOptions, ScanRange {
  /** From the last key of the range to the first. Default: false. */
  readonly reverse?: boolean;
  /** The most keys. Default: all. */
  readonly limit?: number;
  /** True: keys without their values. Default: false. */
  readonly keysOnly?: boolean;
  /** The most keys of one page of one shard, up to 10,000. Default: as the node chooses. */
  readonly pageSize?: number;
}

/** Checked, with defaults. */
export interface CheckedScan {
  readonly prefix: string;
  readonly from: string;
  readonly to: string;
  readonly reverse: boolean;
  readonly limit: number;
  readonly keysOnly: boolean;
  readonly maxPageKeys: number;
}

const maxPageSize = 10_000;
const loneSurrogate = /\p{Surrogate}/u;

/** @throws KvError INVALID_ARGUMENT */
export function checkScan(options: ScanOptions): CheckedScan {
  const { prefix = '', from = '', to = '', reverse = false, keysOnly = false } = options;
  for (const [name, text] of Object.entries({ prefix, from, to })) checkBound(name, text);
  if (prefix !== '' && (from !== '' || to !== ''))
    throw new KvError('INVALID_ARGUMENT', 'a scan has either a prefix, or from and to');
  const limit = wholeNumber('limit', options.limit, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY;
  const maxPageKeys = wholeNumber('pageSize', options.pageSize, maxPageSize) ?? 0;
  return { prefix, from, to, reverse, limit, keysOnly, maxPageKeys };
}

function checkBound(name: string, text: string): void {
  if (typeof text !== 'string') throw new KvError('INVALID_ARGUMENT', `${name} must be a string, not ${typeof text}`);
  if (loneSurrogate.test(text)) throw new KvError('INVALID_ARGUMENT', `${name} must be valid Unicode: it has a lone surrogate`);
  if (Buffer.byteLength(text) > maxKeyBytes)
    throw new KvError('INVALID_ARGUMENT', `${name} has more than the ${maxKeyBytes} bytes of UTF-8 that a key may have`);
}

function wholeNumber(name: string, value: number | undefined, most: number): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1 && value <= most)) return value;
  throw new KvError('INVALID_ARGUMENT', `${name} must be a whole number from 1 to ${most}, not ${value}`);
}
