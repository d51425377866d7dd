/**
 * Removes what a run leaves on the machine besides processes: a folder and network namespaces.
 *
 * A shell in a session of its own holds a pipe from this process, and cleans up when the pipe closes: at the end of
 * the run, and also if this process is killed. If the shell itself fails, the leftovers have the process id in their
 * names, so the next run finds and removes them.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const namespacePrefix = 'kvfaults';

/**
 * $1 is the folder, $2 the prefix of the namespaces. The lifeline ends the processes; this ends those that still run.
 */
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
  /** The folder for data and logs. */
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

/** Runs a command to its end. @throws Error with its stderr */
export async function runCommandLine(command: string, ...words: readonly string[]): Promise<string> {
  const { stdout } = await execute(command, words);
  return stdout;
}

/** Removes the namespaces of runs whose process is gone. */
async function removeLeftovers(): Promise<void> {
  const listed = await runCommandLine('ip', 'netns', 'list').catch(() => '');
  for (const line of listed.split('\n')) {
    const name = line.split(' ')[0] ?? '';
    const owner = new RegExp(`^${namespacePrefix}-(\\d+)-`).exec(name)?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    // Another run may be removing it, too.
    await runCommandLine('ip', 'netns', 'del', name).catch(() => {});
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
