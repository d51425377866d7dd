import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RoundTrip } from './round-trip.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function measure(roundTrip: RoundTrip, id: number, ms: number): void {
  roundTrip.sent(id);
  vi.advanceTimersByTime(ms);
  roundTrip.answered(id);
}

test('the first answer sets it, later ones change it a little', () => {
  const roundTrip = new RoundTrip();
  expect(roundTrip.ms).toBe(0);
  measure(roundTrip, 1, 8);
  expect(roundTrip.ms).toBe(8);
  measure(roundTrip, 2, 16);
  expect(roundTrip.ms).toBe(9);
});

test('only the operation that is being measured counts, not those sent after it', () => {
  const roundTrip = new RoundTrip();
  roundTrip.sent(1);
  vi.advanceTimersByTime(10);
  roundTrip.sent(2);
  roundTrip.answered(2);
  expect(roundTrip.ms).toBe(0);
  roundTrip.answered(1);
  expect(roundTrip.ms).toBe(10);
});

test('an operation that waited for something else, or was never answered, does not count', () => {
  const roundTrip = new RoundTrip();
  measure(roundTrip, 1, 60_000);
  roundTrip.sent(2);
  roundTrip.forget();
  vi.advanceTimersByTime(10);
  roundTrip.answered(2);
  expect(roundTrip.ms).toBe(0);
  measure(roundTrip, 2, 4);
  expect(roundTrip.ms).toBe(4);
});
