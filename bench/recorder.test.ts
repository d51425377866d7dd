import { expect, test } from 'vitest';
import { BenchRecorder } from './recorder.js';

test('recorder - an operation belongs to the interval in which it ended; empty intervals are left out', () => {
  const recorder = new BenchRecorder(1_000);
  recorder.success('read', 1, 1_010);
  recorder.success('write', 2, 1_099.9);
  recorder.failure('write', 'TIMEOUT', 1_100);
  recorder.success('read', 300, 1_450);
  expect(recorder.takeEnded(1_499).map(counts)).toEqual([
    [0, 1, 0, 1, 0],
    [1, 0, 0, 0, 1],
  ]);
  expect(recorder.openIndex).toBe(4);
  expect(recorder.takeEnded(1_500).map(counts)).toEqual([[4, 1, 0, 0, 0]]);
  expect(recorder.takeEnded(9_999)).toEqual([]);
  recorder.failure('read', 'TIMEOUT', 10_050);
  expect(recorder.takeRest().map(counts)).toEqual([[90, 0, 1, 0, 0]]);
  expect(recorder.errorsByCode).toEqual({ TIMEOUT: 2 });
});

function counts({ index, read, write }: ReturnType<BenchRecorder['takeEnded']>[number]): number[] {
  return [index, read.succeeded, read.failed, write.succeeded, write.failed];
}
