/** For the tests of launchers: the temporary folders of servers, and a parent process that a test may kill. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const repository = dirname(dirname(dirname(import.meta.dirname)));

export async function foldersNamed(prefix: string): Promise<string[]> {
  const names = await readdir(tmpdir());
  return names.filter((name) => name.startsWith(prefix)).map((name) => join(tmpdir(), name));
}

/** Resolves when the folder has been deleted. */
export async function untilDeleted(folder: string): Promise<void> {
  const watcher = watch(tmpdir());
  try {
    while (existsSync(folder)) await once(watcher, 'change');
  } finally {
    watcher.close();
  }
}

/** Vite loads the TypeScript, since Node.js 20 cannot. */
const beginning = `
  import { runnerImport } from 'vite';
  const load = async (path) => (await runnerImport(path, { configFile: false, logLevel: 'silent' })).module;
  const print = (line) => process.stdout.write(line + '\\n');
`;

/** @param program starts a server whose folder has the prefix, and prints a line */
export async function startInAnotherProcess(
  prefix: string,
  program: string,
): Promise<{ parent: ChildProcess; printed: string; folder: string }> {
  const before = await foldersNamed(prefix);
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', beginning + program], {
    cwd: repository,
    env: { ...process.env, KVNODE_ZK: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const folder = (await foldersNamed(prefix)).find((name) => !before.includes(name)) ?? '';
  return { parent, printed: line.toString().trim(), folder };
}
