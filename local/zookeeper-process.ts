/**
 * One run of a ZooKeeper server as a child process.
 *
 * A shell stands between, and holds a pipe from this process: when the pipe closes, because this process ended in whatever
 * way, the shell kills the server and deletes its folder. The shell ends when the server ends, so its exit tells of it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ZookeeperInstallation } from './zookeeper-installation.js';

export class PortTakenError extends Error {}

const readyTimeoutMs = 60_000;
const askAgainMs = 50;
const answerTimeoutMs = 2_000;
const mainClass = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';

/** A development server: a small heap, a quick start, and no wait for the disk, which only a crash of the machine needs. */
const javaOptions = [
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Dzookeeper.forceSync=no',
  '-Dzookeeper.preAllocSize=1024',
];

/** $1 is the folder, the rest is the command. A line on stdin kills the server; the end of stdin deletes its folder too. */
const guard = `
folder=$1; shift
exec 3<&0
"$@" 3<&- </dev/null >>"$folder/server.log" 2>&1 &
server=$!
( read -r line <&3 || : >"$folder/orphaned"; kill -KILL "$server" ) 2>/dev/null >&2 &
watcher=$!
exec 3<&- </dev/null
echo "$server"
wait "$server"
if [ -e "$folder/orphaned" ]; then rm -rf -- "$folder"; fi
kill "$watcher" 2>/dev/null
`;

export class ZookeeperProcess {
  readonly #guard: ChildProcess;
  readonly #serverId: number;
  readonly #exited: Promise<unknown>;

  /** Resolves once the server serves. @throws PortTakenError, or Error with the end of the server's log. */
  static async start(installation: ZookeeperInstallation, folder: string, port: number): Promise<ZookeeperProcess> {
    const configFile = join(folder, 'zoo.cfg');
    await writeFile(configFile, configuration(folder, port));
    const command = [installation.java, ...javaOptions, '-cp', installation.classPath, mainClass, configFile];
    const child = spawn('/bin/sh', ['-c', guard, 'zookeeper-guard', folder, ...command], {
      stdio: ['pipe', 'pipe', 'ignore'],
      // A group of its own: Ctrl-C at the terminal must stop the nodes first, and ZooKeeper after them.
      detached: true,
    });
    child.stdin?.on('error', () => {});
    const [firstLine] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    const server = new ZookeeperProcess(child, Number(firstLine.toString()));
    await server.#untilReady(folder, port);
    return server;
  }

  private constructor(child: ChildProcess, serverId: number) {
    this.#guard = child;
    this.#serverId = serverId;
    this.#exited = once(child, 'exit');
  }

  get #running(): boolean {
    return this.#guard.exitCode === null && this.#guard.signalCode === null;
  }

  async #untilReady(folder: string, port: number): Promise<void> {
    const deadlineMs = performance.now() + readyTimeoutMs;
    while (this.#running && performance.now() < deadlineMs) {
      // It names its folder, so a stranger on the same port is not taken for ours.
      if ((await ask(port, 'conf')).includes(folder)) return;
      await Promise.race([pause(askAgainMs), this.#exited]);
    }
    await this.kill();
    const log = await readFile(join(folder, 'server.log'), 'utf8').catch(() => '');
    if (log.includes('java.net.BindException')) throw new PortTakenError(`port ${port} is taken`);
    throw new Error(`ZooKeeper did not start; the end of its log:\n${log.slice(-4_000)}`);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (this.#running) process.kill(this.#serverId, signal);
  }

  async kill(): Promise<void> {
    if (this.#running) this.#guard.stdin?.write('kill\n');
    await this.#exited;
    this.#guard.stdin?.destroy();
    this.#guard.stdout?.destroy();
  }
}

function configuration(folder: string, port: number): string {
  return [
    `dataDir=${folder}`,
    `clientPort=${port}`,
    'clientPortAddress=127.0.0.1',
    // Sessions last from 2 to 20 ticks unless limits are named; 1 s is needed for quick tests, 60 s by nobody.
    'tickTime=500',
    'maxSessionTimeout=60000',
    'maxClientCnxns=0',
    'admin.enableServer=false',
    '4lw.commands.whitelist=*',
    '',
  ].join('\n');
}

/** The answer to one of ZooKeeper's four-letter commands; '' if there is none. */
function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ port, host: '127.0.0.1', timeout: answerTimeoutMs });
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(command));
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', () => resolve(''));
    socket.on('timeout', () => socket.destroy());
    socket.on('close', () => resolve(answer));
  });
}
