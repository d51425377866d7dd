/**
 * A server as a child process. Neither the server nor its folder outlives this process.
 *
 * A shell between the two holds a pipe from this process. When this process ends in any way, the pipe closes, and the
 * shell kills the server and deletes its folder. The shell ends when the server ends, so its exit is the server's
 * exit.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * $1 is the folder, the rest is the command. A line on stdin kills the server; the end of stdin deletes its folder
 * too. The processes that the server has started are killed with it: they would end by themselves, but not while they are stopped.
 */
const guard = `
folder=$1; shift
exec 3<&0
"$@" 3<&- </dev/null >>"$folder/server.log" 2>&1 &
server=$!
( read -r line <&3 || : >"$folder/orphaned"; kill -KILL "$server" $(cat "/proc/$server/task/$server/children") ) 2>/dev/null >&2 &
watcher=$!
exec 3<&- </dev/null
echo "$server"
wait "$server"
if [ -e "$folder/orphaned" ]; then rm -rf -- "$folder"; fi
kill "$watcher" 2>/dev/null
`;

export class GuardedProcess {
  /** Resolves when the server has ended in any way. */
  readonly exited: Promise<unknown>;
  readonly #guard: ChildProcess;
  readonly #serverId: number;
  readonly #folder: string;

  /** Resolves when the process has started. The caller must find out when it serves. */
  static async start(folder: string, command: readonly string[]): Promise<GuardedProcess> {
    const child = spawn('/bin/sh', ['-c', guard, 'server-guard', folder, ...command], {
      stdio: ['pipe', 'pipe', 'ignore'],
      // A process group of its own: Ctrl-C at the terminal reaches only this process, which then stops the server in
      // order.
      detached: true,
    });
    child.stdin?.on('error', () => {});
    const [firstLine] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    return new GuardedProcess(child, Number(firstLine.toString()), folder);
  }

  private constructor(child: ChildProcess, serverId: number, folder: string) {
    this.#guard = child;
    this.#serverId = serverId;
    this.#folder = folder;
    this.exited = once(child, 'exit');
  }

  get running(): boolean {
    return this.#guard.exitCode === null && this.#guard.signalCode === null;
  }

  get pid(): number {
    return this.#serverId;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (this.running) process.kill(this.#serverId, signal);
  }

  /** The server, and the processes that it has started. */
  async processIds(): Promise<number[]> {
    const children = await readFile(`/proc/${this.#serverId}/task/${this.#serverId}/children`, 'utf8').catch(() => '');
    const words = children.split(' ').filter((word) => word !== '');
    return [this.#serverId, ...words.map(Number)];
  }

  /** Sends the signal to the server first, which then starts no more processes, and then to those that it has started. */
  async signalAll(signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    this.signal(signal);
    const [, ...children] = await this.processIds();
    for (const id of children) {
      try {
        process.kill(id, signal);
      } catch {
        // It has ended.
      }
    }
  }

  /** Kills the server, and keeps its folder. */
  async kill(): Promise<void> {
    if (this.running) this.#guard.stdin?.write('kill\n');
    await this.exited;
    this.#guard.stdin?.destroy();
    this.#guard.stdout?.destroy();
  }

  /** The output of the server; '' if there is none. */
  log(): Promise<string> {
    return readFile(join(this.#folder, 'server.log'), 'utf8').catch(() => '');
  }
}
