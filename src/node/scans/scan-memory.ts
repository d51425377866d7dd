/** The pages that all scans of a node have sent and their clients have not taken yet. */

/** A page may always have this many bytes. */
const leastPageBytes = 16 * 1024;
/** A page takes at most this part of what is left, so that the scans that come later get pages as well. */
const sharePart = 4;

export class ScanMemory {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** No further scan may begin. */
  get isFull(): boolean {
    return this.#bytes >= this.#maxBytes;
  }

  /** About the most bytes of the next page of a scan that wants this many. */
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
