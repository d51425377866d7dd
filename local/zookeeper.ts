/**
 * Provides a ZooKeeper for the demo, `start` and the tests.
 *
 * KVNODE_ZK names a running server. Otherwise a server is started, bound to a loopback address, with its data in a
 * temporary folder or in one that is kept. It does not outlive the process that started it (guarded-process.ts).
 * It is for development only: one server, without protection against the loss of its machine.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { joinAddress } from '../src/config/index.js';
import { freePort, PortTakenError } from './free-port.js';
import { findZookeeper } from './zookeeper-installation.js';
import {
  backUpZookeeperData,
  removeZookeeperData,
  restoreZookeeperData,
  type ZookeeperFolders,
  ZookeeperProcess,
} from './zookeeper-process.js';

export interface LocalZookeeper extends AsyncDisposable {
  /** host:port, with brackets around an IPv6 address. */
  readonly address: string;
  /** False: KVNODE_ZK names it. Then it can be neither stopped nor started. */
  readonly startedHere: boolean;
  /** Ends the server, and deletes its data unless it has a folder that is kept. Idempotent. */
  stop(): Promise<void>;
  /** For tests of outages: kills the server and keeps its data. */
  stopServer(): Promise<void>;
  /** For tests: kills the server and deletes its data. Started again it knows no znode and no session. */
  loseData(): Promise<void>;
  /** For tests: copies the data of the running server. */
  backUp(): Promise<void>;
  /** For tests: kills the server and replaces its data by the copy of the last `backUp`. */
  goBack(): Promise<void>;
  /** Starts the server with the same port and data. Open sessions get their full timeout anew. */
  startServer(): Promise<void>;
  /** For tests: the server keeps its connections and answers nothing. */
  pauseServer(): void;
  resumeServer(): void;
}

export interface LocalZookeeperOptions {
  readonly logger?: Logger;
  /** Loopback address to listen on, without brackets. Default 127.0.0.1. */
  readonly host?: string;
  /** Keeps the data there. Default: the data ends with the server. */
  readonly dataFolder?: string | undefined;
}

/** The number of ports to try, since another process may take a free port before the server listens on it. */
const portAttempts = 5;

/** @throws Error naming scripts/setup if there is no ZooKeeper or no Java on this machine. */
export async function startZooKeeper({
  logger,
  host = '127.0.0.1',
  dataFolder,
}: LocalZookeeperOptions = {}): Promise<LocalZookeeper> {
  const existing = process.env.KVNODE_ZK;
  if (existing !== undefined && existing !== '') return zookeeperAt(existing);
  const installation = await findZookeeper();
  const temporary = await mkdtemp(join(tmpdir(), 'kvnode-zookeeper-'));
  if (dataFolder !== undefined) await mkdir(dataFolder, { recursive: true });
  const folders = { temporary, data: dataFolder ?? temporary };
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(host);
    const start = () => ZookeeperProcess.start(installation, folders, { host, port });
    try {
      const server = await start();
      logger?.debug({ host, port, ...folders }, 'ZooKeeper started');
      return new OwnZookeeper(server, folders, joinAddress(host, port), start);
    } catch (error) {
      if (error instanceof PortTakenError && attempt < portAttempts) continue;
      await rm(temporary, { recursive: true, force: true });
      throw error;
    }
  }
}

class OwnZookeeper implements LocalZookeeper {
  readonly address: string;
  readonly startedHere = true;
  readonly #folders: ZookeeperFolders;
  readonly #start: () => Promise<ZookeeperProcess>;
  #server: ZookeeperProcess | undefined;
  #stopping: Promise<void> | undefined;

  constructor(server: ZookeeperProcess, folders: ZookeeperFolders, address: string, start: () => Promise<ZookeeperProcess>) {
    this.address = address;
    this.#server = server;
    this.#folders = folders;
    this.#start = start;
  }

  async stopServer(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.kill();
  }

  async loseData(): Promise<void> {
    await this.stopServer();
    await removeZookeeperData(this.#folders.data);
  }

  backUp(): Promise<void> {
    return backUpZookeeperData(this.#folders.data);
  }

  async goBack(): Promise<void> {
    await this.stopServer();
    await restoreZookeeperData(this.#folders.data);
  }

  async startServer(): Promise<void> {
    if (this.#stopping !== undefined) throw new Error('this ZooKeeper has been stopped for good');
    this.#server ??= await this.#start();
  }

  pauseServer(): void {
    this.#server?.signal('SIGSTOP');
  }

  resumeServer(): void {
    this.#server?.signal('SIGCONT');
  }

  stop(): Promise<void> {
    this.#stopping ??= this.stopServer().then(() => rm(this.#folders.temporary, { recursive: true, force: true }));
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** A ZooKeeper that this process neither started nor stops. */
export function zookeeperAt(address: string): LocalZookeeper {
  const refuse = (): never => {
    throw new Error(`the ZooKeeper at ${address} was not started here, so it cannot be stopped here`);
  };
  return {
    address,
    startedHere: false,
    stop: async () => {},
    stopServer: async () => refuse(),
    loseData: async () => refuse(),
    backUp: async () => refuse(),
    goBack: async () => refuse(),
    startServer: async () => refuse(),
    pauseServer: refuse,
    resumeServer: refuse,
    [Symbol.asyncDispose]: async () => {},
  };
}
