/**
 * A ZooKeeper in memory, for tests: one ensemble and any number of clients, with the faults that matter to kvnode.
 *
 * It passes the same conformance suite as the real client. It uses no time, except for the timeout of a call that is
 * never answered: a session ends only when a test ends it.
 */
import { type MemoryEnsemble, MemoryZnodeClient } from './memory-znode-client.fixture.js';
import { MemoryZnodeTree } from './memory-znode-tree.fixture.js';

export class MemoryZookeeper implements MemoryEnsemble {
  readonly #clients = new Set<MemoryZnodeClient>();
  #sessions = 0;
  /** The stored znodes. A test may read or change them directly, without a client. */
  readonly tree = new MemoryZnodeTree((path, kind) => {
    for (const client of this.#clients) client.noteChange(path, kind);
  });

  connect(callTimeoutMs = 10_000): MemoryZnodeClient {
    const client = new MemoryZnodeClient(this, callTimeoutMs);
    this.#clients.add(client);
    return client;
  }

  /**
   * Loses all data and sessions, like a server that is killed and started empty. Each client stays suspended until
   * `resume`.
   */
  loseEverything(): void {
    for (const client of this.#clients) {
      client.suspend();
      client.expire();
    }
    this.tree.deleteTree('/');
  }

  newSessionId(): string {
    this.#sessions += 1;
    return `5e55${this.#sessions.toString(16)}`;
  }

  forget(client: MemoryZnodeClient): void {
    this.#clients.delete(client);
  }
}
