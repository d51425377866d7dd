import { describe, expect, test } from 'vitest';
import type { FoundItem, KeyOperation } from '../../replication/index.js';
import { costOf } from './data-cost.js';
import { transactionCost } from './transaction-cost.js';

const stored = new Map<string, FoundItem>([
  ['k', { value: new Uint8Array(10), version: 1 }],
  ['l', { value: undefined, version: 0 }],
]);
const put = (key: string, bytes: number): KeyOperation => ({ kind: 'put', key, value: new Uint8Array(bytes) });
const append = (key: string, bytes: number): KeyOperation => ({
  kind: 'append',
  key,
  value: new Uint8Array(bytes),
  maxBytes: 100,
});

function cost(operations: readonly KeyOperation[], otherwise: readonly KeyOperation[] = []) {
  return transactionCost({ compares: [], operations, otherwise }, stored);
}

describe('the cost of a transaction', () => {
  test('is that of all its writes, and of the larger list', () => {
    const bytes = costOf('k', 20) + costOf('l', 30);
    expect(cost([put('k', 20), put('l', 30)], [put('k', 40)])).toEqual({ bytes, grows: true });
    expect(cost([put('k', 40)], [put('k', 20), put('l', 30)])).toEqual({ bytes, grows: true });
  });

  test('is nothing for reads and deletes', () => {
    const operations: KeyOperation[] = [
      { kind: 'get', key: 'k' },
      { kind: 'delete', key: 'k' },
      { kind: 'getAndDelete', key: 'l' },
    ];
    expect(cost(operations)).toEqual({ bytes: 0, grows: false });
  });

  test('grows nothing if every value becomes no longer', () => {
    expect(cost([put('k', 10)]).grows).toBe(false);
    expect(cost([put('k', 11)]).grows).toBe(true);
    expect(cost([put('l', 0)]).grows).toBe(true);
  });

  test('counts the whole value that an append makes, up to its limit', () => {
    expect(cost([append('k', 5)]).bytes).toBe(costOf('k', 15));
    expect(cost([append('k', 500)]).bytes).toBe(costOf('k', 100));
    const one = cost([append('k', 5), append('k', 6)]).bytes;
    expect(one).toBeGreaterThanOrEqual(costOf('k', 21));
  });
});
