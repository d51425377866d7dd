/**
 * Decides of which replica a snapshot is taken, one at a time: of the one that keeps the oldest segment of the log from being removed,
 * whenever the log has outgrown its budget. So neither an idle replica nor a slow one makes the log grow.
 */
import type { WriteAheadLog } from '../../storage/wal/index.js';
import type { DurableStorage } from './durable-storage.js';

export interface SnapshotScheduleOptions {
  readonly wal: Pick<WriteAheadLog, 'dueForSnapshot'>;
  /** The storages of the replicas that exist. */
  readonly storages: () => Iterable<DurableStorage>;
  readonly take: (storage: DurableStorage) => Promise<void>;
  onFailed(error: Error): void;
}

/** Time until the next attempt after one that has not made the log shorter. */
const retryMs = 1_000;

export class SnapshotSchedule {
  readonly #options: SnapshotScheduleOptions;
  #retry: NodeJS.Timeout | undefined;
  #isRunning = false;
  #closed = false;

  constructor(options: SnapshotScheduleOptions) {
    this.#options = options;
  }

  /** Call it when a segment has begun. */
  check(): void {
    if (this.#isRunning || this.#closed) return;
    clearTimeout(this.#retry);
    this.#isRunning = true;
    this.#work().then(
      () => {
        this.#isRunning = false;
      },
      (error: Error) => {
        if (!this.#closed) this.#options.onFailed(error);
      },
    );
  }

  /** No snapshot is begun any more. What is under way may never end if the log has failed. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
  }

  async #work(): Promise<void> {
    for (let due = this.#due(); due !== undefined && !this.#closed; due = this.#due()) {
      const { journal } = due.log;
      const before = journal.oldestNeeded;
      await this.#options.take(due);
      if (journal.oldestNeeded !== before || due.log.hasLeft) continue;
      // The replica has no complete copy yet, or has applied something meanwhile.
      this.#retry = setTimeout(() => this.check(), retryMs);
      return;
    }
  }

  #due(): DurableStorage | undefined {
    const { wal, storages } = this.#options;
    let dataBytes = 0;
    for (const storage of storages()) dataBytes += storage.dataBytes;
    const journal = wal.dueForSnapshot(dataBytes);
    if (journal === undefined) return undefined;
    for (const storage of storages()) if (storage.log.journal === journal) return storage;
    return undefined;
  }
}
