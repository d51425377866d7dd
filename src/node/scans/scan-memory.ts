/** Limits the pages that the scans of a node have sent and that their clients have not read yet, all together. */

/** A page may have this many bytes even if the memory is full. */
const leastPageBytes = 16 * 1024;
/** A page takes at most a quarter of the free bytes, so that later scans can send pages as well. */
const sharePart = 4;

export class ScanMemory {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True: no further scan may begin. */
  get isFull(): boolean {
    return this.#bytes >= this.#maxBytes;
  }

  /** Limits, approximately, the bytes of the next page of a scan that wants `wantedBytes`. */
  shareOf(wantedBytes: number): number {
    const share = Math.floor((this.#maxBytes - this.#bytes) / sharePart);
    return Math.min(wantedBytes, Math.max(leastPageBytes, share));
  }

  hold(bytes: number): void {
    this.#bytes += bytes;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
  }
}
