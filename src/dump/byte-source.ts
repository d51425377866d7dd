/** Reads a stream of bytes in pieces of the length that the caller requests. */

export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** Offset of the next byte from the beginning of the stream. */
  position = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** @returns exactly `count` bytes, or fewer at the end of the stream. */
  async take(count: number): Promise<Buffer> {
    while (this.#pendingBytes < count) {
      const next = await this.#chunks.next();
      if (next.done) break;
      const { buffer, byteOffset, length } = next.value;
      this.#pending.push(Buffer.from(buffer, byteOffset, length));
      this.#pendingBytes += length;
    }
    const all = this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending);
    const taken = all.subarray(0, count);
    const rest = all.subarray(taken.length);
    this.#pending = rest.length === 0 ? [] : [rest];
    this.#pendingBytes = rest.length;
    this.position += taken.length;
    return taken;
  }

  /** Releases the stream. A reader that stops early must call it. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
