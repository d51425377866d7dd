/**
 * The connection options and the one client that the commands of a shell share. The first command that needs the
 * client opens it.
 */
import type { KvClient } from '../../client/index.js';
import { connect } from './connect.js';
import type { ConnectionOptions } from './named-nodes.js';

export class Session {
  readonly connection: ConnectionOptions;
  readonly deadlineMs: number;
  #connecting: Promise<KvClient> | undefined;
  #client: KvClient | undefined;

  constructor(connection: ConnectionOptions, deadlineMs: number) {
    this.connection = connection;
    this.deadlineMs = deadlineMs;
  }

  /** Connects once. After a failure the next call tries again. */
  connect(): Promise<KvClient> {
    this.#connecting ??= this.#connect();
    return this.#connecting;
  }

  /** Does not wait for a client that is still connecting, since the process ends anyway. */
  async close(): Promise<void> {
    await this.#client?.close();
  }

  async #connect(): Promise<KvClient> {
    try {
      this.#client = await connect(this.connection, this.deadlineMs);
      return this.#client;
    } catch (error) {
      this.#connecting = undefined;
      throw error;
    }
  }
}
