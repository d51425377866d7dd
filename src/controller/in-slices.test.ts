import { describe, expect, test } from 'vitest';
import { inSlices } from './in-slices.js';

const noTimeMs = 0;

function* counting(steps: number, onStep: (step: number) => void): Generator<void, string, void> {
  for (let step = 1; step <= steps; step++) {
    onStep(step);
    yield;
  }
  return 'the result';
}

describe('a computation in slices', () => {
  test('everybody else on the event loop has a turn between two slices', async () => {
    let others = 0;
    const seen: number[] = [];
    const goOn = (): void => {
      others++;
      immediate = setImmediate(goOn);
    };
    let immediate = setImmediate(goOn);
    const result = await inSlices(
      counting(20, () => seen.push(others)),
      noTimeMs,
      new AbortController().signal,
    );
    clearImmediate(immediate);
    expect(result).toBe('the result');
    // Strictly more of others' turns before each step than before the last.
    expect(seen).toHaveLength(20);
    for (const [index, count] of seen.slice(1).entries()) expect(count).toBeGreaterThan(seen[index]!);
  });

  test('one that is done within a slice is done before anybody else has a turn', async () => {
    const order: string[] = [];
    const immediate = setImmediate(() => order.push('another'));
    const longMs = 60_000;
    await inSlices(
      counting(3, (step) => order.push(`step ${step}`)),
      longMs,
      new AbortController().signal,
    );
    clearImmediate(immediate);
    expect(order).toEqual(['step 1', 'step 2', 'step 3']);
  });

  test('given up, it makes no further step and comes to nothing', async () => {
    const abort = new AbortController();
    let steps = 0;
    const result = await inSlices(
      counting(20, (step) => {
        steps = step;
        if (step === 5) abort.abort();
      }),
      noTimeMs,
      abort.signal,
    );
    expect(result).toBeUndefined();
    expect(steps).toBe(5);
  });

  test('what it throws is thrown', async () => {
    const failing = counting(2, () => {
      throw new Error('no such thing');
    });
    await expect(inSlices(failing, noTimeMs, new AbortController().signal)).rejects.toThrow('no such thing');
  });
});
