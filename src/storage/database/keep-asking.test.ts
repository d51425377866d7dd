import { afterEach, expect, test, vi } from 'vitest';
import { keepAsking } from './keep-asking.js';
import { PersistentCalls } from './persistent-calls.js';
import { DatabaseError } from './state-database.js';

afterEach(() => {
  vi.useRealTimers();
});

test('a database that is away is noticed without any other call, and so is its return', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const calls = new PersistentCalls({ onLost() {}, onFailed() {} });
  const ping = vi.fn<() => Promise<void>>(() => Promise.reject(new DatabaseError('away')));
  const end = keepAsking(ping, calls);
  vi.advanceTimersByTime(10_000);
  expect(calls.waiting).toBe(1);
  await expect.poll(() => calls.waitingForMs(performance.now())).toBeGreaterThan(20);
  ping.mockResolvedValue();
  await expect.poll(() => calls.waiting).toBe(0);
  end();
  vi.advanceTimersByTime(10_000);
  expect(calls.waiting).toBe(0);
});
