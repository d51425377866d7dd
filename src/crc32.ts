/** CRC-32 as in gzip, zip and PNG. Node.js has it in zlib only from 20.15 on; older versions compute it here. */
import * as zlib from 'node:zlib';

/** ISO 3309 and IEEE 802.3, bits reversed. */
const polynomial = 0xedb88320;

/** By the low byte of the remainder, signed. */
const table = new Int32Array(256).map((_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder & 1) === 1 ? (remainder >>> 1) ^ polynomial : remainder >>> 1;
  return remainder;
});

/** The same as `crc32`, for versions of Node.js without it. */
export function portableCrc32(bytes: Uint8Array, before = 0): number {
  let remainder = ~before;
  for (let at = 0; at < bytes.length; at++) remainder = table[(remainder ^ bytes[at]!) & 0xff]! ^ (remainder >>> 8);
  return ~remainder >>> 0;
}

const native: ((bytes: Uint8Array, before?: number) => number) | undefined = Reflect.get(zlib, 'crc32');

/**
 * @param before the checksum of the bytes that precede these; then the result is that of all of them together.
 * @returns a number from 0 to 2^32 - 1.
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  // zlib begins anew where an empty array has no memory.
  if (bytes.length === 0) return before;
  return native === undefined ? portableCrc32(bytes, before) : native(bytes, before);
}
