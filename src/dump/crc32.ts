/** CRC-32 as in gzip, zip and PNG, with the table that serves the hash of keys. Node.js has it in zlib only from 20.15 on. */
import { crc32Table } from '../placement/key-hash.js';

/** @returns a number from 0 to 2^32 - 1. */
export function crc32(bytes: Uint8Array): number {
  let remainder = -1;
  for (let at = 0; at < bytes.length; at++) remainder = crc32Table[(remainder ^ bytes[at]!) & 0xff]! ^ (remainder >>> 8);
  return ~remainder >>> 0;
}
