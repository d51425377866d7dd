import { expect, test } from 'vitest';
import { parseNodeCommandLine } from './node-command-line.js';

test.each(['--replace-after-ms', '--replace-after'])('%s tells when a node that vanished is replaced', async (flag) => {
  expect((await parseNodeCommandLine([flag, '5000'])).given.replaceAfterMs).toBe('5000');
});

test('what is no option is refused', async () => {
  await expect(parseNodeCommandLine(['--replace-before', '5000'])).rejects.toThrow('replace-before');
});
