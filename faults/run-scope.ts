/**
 * What one run leaves on the machine besides processes, and that it is gone afterwards: a folder and network namespaces.
 *
 * A shell in a session of its own holds a pipe from here and cleans up when it closes: at the end of the run, and also if
 * this process is killed. What even the shell could not clean up (the machine ran out of something) is named after the
 * process id, so the next run finds and removes it.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const namespacePrefix = 'kvfaults';

/** $1 is the folder, $2 the prefix of the namespaces. Processes are ended by the lifeline of each; this is for stragglers. */
const guard = `
trap '' INT TERM HUP
read -r _ || :
if command -v ip >/dev/null; then
  ip netns list | while read -r name _; do
    case "$name" in "$2"-*)
      for process in $(ip netns pids "$name"); do kill -KILL "$process"; done
      ip netns del "$name" ;;
    esac
  done
fi
rm -rf -- "$1"
`;

export class RunScope implements AsyncDisposable {
  /** For data and logs. */
  readonly folder: string;
  /** Namespaces are named `<prefix>-<name>`. */
  readonly namespaces: string;
  readonly #guard: ChildProcess;

  static async open(): Promise<RunScope> {
    await removeLeftovers();
    return new RunScope(await mkdtemp(join(tmpdir(), 'kvnode-faults-')), `${namespacePrefix}-${process.pid}`);
  }

  private constructor(folder: string, namespaces: string) {
    this.folder = folder;
    this.namespaces = namespaces;
    this.#guard = spawn('/bin/sh', ['-c', guard, 'faults-guard', folder, namespaces], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    this.#guard.stdin?.on('error', () => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#guard, 'exit');
    this.#guard.stdin?.end();
    if (this.#guard.exitCode === null) await exited;
  }
}

/** Runs a command to its end. @throws Error with what it wrote to stderr. */
export async function run(command: string, ...words: readonly string[]): Promise<string> {
  const { stdout } = await execute(command, words);
  return stdout;
}

/** Namespaces of runs whose process is gone. */
async function removeLeftovers(): Promise<void> {
  const listed = await run('ip', 'netns', 'list').catch(() => '');
  for (const line of listed.split('\n')) {
    const name = line.split(' ')[0] ?? '';
    const owner = new RegExp(`^${namespacePrefix}-(\\d+)-`).exec(name)?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    // Another run may be removing it, too.
    await run('ip', 'netns', 'del', name).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
