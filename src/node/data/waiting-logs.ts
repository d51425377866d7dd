/** The logs of replicas whose entries wait until the log of the node has room. */
import type { ReplicaLog } from './replica-log.js';

/** Time between two looks whether there is room, beside those that `release` takes. */
const lookAgainMs = 20;

export class WaitingLogs {
  /** The one that has waited longest first. */
  readonly #logs = new Set<Pick<ReplicaLog, 'release' | 'releaseAll'>>();
  #lookAgain: NodeJS.Timeout | undefined;

  add(log: Pick<ReplicaLog, 'release' | 'releaseAll'>): void {
    this.#logs.add(log);
    this.#lookLater();
  }

  /** There may be room: a new segment is ready, or old ones were removed. */
  release(): void {
    for (const log of this.#logs) {
      if (log.release()) return;
      this.#logs.delete(log);
    }
  }

  /** Nothing waits any more. */
  close(): void {
    clearTimeout(this.#lookAgain);
    for (const log of this.#logs) log.releaseAll();
  }

  #lookLater(): void {
    this.#lookAgain ??= setTimeout(() => {
      this.#lookAgain = undefined;
      this.release();
      if (this.#logs.size > 0) this.#lookLater();
    }, lookAgainMs);
  }
}
