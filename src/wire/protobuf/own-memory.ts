/**
 * Copies of values that do not keep the message alive from which they were read. A Buffer decoded from a message is a view into
 * the whole message.
 *
 * An allocation for each value costs more than all other work on it (1.4 µs for 100 bytes, a view 0.1 µs). So values are copied
 * one after the other into shared chunks. A retained value keeps only its chunk alive, which it shares with the values that were
 * copied just before and after it.
 */

const chunkBytes = 64 * 1024;
/**
 * A larger value gets its own allocation, whose cost is small beside that of the copy. This also bounds what is wasted at the
 * end of a chunk.
 */
const maxSharedBytes = 8 * 1024;

let chunk = freshMemory(chunkBytes);
let used = 0;

/** Copies the bytes to memory of their own, or to a chunk that they share with other values. */
export function ownCopy(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length > maxSharedBytes) {
    const copy = freshMemory(length);
    copy.set(bytes);
    return copy;
  }
  if (length > chunkBytes - used) {
    chunk = freshMemory(chunkBytes);
    used = 0;
  }
  chunk.set(bytes, used);
  const copy = new Uint8Array(chunk.buffer, used, length);
  used += length;
  return copy;
}

/** Copies the bytes from `start` up to `end`. */
export function ownCopyOf({ buffer, byteOffset }: Uint8Array, start: number, end: number): Uint8Array {
  return ownCopy(new Uint8Array(buffer, byteOffset + start, end - start));
}

function freshMemory(bytes: number): Uint8Array {
  // Not from the pool of Node.js, and not filled with zeros. A plain view, because a Buffer is slower to make.
  return new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
}
