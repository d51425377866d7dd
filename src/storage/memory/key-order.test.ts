import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EncodedKey } from './encoded-key.js';
import { KeyOrder } from './key-order.js';
import { noRecord } from './record-address.js';
import { Records } from './records.js';

const noValue = new Uint8Array();

function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** The order of the keys of some records, beside a map from the keys to their addresses. */
class OrderBesideMap {
  readonly records = new Records();
  readonly order = new KeyOrder(this.records);
  readonly addresses = new Map<string, number>();
  readonly #key = new EncodedKey();

  /** Adds the key. If it is there, its record moves. */
  put(key: string): void {
    this.#key.set(key);
    const { words, length } = this.#key;
    const before = this.addresses.get(key);
    const address = this.records.add(this.#key, noValue, 1, undefined);
    if (before === undefined) this.order.insert(words, 0, length, address);
    else {
      this.records.remove(before);
      this.order.replace(words, 0, length, before, address);
    }
    this.addresses.set(key, address);
  }

  remove(key: string): void {
    const address = this.addresses.get(key);
    if (address === undefined) return;
    this.#key.set(key);
    this.order.remove(this.#key.words, 0, this.#key.length, address);
    this.records.remove(address);
    this.addresses.delete(key);
  }

  change(kind: 'put' | 'remove' | 'ascending' | 'removeMost', keys: readonly string[]): void {
    if (kind === 'put') for (const key of keys) this.put(key);
    else if (kind === 'remove') for (const key of keys) this.remove(key);
    else if (kind === 'ascending') for (const key of keys.toSorted(byBytes)) this.put(key);
    else for (const key of [...this.addresses.keys()].filter((_, index) => index % 9 > 0)) this.remove(key);
  }

  keysIn(from: string, to: string | undefined, isReverse: boolean): string[] {
    const byAddress = new Map([...this.addresses].map(([key, address]) => [address, key]));
    const walk = this.order.walk(from, to, isReverse);
    const keys: string[] = [];
    for (let address = walk?.next() ?? noRecord; address !== noRecord; address = walk!.next()) keys.push(byAddress.get(address)!);
    return keys;
  }

  expectSame(from = '', to: string | undefined = undefined): void {
    const expected = [...this.addresses.keys()]
      .filter((key) => byBytes(key, from) >= 0 && (to === undefined || byBytes(key, to) < 0))
      .sort(byBytes);
    expect(this.keysIn(from, to, false)).toEqual(expected);
    expect(this.keysIn(from, to, true)).toEqual(expected.reverse());
  }
}

const key = fc.oneof(
  { weight: 6, arbitrary: fc.nat(3_000).map((number) => `shop/customers/${number}`) },
  {
    weight: 2,
    arbitrary: fc.nat(1_000).map((number) => `shop/customers/${number % 7}/a long part that many keys share/${number}`),
  },
  { weight: 2, arbitrary: fc.nat(400).map((number) => `a${'\u0000'.repeat(number % 20)}${number % 3 === 0 ? '' : number}`) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }) },
);
const round = fc.record({
  kind: fc.constantFrom('put', 'put', 'remove', 'ascending', 'removeMost'),
  keys: fc.array(key, { maxLength: 400, size: 'max' }),
  from: key,
  to: fc.option(key, { nil: undefined }),
});

describe('the order of keys', { timeout: 120_000 }, () => {
  it('is that of their bytes, whatever is added, moved and removed', () => {
    fc.assert(
      fc.property(fc.array(round, { maxLength: 8 }), (rounds) => {
        const both = new OrderBesideMap();
        for (const { kind, keys, from, to } of rounds) {
          both.change(kind, keys);
          both.expectSame();
          both.expectSame(from, to);
        }
        for (const key of [...both.addresses.keys()]) both.remove(key);
        expect(both.order.bytes).toBe(0);
      }),
      { seed: 20, numRuns: 40 },
    );
  });

  it('takes at most 24 bytes a key after random inserts and deletes, and little more than 8 for keys that come in order', () => {
    const count = 20_000;
    const keyOf = (number: number): string => `kvbench:${String((number * 7_919) % count).padStart(8, '0')}`;
    const both = new OrderBesideMap();
    for (let number = 0; number < count; number++) both.put(keyOf(number));
    expect(both.order.bytes / count).toBeLessThan(14);
    for (let number = 0; number < count; number++) if (number % 5 > 0) both.remove(keyOf(number));
    expect(both.order.bytes / both.addresses.size).toBeLessThan(24);
    both.expectSame();
    const sorted = new OrderBesideMap();
    for (let number = 0; number < count; number++) sorted.put(`kvbench:${String(number).padStart(8, '0')}`);
    expect(sorted.order.bytes / count).toBeLessThan(10);
  });
});
