import { expect, test } from 'vitest';
import { type ErrorCode, KvError } from '../../errors.js';
import { exitCodeOf } from './exit-codes.js';

test.each<[ErrorCode, boolean, number]>([
  ['NO_PRIMARY', true, 1],
  ['INVALID_KEY', true, 1],
  ['INVALID_OPTION', true, 2],
  ['INVALID_ARGUMENT', true, 2],
  ['OUTCOME_UNKNOWN', true, 3],
  ['DEADLINE_EXCEEDED', true, 3],
  ['DEADLINE_EXCEEDED', false, 1],
  ['VERSION_MISMATCH', true, 5],
  ['VALUE_MISMATCH', true, 5],
  ['NOT_A_NUMBER', true, 1],
])('kvctl - %s, of a write: %s, ends with exit code %i', (code, isWrite, exitCode) => {
  expect(exitCodeOf(new KvError(code, 'x'), isWrite)).toBe(exitCode);
});

test('kvctl - an unexpected error leaves the outcome of a write unknown', () => {
  expect(exitCodeOf(new Error('x'), true)).toBe(3);
  expect(exitCodeOf(new Error('x'), false)).toBe(1);
});
