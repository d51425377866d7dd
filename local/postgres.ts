/**
 * Provides a PostgreSQL server for tests and walks.
 *
 * The server listens on a free port of a loopback address unless another is given, on no Unix socket, and has its data in a temporary folder. It does not outlive
 * the process that started it (guarded-process.ts). It is for development only: it does not wait for the disk.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address } from '../src/config/index.js';
import { freePort, PortTakenError } from './free-port.js';
import { findPostgres } from './postgres-installation.js';
import {
  backUpPostgresData,
  initializePostgres,
  PostgresProcess,
  type PostgresServer,
  restorePostgresData,
  superuser,
} from './postgres-process.js';

/** Settings of PostgreSQL by their names. */
type Settings = Readonly<Record<string, string>>;

/** The number of ports to try, since another process may take a free port before the server listens on it. */
const portAttempts = 5;
const passwordBytes = 12;
const loopback = '127.0.0.1';

export class LocalPostgres implements AsyncDisposable {
  readonly #data: PostgresServer;
  readonly #address: Address;
  #process: PostgresProcess | undefined;
  #stopping: Promise<void> | undefined;

  /** @param host the address to listen on. @throws Error naming scripts/setup if there is no PostgreSQL on this machine. */
  static async start(settings: Settings = {}, host = loopback): Promise<LocalPostgres> {
    const installation = await findPostgres();
    const folder = await mkdtemp(join(tmpdir(), 'kvnode-postgres-'));
    const data = { installation, folder, password: randomBytes(passwordBytes).toString('hex') };
    try {
      await initializePostgres(data);
      for (let attempt = 1; ; attempt += 1) {
        const address = { host, port: await freePort(host) };
        try {
          return new LocalPostgres(data, address, await PostgresProcess.start(data, address, settings));
        } catch (error) {
          if (!(error instanceof PortTakenError) || attempt === portAttempts) throw error;
        }
      }
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(data: PostgresServer, address: Address, process: PostgresProcess) {
    this.#data = data;
    this.#address = address;
    this.#process = process;
  }

  get host(): string {
    return this.#address.host;
  }
  get port(): number {
    return this.#address.port;
  }

  get password(): string {
    return this.#data.password;
  }

  /** The URL of a database, for the superuser. Default: the database that is always there. */
  url(database = 'postgres'): string {
    return `postgres://${superuser}:${this.password}@${this.host}:${this.port}/${database}`;
  }

  /** The server and the processes of its sessions. */
  processIds(): Promise<readonly number[]> {
    return this.#process?.processIds() ?? Promise.resolve([]);
  }

  /** For tests: kills the server with SIGKILL and keeps its data. */
  async stopServer(): Promise<void> {
    const server = this.#process;
    this.#process = undefined;
    await server?.kill();
  }

  /** Starts the server with the same port and data. */
  async startServer(settings: Settings = {}): Promise<void> {
    if (this.#stopping !== undefined) throw new Error('this PostgreSQL has been stopped for good');
    this.#process ??= await PostgresProcess.start(this.#data, this.#address, settings);
  }

  /** For tests: the server keeps its connections and answers nothing. */
  async pauseServer(): Promise<void> {
    await this.#process?.signal('SIGSTOP');
  }

  async resumeServer(): Promise<void> {
    await this.#process?.signal('SIGCONT');
  }

  /** For tests: kills the server, copies its data and starts it again. */
  async backUp(): Promise<void> {
    await this.stopServer();
    await backUpPostgresData(this.#data);
    await this.startServer();
  }

  /** For tests: kills the server and replaces its data by the copy of the last `backUp`. */
  async goBack(): Promise<void> {
    await this.stopServer();
    await restorePostgresData(this.#data);
  }

  /** Ends the server and deletes its data. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.stopServer().then(() => rm(this.#data.folder, { recursive: true, force: true }));
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
