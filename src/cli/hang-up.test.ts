import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { programPath, toolEnvironment } from '../../local/programs.js';

test('SIGHUP - kvctl without a terminal, as under nohup, continues', async () => {
  const child = spawn(process.execPath, [programPath('kvctl'), '--nodes', '127.0.0.1:1'], { env: toolEnvironment() });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const helped = async (): Promise<void> => {
    child.stdin.write('help\n');
    const [text] = (await once(child.stdout, 'data')) as [Buffer];
    expect(text.toString()).toContain('PUT');
  };
  await helped();
  child.kill('SIGHUP');
  await helped();
  child.stdin.end();
  expect(await exited).toEqual([0, null]);
});
