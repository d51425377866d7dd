/** Runs `work` for each key of a range, with a bounded number of keys at a time. */
import type { KeyRange } from './options.js';

export async function forEachKey(keys: KeyRange, concurrency: number, work: (keyIndex: number) => Promise<void>): Promise<void> {
  let next = keys.from;
  const lane = async () => {
    while (next < keys.to) {
      const keyIndex = next;
      next += 1;
      await work(keyIndex);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, keys.to - keys.from) }, lane));
}
