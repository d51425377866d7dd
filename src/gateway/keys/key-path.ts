/**
 * Reads the key from a path. A key is exactly one segment, percent-encoded and decoded exactly once; its bytes are judged as over
 * gRPC. The router never sees the key: it would decode it, and compare user data with the names of routes.
 */
import { KvError } from '../../errors.js';

const keyPrefix = '/api/kv/';
/** Replaces the key in the URL that the router sees. */
const anyKey = '-';
/** Paths below the prefix that are not keys. A key with such a name is written with a percent sign, as in %77orkers. */
const reserved = /^(?:workers|worker\/[^/?#]*)(?:[?#]|$)/;
/** The characters of a path segment (RFC 3986). */
const segment = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*$/;

/** The URL that the router sees for a request's target. */
export function routedUrl(target: string): string {
  const url = pathOf(target);
  return url.startsWith(keyPrefix) && !reserved.test(url.slice(keyPrefix.length)) ? `${keyPrefix}${anyKey}` : url;
}

/** @throws KvError INVALID_KEY, or INVALID_ARGUMENT if anything follows the key. */
export function keyBytesOf(target: string): Buffer {
  const encoded = pathOf(target).slice(keyPrefix.length);
  if (/[?#]/.test(encoded)) throw new KvError('INVALID_ARGUMENT', 'nothing may follow the key; in a key ? is %3F and # is %23');
  if (encoded.includes('/')) throw new KvError('INVALID_KEY', 'a key is one segment of the path; in a key / is %2F');
  if (!segment.test(encoded))
    throw new KvError(
      'INVALID_KEY',
      'the key is not percent-encoded: % and two hexadecimal digits for each byte that is not plain',
    );
  const bytes = encoded.replaceAll(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1');
}

/** A proxy may send the whole URL (RFC 9112, 3.2.2). */
function pathOf(target: string): string {
  return target.replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/, '') || '/';
}
