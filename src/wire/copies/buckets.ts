/**
 * Buckets of keys, by which two copies of a shard are compared without sending their keys. The bucket of a key follows from the key alone.
 * The digest of a bucket does not depend on the order in which its records are added: it is their number, and a sum and an exclusive or
 * of hashes. The hashes come from a CRC-32 of key and value, which finds every damage of up to 32 bits in a row.
 */
import { crc32 } from '../../crc32.js';

/** So many take 12 MiB of digests. */
export const mostBuckets = 1 << 20;
const numbersOfBucket = 3;
export const digestBytes = 4 * numbersOfBucket;

/** @param count a power of two. @returns the bucket of a key with this CRC-32. */
export function bucketOf(keyCrc: number, count: number): number {
  return count === 1 ? 0 : mix(keyCrc) >>> (Math.clz32(count) + 1);
}

/** The digests of all buckets of a copy. */
export class BucketDigests {
  readonly #count: number;
  readonly #numbers: Uint32Array;

  constructor(count: number) {
    this.#count = count;
    this.#numbers = new Uint32Array(count * numbersOfBucket);
  }

  add(key: Uint8Array, value: Uint8Array, version: number, expiresAtMs: number | undefined): void {
    const keyCrc = crc32(key);
    let hash = mix(crc32(value, keyCrc) ^ key.length);
    for (const number of [version, expiresAtMs === undefined ? 0 : expiresAtMs + 1])
      hash = mix(mix(hash ^ (number >>> 0)) ^ Math.floor(number / 2 ** 32));
    const at = bucketOf(keyCrc, this.#count) * numbersOfBucket;
    const numbers = this.#numbers;
    numbers[at]! += 1;
    numbers[at + 1]! += hash;
    numbers[at + 2]! ^= mix(hash + 1);
  }

  /** The digests as bytes, little-endian. */
  toBytes(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#numbers.length * 4);
    for (const [index, number] of this.#numbers.entries()) bytes.writeUInt32LE(number, index * 4);
    return bytes;
  }
}

/** The number of records in a bucket, by the digests of its copy. */
export function recordsIn(digests: Buffer, bucket: number): number {
  return digests.readUInt32LE(bucket * digestBytes);
}

/** Whether the bucket has the same digest in both copies. */
export function sameDigest(one: Buffer, other: Buffer, bucket: number): boolean {
  const start = bucket * digestBytes;
  return one.compare(other, start, start + digestBytes, start, start + digestBytes) === 0;
}

/** Some of the buckets, as a bit for each, the lowest bit of the first byte first. */
export class BucketSet {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  static of(count: number, buckets: Iterable<number>): BucketSet {
    const bytes = Buffer.alloc(Math.ceil(count / 8));
    for (const bucket of buckets) bytes[bucket >>> 3]! |= 1 << (bucket & 7);
    return new BucketSet(bytes);
  }

  has(bucket: number): boolean {
    return ((this.bytes[bucket >>> 3]! >>> (bucket & 7)) & 1) === 1;
  }
}

/** The last step of MurmurHash3: each bit of the result depends on every bit of the number. */
function mix(number: number): number {
  let hash = number;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
