import { describe, expect, test } from 'vitest';
import { inSlices } from './controller.js';

const noTimeMs = 0;

function* counting(steps: number, onStep: (step: number) => void): Generator<void, string, void> {
  for (let step = 1; step <= steps; step++) {
    onStep(step);
    yield;
  }
  return 'the result';
}

describe('a computation in slices', () => {
  test('leaves a turn to all other work on the event loop between two slices', async () => {
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
    // Other work had another turn before each step.
    expect(seen).toHaveLength(20);
    for (const [index, count] of seen.slice(1).entries()) expect(count).toBeGreaterThan(seen[index]!);
  });

  test('does not yield if one slice is enough', async () => {
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

  test('makes no further step and has no result once it is aborted', async () => {
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

  test('passes on an error of a step', async () => {
    const failing = counting(2, () => {
      throw new Error('no such thing');
    });
    await expect(inSlices(failing, noTimeMs, new AbortController().signal)).rejects.toThrow('no such thing');
  });
});
