import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Histogram } from './histogram.js';

const latency = fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 2 ** 30 - 1 }));

test('histogram - a percentile exceeds the value of its rank by at most 1/256', () => {
  fc.assert(
    fc.property(fc.array(latency, { minLength: 1 }), fc.constantFrom(0, 50, 90, 99, 99.9, 100), (values, percent) => {
      const histogram = new Histogram();
      for (const value of values) histogram.record(value);
      const exact = values.toSorted((one, other) => one - other)[Math.max(1, Math.ceil((values.length * percent) / 100)) - 1]!;
      expect(histogram.percentile(percent)).toBeGreaterThanOrEqual(exact);
      expect(histogram.percentile(percent)).toBeLessThanOrEqual(exact * (1 + 1 / 256));
      expect(histogram.max).toBe(Math.max(...values));
    }),
  );
});

test('histogram - taking from several and adding to one equals recording in one', () => {
  fc.assert(
    fc.property(fc.array(fc.array(latency)), (parts) => {
      const [sum, expected, part] = [new Histogram(), new Histogram(), new Histogram()];
      for (const values of parts) {
        for (const value of values) {
          part.record(value);
          expected.record(value);
        }
        sum.add(part.take());
        expect(part.count).toBe(0);
      }
      expect(sum.take()).toEqual(expected.take());
    }),
  );
});

test('histogram - handles no values, and latencies beyond its range', () => {
  const histogram = new Histogram();
  expect([histogram.count, histogram.max, histogram.percentile(99)]).toEqual([0, 0, 0]);
  histogram.record(Number.MAX_SAFE_INTEGER);
  expect(histogram.max).toBe(2 ** 30 - 1);
});
