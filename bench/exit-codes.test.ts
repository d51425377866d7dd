import { expect, test } from 'vitest';
import { benchExitCodeOf } from './exit-codes.js';
import type { BenchResult } from './result.js';

function codeOf(reads: [number, number], writes: [number, number], rest: Partial<BenchResult> = {}): number {
  const operation = ([succeeded, failed]: [number, number]) => ({ succeeded, failed }) as BenchResult['reads'];
  const workload = { keyspace: 10 } as BenchResult['workload'];
  const usual = { workload, keysNotPrefilled: 0, verification: undefined };
  return benchExitCodeOf({ ...usual, ...rest, reads: operation(reads), writes: operation(writes) });
}

test('kvbench - exit code 0: some operations of each tried kind succeeded', () => {
  expect(codeOf([5, 0], [5, 0])).toBe(0);
  expect(codeOf([5, 90], [1, 90], { keysNotPrefilled: 9 })).toBe(0);
  expect(codeOf([5, 0], [0, 0])).toBe(0);
});

test('kvbench - exit code 3: every operation of a kind failed, or there was none at all', () => {
  expect(codeOf([5, 0], [0, 5])).toBe(3);
  expect(codeOf([0, 5], [5, 0])).toBe(3);
  expect(codeOf([0, 0], [0, 0])).toBe(3);
  expect(codeOf([5, 0], [0, 0], { keysNotPrefilled: 10 })).toBe(3);
});

test('kvbench - exit code 1: a failed verification takes precedence', () => {
  const verification = { passed: false } as NonNullable<BenchResult['verification']>;
  expect(codeOf([5, 0], [0, 5], { verification })).toBe(1);
});
