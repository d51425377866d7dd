/**
 * Decides of which replica a snapshot is taken, one at a time: of the one that keeps the oldest segment of the log from being removed,
 * whenever the log has outgrown its budget, or the disk is full. So neither an idle replica nor a slow one makes the log grow.
 *
 * A snapshot for which the disk has no room harms nothing: the log and the previous snapshot stay. The next attempt follows a pause.
 */
import { isNoSpace, type WriteAheadLog } from '../../storage/wal/index.js';
import type { DurableStorage } from './durable-storage.js';

export interface SnapshotScheduleOptions {
  readonly wal: Pick<WriteAheadLog, 'dueForSnapshot'>;
  /** The storages of the replicas that exist. */
  readonly storages: () => Iterable<DurableStorage>;
  readonly take: (storage: DurableStorage) => Promise<void>;
  /** The disk has no room for a snapshot. */
  onNoSpace(error: Error): void;
  /** The disk has failed. */
  onFailed(error: Error): void;
}

/** Time until the next attempt after one that has not made the log shorter. */
const retryMs = 1_000;
/** The same after one for which there was no room: each writes until the disk is full again. */
export const noSpaceRetryMs = 10_000;

export class SnapshotSchedule {
  readonly #options: SnapshotScheduleOptions;
  #retry: NodeJS.Timeout | undefined;
  #isRunning = false;
  #isPaused = false;
  #closed = false;

  constructor(options: SnapshotScheduleOptions) {
    this.#options = options;
  }

  /** Call it when a segment has begun, and when the disk has no space for the next one. */
  check(): void {
    if (this.#isRunning || this.#isPaused || this.#closed) return;
    clearTimeout(this.#retry);
    this.#isRunning = true;
    this.#work().then(
      () => {
        this.#isRunning = false;
      },
      (error: Error) => {
        this.#isRunning = false;
        if (!this.#closed) this.#failed(error);
      },
    );
  }

  /** No snapshot is begun any more. What is under way may never end if the log has failed. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
  }

  #failed(error: Error): void {
    if (!isNoSpace(error)) return this.#options.onFailed(error);
    this.#options.onNoSpace(error);
    this.#isPaused = true;
    this.#retry = setTimeout(() => {
      this.#isPaused = false;
      this.check();
    }, noSpaceRetryMs);
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
