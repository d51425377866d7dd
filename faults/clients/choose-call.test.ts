import { describe, expect, test } from 'vitest';
import { slotOfKey } from '../../src/placement/index.js';
import type { Call } from '../../verification/index.js';
import { mulberry32 } from '../../verification/random.js';
import { profiles } from '../profiles/profiles.js';
import { chooseCall, type Seen, seenAfter } from './choose-call.js';
import { recordedKeyOf, useOf } from './recorded-keys.js';

const keyspace = 40;
const mix = { get: 1, write: 2, transact: 1 };

/** The keys and calls that a call consists of. */
function partsOfCall(index: number, call: Call) {
  return call.kind === 'transact' ? [...call.operations, ...call.otherwise] : [{ key: recordedKeyOf(index), call }];
}

function chooseMany(count: number): { readonly index: number; readonly call: Call }[] {
  const random = mulberry32(1);
  const seen = new Map<string, Seen>();
  return Array.from({ length: count }, (_, counter) => {
    const index = Math.floor(random() * keyspace);
    const call = chooseCall({ mix, keyspace, random, seen }, index, `w-${counter}`);
    const written = { kind: 'written', version: counter + 1 } as const;
    const operation = { client: 'w', key: recordedKeyOf(index), call, invokedAtUs: 0, returnedAtUs: 1, outcome: written };
    if (call.kind === 'put') for (const [key, one] of seenAfter(operation)) seen.set(key, one);
    return { index, call };
  });
}

describe('the calls of the load', () => {
  const chosen = chooseMany(5_000);

  test('are of every kind, alone and in transactions, in every profile', () => {
    const kinds = ['get', 'put', 'delete', 'getAndSet', 'getAndDelete', 'increment', 'append', 'setRange'];
    const kindsIn = (calls: readonly Call[]): string[] => [...new Set(calls.map(({ kind }) => kind))].sort();
    expect(kindsIn(chosen.map(({ call }) => call))).toEqual([...kinds, 'transact'].sort());
    const inside = chosen.flatMap(({ index, call }) => (call.kind === 'transact' ? partsOfCall(index, call) : []));
    expect(kindsIn(inside.map(({ call }) => call))).toEqual([...kinds].sort());
    for (const { load } of profiles) expect(Math.min(load.mix.get, load.mix.write, load.mix.transact)).toBeGreaterThan(0);
  });

  test('of a transaction have comparisons of every kind, another branch, and several keys of one slot', () => {
    const transactions = chosen.flatMap(({ call }) => (call.kind === 'transact' ? [call] : []));
    const compares = transactions.flatMap((one) => one.compares);
    for (const part of ['ifVersion', 'ifValue', 'exists']) expect(compares.some((compare) => part in compare)).toBe(true);
    expect(transactions.some(({ otherwise }) => otherwise.length > 0)).toBe(true);
    for (const { compares, operations, otherwise } of transactions) {
      expect(new Set([...compares, ...operations, ...otherwise].map(({ key }) => slotOfKey(key))).size).toBe(1);
    }
  });

  test('change counters by increments only, so that their sums can be checked', () => {
    const counters = Array.from({ length: keyspace }, (_, index) => index).filter((index) => useOf(index) === 'counter');
    const keys = new Set(counters.map(recordedKeyOf));
    const changes = chosen.flatMap(({ index, call }) => partsOfCall(index, call)).filter(({ key }) => keys.has(key));
    expect(new Set(changes.map(({ call }) => call.kind))).toEqual(new Set(['get', 'increment']));
  });
});
