import { describe, expect, test } from 'vitest';
import type { Operation } from '../../verification/index.js';
import { whyUnknown } from './why-unknown.js';

/** `a` is in shard 15 of 16, `user:1` in shard 10. */
const shardCount = 16;

function put(key: string, invokedMs: number, returnedMs: number, outcome: Operation['outcome']): Operation {
  const call = { kind: 'put', value: 'x' } as const;
  return { client: 'c', key, call, invokedAtUs: invokedMs * 1_000, returnedAtUs: returnedMs * 1_000, outcome };
}

function answered(key: string, atMs: number): Operation {
  return put(key, atMs - 1, atMs, { kind: 'written', version: 1 });
}

const write = put('a', 1_000, 11_000, { kind: 'unknown', code: 'OUTCOME_UNKNOWN', reason: 'lost; then NO_PRIMARY: none' });
const read: Operation = { ...answered('a', 5_000), call: { kind: 'get' }, outcome: { kind: 'missing' } };
const refused = put('a', 5_000, 5_001, { kind: 'refused', code: 'NO_PRIMARY' });

describe('a write whose outcome stayed unknown', () => {
  test('is explained by the time in which its own shard answered no write', () => {
    const served = [answered('a', 900), read, refused, answered('user:1', 4_000), answered('a', 9_500), answered('a', 12_000)];
    expect(whyUnknown(write, { served, rounds: [], shardCount })).toBe(
      'put of a (shard 15) gave up after 10000 ms; for 8500 ms of them the shard answered no write; no fault; lost; then NO_PRIMARY: none',
    );
    expect(whyUnknown(write, { served: [], rounds: [], shardCount })).toContain('for 10000 ms of them');
  });

  test.each([
    [[{ startedAtUs: 500_000, endedAtUs: 900_000, faults: ['kill'] }], 'after the faults: kill'],
    [
      [
        { startedAtUs: 500_000, endedAtUs: 900_000, faults: ['kill'] },
        { startedAtUs: 950_000, endedAtUs: 2_000_000, faults: ['freeze', 'cut'] },
        { startedAtUs: 9_000_000, faults: ['handover'] },
        { startedAtUs: 12_000_000, faults: ['outage'] },
      ],
      'faults: freeze, cut, handover',
    ],
  ])('names the faults that were in force, or else the last ones: %j', (rounds, text) => {
    expect(whyUnknown(write, { served: [], rounds, shardCount })).toContain(`; ${text};`);
  });
});
