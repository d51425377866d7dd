import { describe, expect, test } from 'vitest';
import { mulberry32 } from '../verification/random.js';
import { createGenerator } from './generate.js';
import { ownKeys, type WorkloadOptions } from './options.js';
import { decodeValue, encodeValue, smallestValueBytes } from './values.js';

const workload: WorkloadOptions = {
  threads: 3,
  durationMs: 1,
  keyspace: 10,
  api: 'pipeline',
  transport: 'auto',
  distribution: 'uniform',
  readRatio: 0.25,
  valueBytes: 100,
  inFlight: 1,
  seed: 42,
  deadlineMs: 1,
  prefill: true,
  verify: false,
};

function take(options: WorkloadOptions, thread: number, count: number) {
  const generator = createGenerator(options, thread);
  return Array.from({ length: count }, () => ({ kind: generator.nextKind(), keyIndex: generator.nextKeyIndex() }));
}

describe('generating', () => {
  test('random - equals the published mulberry32', () => {
    const random = mulberry32(1);
    expect([random(), random()].map((value) => Math.round(value * 2 ** 32))).toEqual([2693262067, 11749833]);
  });

  test('a thread - repeats its sequence for a seed, and differs from others', () => {
    expect(take(workload, 0, 100)).toEqual(take(workload, 0, 100));
    expect(take(workload, 0, 100)).not.toEqual(take(workload, 1, 100));
    expect(take(workload, 0, 100)).not.toEqual(take({ ...workload, seed: 43 }, 0, 100));
  });

  test('the read ratio - holds approximately', () => {
    const reads = take(workload, 0, 10_000).filter(({ kind }) => kind === 'read').length;
    expect(reads).toBeGreaterThan(2_300);
    expect(reads).toBeLessThan(2_700);
  });

  test('shares of keys - are disjoint and cover all', () => {
    const shares = [0, 1, 2].map((thread) => ownKeys(workload, thread));
    expect(shares).toEqual([
      { from: 0, to: 3 },
      { from: 3, to: 6 },
      { from: 6, to: 10 },
    ]);
    for (const { keyIndex } of take({ ...workload, verify: true }, 1, 1_000)) expect([3, 4, 5]).toContain(keyIndex);
  });

  test('zipf - the first keys are the most frequent, of the thread if it has its own keys', () => {
    const zipf: WorkloadOptions = { ...workload, keyspace: 300, distribution: 'zipf' };
    const shareOf = (taken: ReturnType<typeof take>, keyIndex: number) =>
      taken.filter((operation) => operation.keyIndex === keyIndex).length / taken.length;
    expect(shareOf(take(zipf, 1, 10_000), 0)).toBeCloseTo(0.155, 1);
    const own = take({ ...zipf, verify: true }, 1, 10_000);
    expect(shareOf(own, 100)).toBeGreaterThan(0.15);
    expect(own.every(({ keyIndex }) => keyIndex >= 100 && keyIndex < 200)).toBe(true);
  });

  test('values - may be shorter than a tag, even empty', () => {
    const tag = { run: '01234567', thread: 1, keyIndex: 2, counter: 3 };
    for (const bytes of [0, 1, 20]) expect(encodeValue(tag, bytes).byteLength).toBe(bytes);
  });

  test('values - are recognised only if every byte is right', () => {
    const tag = { run: '01234567', thread: 255, keyIndex: 99_999_999, counter: 999_999_999_999 };
    const value = encodeValue(tag, smallestValueBytes);
    expect(value.byteLength).toBe(smallestValueBytes);
    expect(decodeValue(value)).toEqual(tag);
    value[smallestValueBytes - 1] = 0;
    expect(decodeValue(value)).toBeUndefined();
  });
});
