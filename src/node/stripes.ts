/**
 * Striped locks: every key belongs to one of a fixed number of stripes (R6). What runs under a key's stripe sees no
 * other write to that key between its look and its append.
 */
import { Mutex } from 'async-mutex';

const defaultStripes = 1_024;

export class Stripes {
  readonly #stripes: readonly Mutex[];

  constructor(count = defaultStripes) {
    this.#stripes = Array.from({ length: count }, () => new Mutex());
  }

  /** Runs `section` under the key's stripe; a free stripe is taken without waiting for a promise. */
  run(key: string, section: () => void | Promise<void>): void | Promise<void> {
    const mutex = this.#stripes[stripeOf(key, this.#stripes.length)]!;
    if (mutex.isLocked()) return mutex.runExclusive(section);
    // A free mutex is taken before acquire() returns; the promise only carries the releaser, which release() stands for.
    void mutex.acquire();
    let pending: void | Promise<void>;
    try {
      pending = section();
    } catch (error) {
      mutex.release();
      throw error;
    }
    if (pending instanceof Promise) return pending.finally(() => mutex.release());
    mutex.release();
  }
}

/** FNV-1a over UTF-16 code units (http://www.isthe.com/chongo/tech/comp/fnv/): cheap, and only local. */
function stripeOf(key: string, count: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash >>> 0) % count;
}
