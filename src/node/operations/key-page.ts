/**
 * One page of a shard's keys, in the order of their bytes, from a storage without an order (`--no-order`). So a page looks at every key of
 * the shard and keeps the smallest keys after the end of the previous page. The node remembers nothing between two pages, and the next page
 * may come from another replica.
 */

import type { RecordView } from '../../storage/index.js';
import type { ListedKey } from '../../wire/contract/kv-api.js';

export interface PageRange {
  /** The page has only keys after this one. Empty: the page begins with the first key. */
  readonly after: string;
  readonly prefix: string;
}

/** Limits the bytes of all keys of a page, so that an answer stays a small message. */
export const maxPageBytes = 1024 * 1024;

/** A page. */
export interface KeysOfPage {
  readonly keys: ListedKey[];
  /** The last key of the page. Empty: this is the last page. */
  readonly nextAfter: string;
}

interface Found {
  readonly key: Buffer;
  readonly version: number;
  readonly valueBytes: number;
  readonly expiresAtMs: number | undefined;
}

export class KeyPage {
  readonly #after: Buffer;
  readonly #prefix: Buffer;
  readonly #limit: number;
  #found: Found[] = [];
  #foundBytes = 0;
  /** The last key of the page, once the page is full: no key after it is on the page. */
  #bound: Buffer | undefined;

  constructor({ after, prefix }: PageRange, limit: number) {
    this.#after = Buffer.from(after);
    this.#prefix = Buffer.from(prefix);
    this.#limit = limit;
  }

  add({ memory, keyStart, keyEnd, valueStart, valueEnd, version, expiresAtMs }: RecordView): void {
    const isAfter = (key: Buffer): boolean => memory.compare(key, 0, key.length, keyStart, keyEnd) > 0;
    if (!isAfter(this.#after)) return;
    if (this.#bound !== undefined && isAfter(this.#bound)) return;
    const prefixEnd = keyStart + this.#prefix.length;
    if (prefixEnd > keyEnd || memory.compare(this.#prefix, 0, this.#prefix.length, keyStart, prefixEnd) !== 0) return;
    const key = Buffer.from(memory.subarray(keyStart, keyEnd));
    this.#found.push({ key, version, valueBytes: valueEnd - valueStart, expiresAtMs });
    this.#foundBytes += keyEnd - keyStart;
    // Sorting is rare, and drops the keys that no longer fit: the array never holds more than twice what the page may hold.
    if (this.#found.length >= 2 * this.#limit || this.#foundBytes >= 2 * maxPageBytes) this.#trim();
  }

  /** @param timeMs the shard's time (R17) */
  finish(timeMs: number): KeysOfPage {
    this.#trim();
    const keys = this.#found.map(({ key, version, valueBytes, expiresAtMs }) => ({
      key: key.toString(),
      version,
      valueBytes,
      ...(expiresAtMs !== undefined && { expiresInMs: Math.max(0, expiresAtMs - timeMs) }),
    }));
    return { keys, nextAfter: this.#bound === undefined ? '' : (keys.at(-1)?.key ?? '') };
  }

  #trim(): void {
    // A scan may show a key twice. The newer version sorts first, and is kept.
    this.#found.sort((one, other) => one.key.compare(other.key) || other.version - one.version);
    this.#found = this.#found.filter(({ key }, index, all) => index === 0 || !key.equals(all[index - 1]!.key));
    let bytes = 0;
    const fitting = this.#found.findIndex(({ key }, index) => {
      bytes += key.length;
      return index === this.#limit || bytes > maxPageBytes;
    });
    this.#foundBytes = bytes;
    if (fitting === -1) return;
    this.#foundBytes -= this.#found[fitting]!.key.length;
    this.#found.length = fitting;
    this.#bound = this.#found.at(-1)!.key;
  }
}
