/**
 * One page of a shard's keys, in the order of their bytes. Storage has no order, so every page looks at each key of the shard and
 * keeps the smallest behind where the page before ended: no page needs to be remembered, and the next may come from
 * another replica.
 */

import type { RecordView } from '../../storage/index.js';
import type { ListedKey } from '../../wire/contract/kv-api.js';

export interface KeyRange {
  /** Only keys behind this one; empty: from the first. */
  readonly after: string;
  readonly prefix: string;
}

/** Keys of a page together, so that an answer stays a small message. */
const maxPageBytes = 1024 * 1024;

interface Found {
  readonly key: Buffer;
  readonly version: number;
  readonly valueBytes: number;
}

export class KeyPage {
  readonly #after: Buffer;
  readonly #prefix: Buffer;
  readonly #limit: number;
  #found: Found[] = [];
  #foundBytes = 0;
  /** Nothing from here on is on the page. */
  #bound: Buffer | undefined;

  constructor({ after, prefix }: KeyRange, limit: number) {
    this.#after = Buffer.from(after);
    this.#prefix = Buffer.from(prefix);
    this.#limit = limit;
  }

  look({ memory, keyStart, keyEnd, valueStart, valueEnd, version }: RecordView): void {
    const isBehind = (key: Buffer): boolean => memory.compare(key, 0, key.length, keyStart, keyEnd) > 0;
    if (!isBehind(this.#after)) return;
    if (this.#bound !== undefined && isBehind(this.#bound)) return;
    const prefixEnd = keyStart + this.#prefix.length;
    if (prefixEnd > keyEnd || memory.compare(this.#prefix, 0, this.#prefix.length, keyStart, prefixEnd) !== 0) return;
    this.#found.push({ key: Buffer.from(memory.subarray(keyStart, keyEnd)), version, valueBytes: valueEnd - valueStart });
    this.#foundBytes += keyEnd - keyStart;
    // Sorted rarely, and what can no longer be on the page is let go: there is never more than twice what it may hold.
    if (this.#found.length >= 2 * this.#limit || this.#foundBytes >= 2 * maxPageBytes) this.#trim();
  }

  /** `nextAfter` empty: there is nothing behind these. */
  finish(): { keys: ListedKey[]; nextAfter: string } {
    this.#trim();
    const keys = this.#found.map(({ key, version, valueBytes }) => ({ key: key.toString(), version, valueBytes }));
    return { keys, nextAfter: this.#bound === undefined ? '' : (keys.at(-1)?.key ?? '') };
  }

  #trim(): void {
    // A scan may show a key twice; the newer version stands first then, and stays.
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
