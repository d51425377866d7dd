/**
 * A ZooKeeper in memory, for tests: one ensemble and any number of clients, with the faults that matter to kvnode.
 *
 * It passes the same conformance suite as the real client. Time plays no part in it, except for the timeout of a call that
 * is never answered: a session ends only when a test says so.
 */
import { type Ensemble, MemoryZnodeClient } from './memory-znode-client.fixture.js';
import { MemoryZnodeTree } from './memory-znode-tree.fixture.js';

export class MemoryZookeeper implements Ensemble {
  readonly #clients = new Set<MemoryZnodeClient>();
  #sessions = 0;
  /** For tests that arrange or inspect what is stored behind the clients' backs. */
  readonly tree = new MemoryZnodeTree((path, kind) => {
    for (const client of this.#clients) client.noteChange(path, kind);
  });

  connect(callTimeoutMs = 10_000): MemoryZnodeClient {
    const client = new MemoryZnodeClient(this, callTimeoutMs);
    this.#clients.add(client);
    return client;
  }

  /** As when a server is killed and its data removed: it knows no session. Each client stays suspended until it is resumed. */
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
