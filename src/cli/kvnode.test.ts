import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { programPath, toolEnvironment } from '../../local/programs.js';

/** Module hooks that stop the loading of kvnode at its first package. */
const standStill = `
import { register } from 'node:module';
const hooks = \`
import { writeSync } from 'node:fs';
export async function load(url, context, next) {
  if (!url.includes('/node_modules/')) return next(url, context);
  writeSync(2, 'loading');
  return new Promise(() => setInterval(() => {}, 1000));
}\`;
register('data:text/javascript,' + encodeURIComponent(hooks));
`;

let folder: string;
let hook: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvnode-early-'));
  hook = join(folder, 'stand-still.mjs');
  writeFileSync(hook, standStill);
});

afterAll(() => rmSync(folder, { recursive: true }));

type Child = ChildProcessByStdio<null, null, Readable>;

/** Resolves when kvnode has begun to load packages, and is stopped there. */
async function startLoading(command: string, words: readonly string[] = []): Promise<Child> {
  const node = [process.execPath, '--import', hook, programPath('kvnode'), '--port', '0'];
  const [program, ...rest] = [command, ...words, ...node].filter((word) => word !== '');
  const child = spawn(program!, rest, { stdio: ['ignore', 'ignore', 'pipe'], env: toolEnvironment() });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [text] = (await once(child.stderr, 'data')) as [Buffer];
  expect(text.toString()).toBe('loading');
  return child;
}

test.each(['SIGTERM', 'SIGINT', 'SIGUSR2'] as const)('%s while kvnode is loaded stops it', async (signal) => {
  const child = await startLoading('');
  const exited = once(child, 'exit');
  child.kill(signal);
  expect(await exited).toEqual([0, null]);
});

test('SIGHUP while kvnode is loaded is ignored', async () => {
  const child = await startLoading('');
  const exited = once(child, 'exit');
  child.kill('SIGHUP');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});

const asFirstProcess = ['--pid', '--fork', '--kill-child', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'])];
/** Some containers do not allow `unshare`. */
const mayUnshare = spawnSync('unshare', [...asFirstProcess, 'true']).status === 0;

test.runIf(mayUnshare)('SIGTERM while kvnode is loaded as PID 1, as in a container, stops it', async () => {
  const child = await startLoading('unshare', asFirstProcess);
  const exited = once(child, 'exit');
  const inside = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1'));
  expect(readFileSync(`/proc/${inside}/status`, 'latin1')).toMatch(/^NSpid:\t\d+\t1$/m);
  process.kill(inside, 'SIGTERM');
  expect(await exited).toEqual([0, null]);
});

test('too few file descriptors: an error that names the limit and how to raise it, and no stack', () => {
  const command = `ulimit -n 64; exec '${process.execPath}' '${programPath('kvnode')}' --port 0`;
  const { status, stderr } = spawnSync('/bin/sh', ['-c', command], { env: toolEnvironment(), encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^kvnode: .*only 64 files and connections.*\n {2}data: .*\n {2}to do: .*LimitNOFILE=.*\n$/);
});
