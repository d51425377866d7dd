import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EncodedKey } from './encoded-key.js';
import { noRecord } from './record-address.js';
import { Records } from './records.js';
import { Table } from './table.js';

/** Few hashes, so that keys collide and deletions have much to shift, around the end of the table as well. */
const hashes = fc.constantFrom(0, 1, 6, 7, 7 + 16, -1);

it('finds exactly its items, in spite of collisions', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ number: fc.nat(60), hash: hashes }), { maxLength: 200 }), (steps) => {
      const [table, records, key] = [new Table(), new Records(), new EncodedKey()];
      const model = new Map<string, { hash: number; address: number }>();
      for (const { number, hash } of steps) {
        const name = `k${number}`;
        const known = model.get(name);
        key.set(name);
        if (known === undefined) {
          const address = records.add(key, new Uint8Array(0), 1, undefined);
          table.insert(hash, address);
          model.set(name, { hash, address });
        } else if (number % 3 === 0) {
          const address = records.add(key, new Uint8Array(0), 1, undefined);
          table.replace(known.hash, known.address, address);
          model.set(name, { hash: known.hash, address });
        } else {
          table.remove(known.hash, known.address);
          model.delete(name);
        }
        expect(table.count).toBe(model.size);
        for (let other = 0; other <= 60; other++) {
          key.set(`k${other}`);
          const there = model.get(`k${other}`);
          expect(table.find(there?.hash ?? 7, key, records)).toBe(there?.address ?? noRecord);
        }
      }
      expect(table.addresses().toSorted()).toEqual([...model.values()].map(({ address }) => address).toSorted());
    }),
  );
});

it('grows with its keys, and shrinks when they are removed', () => {
  const [table, records, key] = [new Table(), new Records(), new EncodedKey()];
  const empty = table.bytes;
  const addresses = Array.from({ length: 1_000 }, (_, number) => {
    key.set(`k${number}`);
    const address = records.add(key, new Uint8Array(0), 1, undefined);
    table.insert(number * 7_919, address);
    return address;
  });
  expect(table.bytes).toBe(2_048 * 8);
  for (const [number, address] of addresses.entries()) table.remove(number * 7_919, address);
  expect(table.bytes).toBe(empty);
});
