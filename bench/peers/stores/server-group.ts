/** The servers of one store, each with its own temporary folder. Neither outlives this process. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { GuardedProcess } from '../../../local/guarded-process.js';
import type { RunningStore } from './store.js';

const readyTimeoutMs = 60_000;
const askAgainMs = 50;
const logCharacters = 2_000;

export class ServerGroup {
  readonly #store: string;
  readonly #folders: string[] = [];
  readonly #servers = new Map<string, GuardedProcess>();

  /**
   * `body` starts the servers and returns the addresses for clients. If it fails, all servers and folders are removed.
   */
  static async start(store: string, body: (group: ServerGroup) => Promise<readonly string[]>): Promise<RunningStore> {
    const group = new ServerGroup(store);
    try {
      const addresses = await body(group);
      const pids = [...group.#servers.values()].map(({ pid }) => pid);
      return { addresses, pids, stop: () => group.#stop() };
    } catch (error) {
      await group.#stop();
      throw error;
    }
  }

  private constructor(store: string) {
    this.#store = store;
  }

  /** @param command receives the folder of the server, which exists already */
  async add(name: string, command: (folder: string) => readonly string[] | Promise<readonly string[]>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), `kvnode-bench-${this.#store}-`));
    this.#folders.push(folder);
    this.#servers.set(name, await GuardedProcess.start(folder, await command(folder)));
  }

  /**
   * Waits for a condition. @throws Error with the end of a server's log if a server ends, or if the wait takes too
   * long
   */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const endMs = performance.now() + readyTimeoutMs;
    while (performance.now() < endMs) {
      for (const [name, server] of this.#servers) {
        if (!server.running) throw new Error(`${name} ended:\n${(await server.log()).slice(-logCharacters)}`);
      }
      if (await holds().catch(() => false)) return;
      await pause(askAgainMs);
    }
    const logs = await Promise.all([...this.#servers].map(async ([name, server]) => `${name}:\n${await server.log()}`));
    throw new Error(`waited ${readyTimeoutMs} ms until ${what}\n${logs.map((log) => log.slice(-logCharacters)).join('\n')}`);
  }

  async #stop(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.kill()));
    await Promise.all(this.#folders.map((folder) => rm(folder, { recursive: true, force: true })));
  }
}
