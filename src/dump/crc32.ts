/** CRC-32 as in gzip, zip and PNG. Node.js has it in zlib only from 20.15 on. */

/** ISO 3309 and IEEE 802.3, bits reversed. */
const polynomial = 0xedb88320;

/** By the low byte of the remainder, signed. */
const table = new Int32Array(256).map((_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder & 1) === 1 ? (remainder >>> 1) ^ polynomial : remainder >>> 1;
  return remainder;
});

/** @returns a number from 0 to 2^32 - 1. */
export function crc32(bytes: Uint8Array): number {
  let remainder = -1;
  for (let at = 0; at < bytes.length; at++) remainder = table[(remainder ^ bytes[at]!) & 0xff]! ^ (remainder >>> 8);
  return ~remainder >>> 0;
}
