import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';

const lifeline = new URL('../dist/local/lifeline.js', import.meta.url).href;

/** A parent and its child share one stdout, so the stream ends only when both have ended. */
const parentProgram = `
  import { spawn } from 'node:child_process';
  import { endWithThisProcess } from ${JSON.stringify(lifeline)};
  const child = spawn('sleep', ['600'], { stdio: ['ignore', 'inherit', 'ignore'], detached: true });
  endWithThisProcess(child);
  process.stdout.write('started');
  if (process.argv[1] === 'end at once') process.exit(0);
  if (process.argv[1] === 'freeze the child') child.kill('SIGSTOP');
  setInterval(() => {}, 60_000);
`;

describe('children of the local tools', () => {
  test.each(['stay', 'end at once', 'freeze the child'])('end with their parent: %s', async (behaviour) => {
    const parent = spawn(process.execPath, ['--input-type=module', '-e', parentProgram, behaviour], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output] = (await once(parent.stdout, 'data')) as [Buffer];
    expect(output.toString()).toBe('started');
    const bothEnded = once(parent.stdout, 'close');
    parent.kill('SIGKILL');
    await bothEnded;
  });
});
