/**
 * Striped locks: every key belongs to one of a fixed number of stripes, each with a lock (R6). A section that runs under a key's
 * stripe meets no other write of that key between its look-up and its append.
 */
import { Mutex } from 'async-mutex';

const defaultStripes = 1_024;
/** For more keys a set finds those of one stripe. */
const manyKeys = 16;

export class Stripes {
  readonly #stripes: readonly Mutex[];

  constructor(count = defaultStripes) {
    this.#stripes = Array.from({ length: count }, () => new Mutex());
  }

  isLocked(key: string): boolean {
    return this.#of(key).isLocked();
  }

  /**
   * Runs `section` under the key's stripe. If the lock is free, a section that ends in the turn in which it began needs no lock:
   * nothing else can run in between. A section that goes on takes the lock before the turn is over.
   */
  run(key: string, section: () => void | Promise<void>): void | Promise<void> {
    const mutex = this.#of(key);
    if (mutex.isLocked()) return mutex.runExclusive(section);
    const pending = section();
    if (!(pending instanceof Promise)) return;
    // A free mutex is taken before acquire() returns; the promise only carries the releaser, which release() stands for.
    void mutex.acquire();
    return pending.finally(() => mutex.release());
  }

  /**
   * As `run`, under the stripes of all these keys. The section takes its place in the queues of all stripes in one turn. So sections
   * wait only for those that came before them: none waits for another in a circle, and none overtakes another on one of its keys.
   */
  runAll(keys: readonly string[], section: () => void | Promise<void>): void | Promise<void> {
    if (keys.length === 1) return this.run(keys[0]!, section);
    const mutexes = this.#mutexesOf(keys);
    if (mutexes.some((mutex) => mutex.isLocked())) return runLocked(mutexes, section);
    const pending = section();
    if (!(pending instanceof Promise)) return;
    for (const mutex of mutexes) void mutex.acquire();
    return pending.finally(() => {
      for (const mutex of mutexes) mutex.release();
    });
  }

  /** Each once. */
  #mutexesOf(keys: readonly string[]): Mutex[] {
    if (keys.length > manyKeys) return [...new Set(keys.map((key) => this.#of(key)))];
    const mutexes: Mutex[] = [];
    for (const key of keys) {
      const mutex = this.#of(key);
      if (!mutexes.includes(mutex)) mutexes.push(mutex);
    }
    return mutexes;
  }

  #of(key: string): Mutex {
    return this.#stripes[stripeOf(key, this.#stripes.length)]!;
  }
}

async function runLocked(mutexes: readonly Mutex[], section: () => void | Promise<void>): Promise<void> {
  const releases = await Promise.all(mutexes.map((mutex) => mutex.acquire()));
  try {
    await section();
  } finally {
    for (const release of releases) release();
  }
}

/** FNV-1a over UTF-16 code units (http://www.isthe.com/chongo/tech/comp/fnv/): cheap, and only local. */
function stripeOf(key: string, count: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash >>> 0) % count;
}
