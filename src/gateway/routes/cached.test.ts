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

test('cached - callers during the computation, and for nine times its duration, share one result', async () => {
  const call = working(20);
  expect(new Set(await Promise.all(Array.from({ length: 50 }, call)))).toEqual(new Set([1]));
  vi.advanceTimersByTime(179);
  expect(await call()).toBe(1);
  vi.advanceTimersByTime(2);
  expect(await call()).toBe(2);
});

test('cached - after a second the result is computed again, even if that takes long', async () => {
  const call = working(5_000);
  expect(await call()).toBe(1);
  vi.advanceTimersByTime(999);
  expect(await call()).toBe(1);
  vi.advanceTimersByTime(2);
  expect(await call()).toBe(2);
});

test('cached - a failure rejects all waiting callers, and the next call computes again', async () => {
  let made = 0;
  const call = cached(async () => {
    if (++made === 1) throw new Error('not yet');
    return made;
  });
  const [first, second] = await Promise.allSettled([call(), call()]);
  expect([first.status, second.status]).toEqual(['rejected', 'rejected']);
  expect(await call()).toBe(2);
});
