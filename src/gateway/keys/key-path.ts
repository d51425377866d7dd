/**
 * Reads the key from a path. A key is exactly one segment, percent-encoded and decoded exactly once; its bytes are judged as over
 * gRPC. The router never sees the key: it would decode it, and compare user data with the names of routes.
 */
import { KvError } from '../../errors.js';
import { keyChanges, segmentOf } from './change-target.js';

const keyPrefix = '/api/kv/';
/** Replaces the key in the URL that the router sees. */
const anyKey = '-';
/** Paths below the prefix that are not keys. A key with such a name is written with a percent sign, as in %77orkers. */
const reserved = /^(?:workers|worker\/[^/?#]*(?:\/(?:drain|undrain|can-stop))?)(?:[?#]|$)/;
/** A key, an operation on it, and its query. */
const changeTarget = new RegExp(`^([^/?#]*)/(${keyChanges.map(segmentOf).join('|')})(?:\\?([^#]*))?$`);
/** The characters of a path segment (RFC 3986). */
const segment = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*$/;

/** The URL that the router sees for a request's target. */
export function routedUrl(target: string): string {
  const url = pathOf(target);
  const rest = url.slice(keyPrefix.length);
  if (!url.startsWith(keyPrefix) || reserved.test(rest)) return url;
  const [, , operation] = changeTarget.exec(rest) ?? [];
  return operation === undefined ? `${keyPrefix}${anyKey}` : `${keyPrefix}${anyKey}/${operation}`;
}

/** @throws KvError INVALID_KEY, or INVALID_ARGUMENT if anything follows the key. */
export function keyBytesOf(target: string): Buffer {
  return decodedKey(pathOf(target).slice(keyPrefix.length));
}

/** The key and the query of a request for an operation. @throws KvError INVALID_KEY */
export function changeTargetOf(target: string): { readonly key: Buffer; readonly query: string } {
  const [, encoded = '', , query = ''] = changeTarget.exec(pathOf(target).slice(keyPrefix.length)) ?? [];
  return { key: decodedKey(encoded), query };
}

function decodedKey(encoded: string): Buffer {
  if (/[?#]/.test(encoded)) throw new KvError('INVALID_ARGUMENT', 'nothing may follow the key; in a key ? is %3F and # is %23');
  if (encoded.includes('/')) throw new KvError('INVALID_KEY', 'a key is one segment of the path; in a key / is %2F');
  const key = percentDecoded(encoded);
  if (key !== undefined) return key;
  throw new KvError(
    'INVALID_KEY',
    'the key is not percent-encoded: % and two hexadecimal digits for each byte that is not plain',
  );
}

/** The bytes of a percent-encoded segment; undefined if it is none. */
export function percentDecoded(encoded: string): Buffer | undefined {
  if (!segment.test(encoded)) return undefined;
  const bytes = encoded.replaceAll(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1');
}

/** A proxy may send the whole URL (RFC 9112, 3.2.2). */
function pathOf(target: string): string {
  return target.replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/, '') || '/';
}
