import { expect, test } from 'vitest';
import { parseNodeCommandLine } from './node-command-line.js';

test.each(['--replace-after-ms', '--replace-after'])('%s sets the time after which a vanished node is replaced', async (flag) => {
  expect((await parseNodeCommandLine([flag, '5000'])).given.replaceAfterMs).toBe('5000');
});

test('--join takes no value, and is absent by default', async () => {
  expect((await parseNodeCommandLine(['--join'])).given.join).toBe(true);
  expect((await parseNodeCommandLine(['--join', '--port', '0'])).given).toMatchObject({ join: true, port: '0' });
  expect((await parseNodeCommandLine(['--port', '0'])).given.join).toBeUndefined();
});

test('an unknown option is refused', async () => {
  await expect(parseNodeCommandLine(['--replace-before', '5000'])).rejects.toThrow('replace-before');
});
