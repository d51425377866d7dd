import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cached } from './cached.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function working(ms: number): () => Promise<number> {
  let made = 0;
  return cached(async () => {
    vi.advanceTimersByTime(ms);
    return ++made;
  });
}

test('who asks while an answer is made, or within nine times as long, is told that one; later it is made anew', async () => {
  const ask = working(20);
  expect(new Set(await Promise.all(Array.from({ length: 50 }, ask)))).toEqual(new Set([1]));
  vi.advanceTimersByTime(179);
  expect(await ask()).toBe(1);
  vi.advanceTimersByTime(2);
  expect(await ask()).toBe(2);
});

test('after a second it is made anew, however long that takes', async () => {
  const ask = working(5_000);
  expect(await ask()).toBe(1);
  vi.advanceTimersByTime(999);
  expect(await ask()).toBe(1);
  vi.advanceTimersByTime(2);
  expect(await ask()).toBe(2);
});

test('what fails is told to those who wait for it, and made anew for the next', async () => {
  let made = 0;
  const ask = cached(async () => {
    if (++made === 1) throw new Error('not yet');
    return made;
  });
  const [first, second] = await Promise.allSettled([ask(), ask()]);
  expect([first.status, second.status]).toEqual(['rejected', 'rejected']);
  expect(await ask()).toBe(2);
});
