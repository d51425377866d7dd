/** One run of a PostgreSQL server as a child process. Neither the server nor its temporary folder outlives this process. */
import { execFile } from 'node:child_process';
import { appendFile, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import type { Address } from '../src/config/index.js';
import { PortTakenError } from './free-port.js';
import { GuardedProcess } from './guarded-process.js';
import type { PostgresInstallation } from './postgres-installation.js';

const run = promisify(execFile);

const readyTimeoutMs = 60_000;
const askAgainMs = 50;
const answerTimeoutMs = 2_000;
export const superuser = 'postgres';

/** Where a server keeps its data, below its folder, and where `backUp` copies it to. */
const dataFolder = 'data';
const backupFolder = 'backup';

/** For development: no wait for the disk, which only matters in a crash of the machine, and little memory. */
const settings = {
  unix_socket_directories: '',
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '64MB',
  max_connections: '100',
  timezone: 'UTC',
};

/** What the server is, once its folder has been filled. */
export interface PostgresServer {
  readonly installation: PostgresInstallation;
  readonly folder: string;
  readonly password: string;
}

/** Makes the data of a new server. */
export async function initializePostgres({ installation, folder, password }: PostgresServer): Promise<void> {
  const { user, initdb } = installation;
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  await mkdir(join(folder, dataFolder), { mode: 0o700 });
  if (user !== undefined) {
    for (const path of [folder, passwordFile, join(folder, dataFolder)]) await chown(path, user.uid, user.gid);
  }
  const words = [
    ...['--pgdata', join(folder, dataFolder), '--username', superuser, '--pwfile', passwordFile],
    ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C.UTF-8', '--no-sync', '--no-instructions'],
  ];
  await run(initdb, words, { ...user, cwd: folder });
  // It may listen on an address of a network, too.
  await appendFile(join(folder, dataFolder, 'pg_hba.conf'), 'host all all samenet scram-sha-256\n');
}

export class PostgresProcess {
  readonly #server: GuardedProcess;

  /**
   * Resolves once the server answers.
   * @param extra settings of PostgreSQL beside those above
   * @throws PortTakenError, or Error with the end of the server's log
   */
  static async start(
    server: PostgresServer,
    address: Address,
    extra: Readonly<Record<string, string>>,
  ): Promise<PostgresProcess> {
    const { user, postgres } = server.installation;
    const all = { ...settings, listen_addresses: address.host, port: String(address.port), ...extra };
    const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    // Unlike runuser, setpriv is replaced by the server, so that the guard kills the server and not its launcher.
    const asUser = user === undefined ? [] : ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
    const command = [...asUser, postgres, '-D', join(server.folder, dataFolder), ...options];
    const started = new PostgresProcess(await GuardedProcess.start(server.folder, command));
    await started.#untilReady(server, address);
    return started;
  }

  private constructor(server: GuardedProcess) {
    this.#server = server;
  }

  async #untilReady(server: PostgresServer, address: Address): Promise<void> {
    const deadlineMs = performance.now() + readyTimeoutMs;
    while (this.#server.running && performance.now() < deadlineMs) {
      if (await answers(server.password, address)) return;
      await Promise.race([pause(askAgainMs), this.#server.exited]);
    }
    await this.kill();
    const log = await this.#server.log();
    if (log.includes('could not bind')) throw new PortTakenError(`port ${address.port} is taken`);
    throw new Error(`PostgreSQL did not start; the end of its log:\n${log.slice(-4_000)}`);
  }

  processIds(): Promise<number[]> {
    return this.#server.processIds();
  }

  /** The processes of the server's sessions get the signal, too. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    return this.#server.signalAll(signal);
  }

  kill(): Promise<void> {
    return this.#server.kill();
  }
}

/** The password is a new one for each server, so another server on the same port is not mistaken for this one. */
async function answers(password: string, { host, port }: Address): Promise<boolean> {
  const client = new pg.Client({ host, port, user: superuser, password, connectionTimeoutMillis: answerTimeoutMs });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Copies the data of the server, and replaces an earlier copy. The server must not run. */
export async function backUpPostgresData(server: PostgresServer): Promise<void> {
  await copyFolder(server, dataFolder, backupFolder);
}

/** Replaces the data of the server by the copy. The server must not run. */
export async function restorePostgresData(server: PostgresServer): Promise<void> {
  await copyFolder(server, backupFolder, dataFolder);
}

async function copyFolder({ folder }: PostgresServer, from: string, to: string): Promise<void> {
  await rm(join(folder, to), { recursive: true, force: true });
  // It keeps the owner of the files, without whom the server would refuse them.
  await run('cp', ['-a', join(folder, from), join(folder, to)]);
}
