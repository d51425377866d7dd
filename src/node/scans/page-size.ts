/**
 * The size of the next page of a scan. The first page is small, so that a reader of a few keys costs little. Each page that is quick to
 * make lets the next one be larger, up to the bounds of the scan. A page that has taken long makes the next one smaller: a page is made
 * within one turn of the event loop.
 */

/** A page that takes longer than this, in milliseconds, makes the next one smaller. */
const wantedMs = 1;
const firstKeys = 64;
const fewestKeys = 16;
const firstBytes = 16 * 1024;

export interface PageBounds {
  readonly maxKeys: number;
  readonly maxBytes: number;
}

export class PageSize {
  readonly #bounds: PageBounds;
  #keys: number;
  #bytes: number;

  constructor(bounds: PageBounds) {
    this.#bounds = bounds;
    this.#keys = Math.min(firstKeys, bounds.maxKeys);
    this.#bytes = Math.min(firstBytes, bounds.maxBytes);
  }

  /** Limits the keys of the next page. */
  get keys(): number {
    return this.#keys;
  }

  /** Limits, approximately, the bytes of the next page. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param tookMs how long the last page took within its turn */
  took(tookMs: number): void {
    const { maxKeys, maxBytes } = this.#bounds;
    if (tookMs > wantedMs) {
      this.#keys = Math.min(maxKeys, Math.max(fewestKeys, Math.floor(this.#keys / 2)));
      this.#bytes = Math.min(maxBytes, Math.max(firstBytes, Math.floor(this.#bytes / 2)));
    } else if (tookMs < wantedMs / 2) {
      this.#keys = Math.min(maxKeys, 2 * this.#keys);
      this.#bytes = Math.min(maxBytes, 2 * this.#bytes);
    }
  }
}
