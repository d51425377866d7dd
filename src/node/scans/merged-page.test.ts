import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ScanPage } from '../../wire/scan/scan-messages.js';
import { mergedPage } from './merged-page.js';

const place = { position: { history: 'h', seq: 1 }, epoch: 1, nodeId: 'a' };
const compare = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));
const keys = fc.uniqueArray(fc.constantFrom(...'abcdefghij', 'ü', '\uffee', '\u{1f511}'), { maxLength: 13 });

/** Reads the keys of a shard behind `after`, at most `most`. */
function pageOf(held: readonly string[], after: string | undefined, reverse: boolean, most: number): readonly ScanPage[] {
  const ordered = [...held].sort((one, other) => (reverse ? -1 : 1) * compare(one, other));
  const left = ordered.filter((key) => after === undefined || (reverse ? compare(key, after) < 0 : compare(key, after) > 0));
  const records = left.slice(0, most).map((key) => ({ key, value: Buffer.alloc(0), version: 1, expiresInMs: undefined }));
  return [{ ...place, records, isLast: true, isExhausted: left.length <= most }];
}

test('merged pages - follow each other, and together show every key once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      keys,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 6 }),
      fc.boolean(),
      async (all, shards, limit, reverse) => {
        const held = Array.from({ length: shards }, (_, shard) => all.filter((_key, index) => index % shards === shard));
        const found: string[] = [];
        let after: string | undefined;
        for (let pages = 0; pages === 0 || after !== undefined; pages++) {
          // Some shards read fewer keys than they might, as with large values.
          const page = await mergedPage(shards, { limit, reverse }, async (shard) =>
            pageOf(held[shard]!, after, reverse, shard % 2 === 0 ? limit : 1),
          );
          expect(page.records.length).toBeLessThanOrEqual(limit);
          if (page.nextAfter !== undefined) expect(page.records.length).toBeGreaterThan(0);
          found.push(...page.records.map(({ key }) => key));
          after = page.nextAfter;
        }
        expect(found).toEqual([...all].sort((one, other) => (reverse ? -1 : 1) * compare(one, other)));
      },
    ),
  );
});
