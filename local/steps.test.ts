import { describe, expect, test } from 'vitest';
import { createStepRunner, InterruptedError, StepError } from './steps.js';

function recorded(signal?: AbortSignal) {
  const lines: string[] = [];
  return { lines, runner: createStepRunner((line) => lines.push(line), signal) };
}

describe('steps of a walk-through', () => {
  test('are numbered and printed in order', async () => {
    const { lines, runner } = recorded();
    expect(await runner.step('one', async () => 'result')).toBe('result');
    runner.print('detail');
    await runner.step('two', async () => {});
    expect(lines).toEqual(['1. one', '   detail', '2. two']);
  });

  test('a failure names its step', async () => {
    const { runner } = recorded();
    const failing = runner.step('read back', async () => Promise.reject(new Error('a key is missing')));
    await expect(failing).rejects.toThrow(StepError);
    await expect(failing).rejects.toThrow('step "read back" failed: a key is missing');
  });

  test('an interruption ends the step under way, and no further one begins', async () => {
    const controller = new AbortController();
    const { runner } = recorded(controller.signal);
    const endless = runner.step('endless', () => new Promise(() => {}));
    controller.abort(new InterruptedError('SIGINT', 130));
    await expect(endless).rejects.toThrow(InterruptedError);
    await expect(runner.step('next', async () => {})).rejects.toThrow(InterruptedError);
  });
});
