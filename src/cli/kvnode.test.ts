import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { programPath, toolEnvironment } from '../../local/programs.js';

/** Stands in for a package that kvnode loads: it reports that the loading has come to it, and never ends. */
const endlessPackage = `
process.stderr.write('loading');
await new Promise(() => setInterval(() => {}, 1000));
export * from ${JSON.stringify(import.meta.resolve('@grpc/grpc-js'))};
`;

let folder: string;
let kvnode: string;

/** A copy of the program whose packages are links to the real ones, but for the endless one. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvnode-early-'));
  const packages = join(import.meta.dirname, '../../node_modules');
  const link = (from: string, to: string, except: string): void => {
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(from)) if (name !== except) symlinkSync(join(from, name), join(to, name));
  };
  link(packages, join(folder, 'node_modules'), '@grpc');
  link(join(packages, '@grpc'), join(folder, 'node_modules/@grpc'), 'grpc-js');
  const endless = join(folder, 'node_modules/@grpc/grpc-js');
  mkdirSync(endless);
  writeFileSync(join(endless, 'package.json'), JSON.stringify({ name: '@grpc/grpc-js', type: 'module', exports: './index.js' }));
  writeFileSync(join(endless, 'index.js'), endlessPackage);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  symlinkSync(join(import.meta.dirname, '../../proto'), join(folder, 'proto'));
  cpSync(join(dirname(programPath('kvnode')), '..'), join(folder, 'dist/src'), { recursive: true });
  kvnode = join(folder, 'dist/src/cli/kvnode.js');
});

afterAll(() => rmSync(folder, { recursive: true }));

type Child = ChildProcessByStdio<null, null, Readable>;

/** Resolves when kvnode has begun to load packages, and is stopped there. */
async function startLoading(command: string, words: readonly string[] = []): Promise<Child> {
  const node = [process.execPath, kvnode, '--port', '0'];
  const [program, ...rest] = [command, ...words, ...node].filter((word) => word !== '');
  const child = spawn(program!, rest, { stdio: ['ignore', 'ignore', 'pipe'], env: toolEnvironment() });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [text] = (await once(child.stderr, 'data')) as [Buffer];
  expect(text.toString()).toBe('loading');
  return child;
}

test.each(['SIGTERM', 'SIGINT', 'SIGUSR2', 'SIGQUIT'] as const)('%s while kvnode is loaded stops it', async (signal) => {
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
