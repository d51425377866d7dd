/** What commands share: where the cluster is, and one client, opened by the first command that needs it. */
import type { KvClient } from '../../client/index.js';
import { type ConnectionOptions, connect } from './connect.js';

export class Session {
  readonly connection: ConnectionOptions;
  readonly deadlineMs: number;
  #connecting: Promise<KvClient> | undefined;

  constructor(connection: ConnectionOptions, deadlineMs: number) {
    this.connection = connection;
    this.deadlineMs = deadlineMs;
  }

  /** What failed is tried again by the next who asks. */
  connect(): Promise<KvClient> {
    this.#connecting ??= connect(this.connection, this.deadlineMs).catch((error: unknown) => {
      this.#connecting = undefined;
      throw error;
    });
    return this.#connecting;
  }

  async close(): Promise<void> {
    const client = await this.#connecting?.catch(() => undefined);
    await client?.close();
  }
}
