/** What commands share: where the cluster is, and one client, opened by the first command that needs it. */
import type { KvClient } from '../../client/index.js';
import { type ConnectionOptions, connect } from './connect.js';

export class Session {
  readonly connection: ConnectionOptions;
  readonly deadlineMs: number;
  #connecting: Promise<KvClient> | undefined;
  #client: KvClient | undefined;

  constructor(connection: ConnectionOptions, deadlineMs: number) {
    this.connection = connection;
    this.deadlineMs = deadlineMs;
  }

  /** What failed is tried again by the next who asks. */
  connect(): Promise<KvClient> {
    this.#connecting ??= this.#connect();
    return this.#connecting;
  }

  /** Does not wait for a client that is still connecting: the process ends. */
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
