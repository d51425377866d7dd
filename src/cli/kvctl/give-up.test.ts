import { expect, test } from 'vitest';
import { unlessGivenUp } from './give-up.js';

const never = new Promise<string>(() => {});

test('kvctl, Ctrl-C - the wait for unfinished work is cancelled, whether the signal comes before or during it', async () => {
  const interrupt = new AbortController();
  const work = unlessGivenUp(never, interrupt.signal, 'no');
  interrupt.abort();
  await expect(work).rejects.toMatchObject({ code: 'CANCELLED', executed: 'no' });
  await expect(unlessGivenUp(never, interrupt.signal, 'unknown')).rejects.toMatchObject({ executed: 'unknown' });
});

test('kvctl, Ctrl-C - work that ends by itself keeps its result', async () => {
  const { signal } = new AbortController();
  await expect(unlessGivenUp(Promise.resolve('done'), signal, 'no')).resolves.toBe('done');
  await expect(unlessGivenUp(Promise.reject(new Error('broken')), signal, 'no')).rejects.toThrow('broken');
});
