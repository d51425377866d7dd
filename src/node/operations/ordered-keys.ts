/** One page of a shard's keys from a storage that keeps their order: it reads the keys of the page, and no others. */
import type { Storage } from '../../storage/index.js';
import type { ListedKey } from '../../wire/contract/kv-api.js';
import { endOfPrefix, leftAfter } from '../scans/scan-range.js';
import { type KeysOfPage, maxPageBytes, type PageRange } from './key-page.js';

/** The most keys that are read in one turn of the event loop. */
const sliceKeys = 512;

/** @param most the most keys of the page. @param timeMs the shard's time (R17). @returns the page, after a turn for each slice of it */
export async function* orderedKeys(
  read: NonNullable<Storage['range']>,
  { after, prefix }: PageRange,
  most: number,
  sliceBytes: number,
  timeMs: () => number,
): AsyncGenerator<void, KeysOfPage> {
  const whole = { from: prefix, to: endOfPrefix(prefix) };
  let range = after === '' ? whole : leftAfter(whole, after, false);
  const keys: ListedKey[] = [];
  let bytes = 0;
  for (;;) {
    // The length of a value is known only with the value.
    const found = read({ ...range, most: Math.min(sliceKeys, most - keys.length), maxBytes: sliceBytes });
    const { items, isExhausted } = found instanceof Promise ? await found : found;
    const nowMs = timeMs();
    for (const { key, value, version, expiresAtMs } of items) {
      bytes += Buffer.byteLength(key);
      if (bytes > maxPageBytes) return { keys, nextAfter: keys.at(-1)?.key ?? '' };
      const expires = expiresAtMs === undefined ? {} : { expiresInMs: Math.max(0, expiresAtMs - nowMs) };
      keys.push({ key, version, valueBytes: value?.length ?? 0, ...expires });
    }
    const last = keys.at(-1)?.key;
    if (isExhausted || last === undefined) return { keys, nextAfter: '' };
    if (keys.length === most) return { keys, nextAfter: last };
    yield;
    range = leftAfter(range, last, false);
  }
}
