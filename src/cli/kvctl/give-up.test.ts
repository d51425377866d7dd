import { expect, test } from 'vitest';
import { unlessGivenUp } from './give-up.js';

const never = new Promise<string>(() => {});

test('kvctl, Ctrl-C - what does not end is given up, before it or meanwhile', async () => {
  const interrupt = new AbortController();
  const work = unlessGivenUp(never, interrupt.signal, 'no');
  interrupt.abort();
  await expect(work).rejects.toMatchObject({ code: 'CANCELLED', executed: 'no' });
  await expect(unlessGivenUp(never, interrupt.signal, 'unknown')).rejects.toMatchObject({ executed: 'unknown' });
});

test('kvctl, Ctrl-C - what ends by itself has its own end', async () => {
  const { signal } = new AbortController();
  await expect(unlessGivenUp(Promise.resolve('done'), signal, 'no')).resolves.toBe('done');
  await expect(unlessGivenUp(Promise.reject(new Error('broken')), signal, 'no')).rejects.toThrow('broken');
});
