import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fingerprintOfTransaction } from './fingerprint.js';
import type { Compare, KeyOperation, Transaction } from './transaction.js';

const key = fc.constantFrom('a', 'b');
const bytes = fc.uint8Array({ maxLength: 3 });
const ttlMs = fc.integer({ min: 1, max: 3 });
const decimal = fc.constantFrom('0', '1', '-0.5');
const maxBytes = fc.constant(10);
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const expiry = some(fc.oneof(fc.constant('keep' as const), fc.record({ ttlMs })));
const condition = { ifVersion: some(fc.nat({ max: 2 })), ifValue: some(bytes) };

const compare: fc.Arbitrary<Whole<Compare>> = fc.record({ key, exists: some(fc.boolean()), ...condition });
type Whole<Part> = { readonly [Name in keyof Required<Part>]: Part[Name & keyof Part] };
/** A kind or a part that is missing here is an error of the types. */
const operations: { readonly [Kind in KeyOperation['kind']]: fc.Arbitrary<Whole<Extract<KeyOperation, { kind: Kind }>>> } = {
  get: fc.record({ kind: fc.constant('get'), key }),
  put: fc.record({ kind: fc.constant('put'), key, value: bytes, expiry, ...condition }),
  delete: fc.record({ kind: fc.constant('delete'), key, ...condition }),
  getAndSet: fc.record({ kind: fc.constant('getAndSet'), key, value: bytes, expiry }),
  getAndDelete: fc.record({ kind: fc.constant('getAndDelete'), key }),
  touch: fc.record({ kind: fc.constant('touch'), key, ttlMs }),
  persist: fc.record({ kind: fc.constant('persist'), key }),
  increment: fc.record({
    kind: fc.constant('increment'),
    key,
    by: decimal,
    initial: decimal,
    min: some(decimal),
    max: some(decimal),
    expiry,
  }),
  append: fc.record({ kind: fc.constant('append'), key, value: bytes, maxBytes, expiry }),
  setRange: fc.record({ kind: fc.constant('setRange'), key, offset: fc.nat({ max: 2 }), value: bytes, maxBytes, expiry }),
};
const operation: fc.Arbitrary<KeyOperation> = fc.oneof(...Object.values(operations));

function alone(only: KeyOperation): Transaction {
  return { compares: [], operations: [only], otherwise: [] };
}

/** Everything that an operation or a comparison asks for, whatever the order of its parts. */
function contentOf(part: object): string {
  const parts = Object.entries(part).filter(([name, value]) => value !== undefined && name !== 'maxBytes');
  return JSON.stringify(parts.sort(([one], [other]) => (one < other ? -1 : 1)));
}

describe('the fingerprint of a transaction', () => {
  test('differs exactly where the content of an operation does', () => {
    fc.assert(
      fc.property(operation, operation, (one, other) => {
        const isSame = fingerprintOfTransaction(alone(one)) === fingerprintOfTransaction(alone(other));
        expect(isSame).toBe(contentOf(one) === contentOf(other));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each(Object.entries(operations))('covers each part of %s, and no limit of the node', (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary as fc.Arbitrary<KeyOperation>, arbitrary as fc.Arbitrary<KeyOperation>, (one, other) => {
        for (const [name, part] of Object.entries(other)) {
          const changed = { ...one, [name]: part };
          const isSame = fingerprintOfTransaction(alone(changed)) === fingerprintOfTransaction(alone(one));
          expect([name, isSame]).toEqual([name, contentOf(changed) === contentOf(one)]);
        }
      }),
    );
  });

  test('differs exactly where the content of a comparison does', () => {
    fc.assert(
      fc.property(compare, compare, (one, other) => {
        const [first, second] = [one, other].map((only) =>
          fingerprintOfTransaction({ compares: [only], operations: [], otherwise: [] }),
        );
        expect(first === second).toBe(contentOf(one) === contentOf(other));
      }),
      { numRuns: 2_000 },
    );
  });

  test('differs where an operation is in another list', () => {
    fc.assert(
      fc.property(operation, (only) => {
        const lists = [alone(only), { compares: [], operations: [], otherwise: [only] }];
        expect(new Set(lists.map(fingerprintOfTransaction)).size).toBe(2);
      }),
    );
  });
});
