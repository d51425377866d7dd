/**
 * A copy in memory of its own. A Buffer decoded from a message is a view into the whole network chunk it came in:
 * storing it would keep the chunk alive.
 */
export function ownCopyOf(buffer: Buffer, start: number, end: number): Uint8Array {
  return new Uint8Array(buffer.subarray(start, end));
}

export function ownCopy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
