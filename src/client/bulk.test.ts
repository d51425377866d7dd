import { expect, test } from 'vitest';
import { inParallel } from './bulk.js';

const items = Array.from({ length: 300 }, (_, index) => index);
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('results are in the order of the items, in whatever order the operations end', async () => {
  const results = await inParallel(
    items,
    (item) => item % 7,
    async (item) => {
      if (item % 3 === 0) await turn();
      return item * 2;
    },
  );
  expect(results).toEqual(items.map((item) => item * 2));
});

test('a slow shard does not delay the others', async () => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const done: number[] = [];
  const all = inParallel(
    items,
    (item) => item % 2,
    async (item) => {
      if (item % 2 === 0) await gate;
      done.push(item);
    },
  );
  while (done.length < items.length / 2) await turn();
  expect(done.every((item) => item % 2 === 1)).toBe(true);
  open();
  await all;
  expect(done).toHaveLength(items.length);
});

test('after the first rejection no further item is begun, in any shard', async () => {
  const begun: number[] = [];
  const failing = inParallel(
    items,
    (item) => item % 2,
    async (item) => {
      begun.push(item);
      await turn();
      throw new Error(`no ${item}`);
    },
  );
  await expect(failing).rejects.toThrow('no 0');
  await turn();
  expect(begun.length).toBeLessThanOrEqual(128);
});

test('no items - no work', async () => {
  expect(await inParallel([], () => 0, expect.fail)).toEqual([]);
});
