/**
 * `npm start` as a process manager runs it: npm passes a signal on to the shell that runs the script, and to nothing else. So the
 * program has to take the place of that shell (`exec`).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';

const repository = join(import.meta.dirname, '../..');
const nodes = 3;

/** A package whose scripts are those of kvnode without the build, which other tests need as it is. */
function packageWithoutBuild(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kvnode-npm-start-'));
  const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { scripts: { start: string } };
  const start = scripts.start.replace('npm run --silent build', ':').replace(' dist/', ` ${repository}/dist/`);
  expect(start).not.toBe(scripts.start);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, scripts: { start } }));
  return folder;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The test starts a ZooKeeper of its own, so it is skipped if an address comes from outside. */
test.skipIf(process.env.KVNODE_ZK)('SIGTERM to npm start stops every node in order', async () => {
  const folder = packageWithoutBuild();
  const npm = spawn('npm', ['start'], { cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(npm, 'exit');
  const output = createInterface({ input: npm.stdout });
  const lines: string[] = [];
  output.on('line', (line) => lines.push(line));
  try {
    while (!lines.some((line) => line.endsWith('Changes of the ring:'))) await once(output, 'line');
    const pids = lines.flatMap((line) => /^ {2}node \S+, process (\d+)$/.exec(line)?.slice(1).map(Number) ?? []);
    expect(pids.map(isRunning)).toEqual(Array(nodes).fill(true));
    npm.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(pids.map(isRunning)).toEqual(Array(nodes).fill(false));
  } finally {
    if (isRunning(-npm.pid!)) process.kill(-npm.pid!, 'SIGKILL');
    rmSync(folder, { recursive: true });
  }
});
