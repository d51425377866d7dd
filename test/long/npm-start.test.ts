/**
 * `npm start` as a process manager runs it: npm passes a signal on to the shell that runs the script, and to nothing else. So the
 * program has to take the place of that shell (`exec`).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { KvClient } from '../../src/index.js';

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

interface RunningCluster {
  readonly npm: ChildProcess;
  readonly exited: Promise<unknown[]>;
  readonly pids: readonly number[];
  readonly addresses: readonly string[];
}

/** `npm start` with these words behind `--`, until its cluster serves. */
async function start(folder: string, words: readonly string[] = []): Promise<RunningCluster> {
  const npm = spawn('npm', ['start', ...(words.length > 0 ? ['--', ...words] : [])], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    if (isRunning(-npm.pid!)) process.kill(-npm.pid!, 'SIGKILL');
  });
  const output = createInterface({ input: npm.stdout });
  const lines: string[] = [];
  output.on('line', (line) => lines.push(line));
  while (!lines.some((line) => line.endsWith('Changes of the ring:'))) await once(output, 'line');
  const pids = lines.flatMap((line) => /^ {2}node \S+, process (\d+)$/.exec(line)?.slice(1).map(Number) ?? []);
  const [, addresses] = lines.map((line) => / kvctl --nodes (\S+) put /.exec(line)).find((match) => match !== null)!;
  return { npm, exited: once(npm, 'exit'), pids, addresses: addresses!.split(',') };
}

async function stop({ npm, exited, pids }: RunningCluster): Promise<void> {
  expect(pids.map(isRunning)).toEqual(Array(nodes).fill(true));
  npm.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  expect(pids.map(isRunning)).toEqual(Array(nodes).fill(false));
}

function folderToRemove(folder: string): string {
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The tests start a ZooKeeper of their own, so they are skipped if an address comes from outside. */
describe.skipIf(process.env.KVNODE_ZK)('npm start', () => {
  test('SIGTERM stops every node in order', async () => {
    await stop(await start(folderToRemove(packageWithoutBuild())));
  });

  test('--state lmdb --data-dir: the next start with the same words has the data, and one without --state is refused', async () => {
    const folder = folderToRemove(packageWithoutBuild());
    const dataDir = folderToRemove(mkdtempSync(join(tmpdir(), 'kvnode-npm-start-data-')));
    const words = ['--state', 'lmdb', '--data-dir', dataDir];
    const first = await start(folder, words);
    {
      await using client = await KvClient.connect({ nodes: first.addresses });
      await client.put('user:1', 'Alice');
      const status = await client.nodeStatus(first.addresses[0]!);
      expect(status).toMatchObject({ state: 'lmdb', durability: 'always' });
    }
    await stop(first);
    const second = await start(folder, words);
    {
      await using client = await KvClient.connect({ nodes: second.addresses });
      expect((await client.get('user:1'))?.value.toString()).toBe('Alice');
    }
    await stop(second);
    const npm = spawn('npm', ['start', '--', '--data-dir', dataDir], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    npm.stderr.on('data', (text) => {
      errors += text;
    });
    expect(await once(npm, 'exit')).toEqual([1, null]);
    expect(errors).toContain('--state lmdb');
  });
});
