/** One run of a ZooKeeper server as a child process. Neither the server nor its temporary folder outlives this process. */
import { cp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Address } from '../src/config/index.js';
import { PortTakenError } from './free-port.js';
import { GuardedProcess } from './guarded-process.js';
import type { ZookeeperInstallation } from './zookeeper-installation.js';

const readyTimeoutMs = 60_000;
const askAgainMs = 50;
const answerTimeoutMs = 2_000;
export const mainClass = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';

/** Options of a development server: a small heap and a quick start. */
const javaOptions = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dzookeeper.preAllocSize=1024'];
/** No wait for the disk, which only matters in a crash of the machine. */
const withoutFlush = '-Dzookeeper.forceSync=no';

/** Where a server keeps its files. */
export interface ZookeeperFolders {
  /** Deleted with the server. */
  readonly temporary: string;
  /** The same folder: the data ends with the server. Another one is kept, also through a crash of the machine. */
  readonly data: string;
}

export class ZookeeperProcess {
  readonly #server: GuardedProcess;

  /** Resolves once the server serves. @throws PortTakenError, or Error with the end of the server's log. */
  static async start(
    installation: ZookeeperInstallation,
    { temporary, data }: ZookeeperFolders,
    address: Address,
  ): Promise<ZookeeperProcess> {
    const configFile = join(temporary, 'zoo.cfg');
    await writeFile(configFile, configuration(data, address));
    const options = data === temporary ? [...javaOptions, withoutFlush] : javaOptions;
    const command = [installation.java, ...options, '-cp', installation.classPath, mainClass, configFile];
    const server = new ZookeeperProcess(await GuardedProcess.start(temporary, command));
    await server.#untilReady(data, address);
    return server;
  }

  private constructor(server: GuardedProcess) {
    this.#server = server;
  }

  async #untilReady(folder: string, { host, port }: Address): Promise<void> {
    const deadlineMs = performance.now() + readyTimeoutMs;
    while (this.#server.running && performance.now() < deadlineMs) {
      // The answer names the server's folder, so another server on the same port is not mistaken for this one.
      if ((await askZookeeper(port, 'conf', host)).includes(folder)) return;
      await Promise.race([pause(askAgainMs), this.#server.exited]);
    }
    await this.kill();
    const log = await this.#server.log();
    if (log.includes('java.net.BindException')) throw new PortTakenError(`port ${port} is taken`);
    throw new Error(`ZooKeeper did not start; the end of its log:\n${log.slice(-4_000)}`);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#server.signal(signal);
  }

  kill(): Promise<void> {
    return this.#server.kill();
  }
}

const dataFolder = 'version-2';
const backupFolder = 'backup';

/** Deletes the data of the server, sessions included. The server must not run. */
export function removeZookeeperData(folder: string): Promise<void> {
  return rm(join(folder, dataFolder), { recursive: true });
}

/**
 * Copies the data of the server, and replaces an earlier copy. The server may run: ZooKeeper can read a log that ends
 * within a record.
 */
export async function backUpZookeeperData(folder: string): Promise<void> {
  await rm(join(folder, backupFolder), { recursive: true, force: true });
  await cp(join(folder, dataFolder), join(folder, backupFolder), { recursive: true });
}

/** Replaces the data of the server by the copy. The server must not run. */
export async function restoreZookeeperData(folder: string): Promise<void> {
  await removeZookeeperData(folder);
  await cp(join(folder, backupFolder), join(folder, dataFolder), { recursive: true });
}

function configuration(folder: string, { host, port }: Address): string {
  return [
    `dataDir=${folder}`,
    `clientPort=${port}`,
    `clientPortAddress=${host}`,
    // By default sessions last from 2 to 20 ticks. Quick tests need 1 s, and none needs 60 s.
    'tickTime=500',
    'maxSessionTimeout=60000',
    'maxClientCnxns=0',
    'admin.enableServer=false',
    '4lw.commands.whitelist=*',
    '',
  ].join('\n');
}

/** Sends a four-letter command to ZooKeeper. @returns the answer; '' if there is none */
export function askZookeeper(port: number, command: string, host = '127.0.0.1'): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ port, host, timeout: answerTimeoutMs });
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
