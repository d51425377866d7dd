import { expect, test } from 'vitest';
import { AwaitedWrites } from './awaited-writes.js';

const reports: (number | Error)[] = [];
function awaited(): AwaitedWrites {
  reports.length = 0;
  return new AwaitedWrites({ durable: (write) => reports.push(write), failed: (error) => reports.push(error) });
}

test('writes that are kept together are reported once, in the order of the promises', async () => {
  const writes = awaited();
  let flush!: () => void;
  const first = new Promise<void>((resolve) => {
    flush = resolve;
  });
  const second = first.then(() => {});
  for (const write of [1, 2, 3]) writes.add(write, first);
  for (const write of [4, 5]) writes.add(write, second);
  expect(reports).toEqual([]);
  flush();
  await second;
  expect(reports).toEqual([3, 5]);
});

test('a write that is kept already is reported, though its promise was reported before', async () => {
  const writes = awaited();
  const kept = Promise.resolve();
  writes.add(1, kept);
  await kept;
  writes.add(2, kept);
  await kept;
  expect(reports).toEqual([1, 2]);
});

test('a write that cannot be kept is a failure', async () => {
  const writes = awaited();
  const error = new Error('the disk is gone');
  writes.add(1, Promise.reject(error));
  await expect.poll(() => reports).toEqual([error]);
});
