/**
 * Reports which calls of `persist` are flushed, where the log counts records as kept before that (see `Storage.watchFlushes`).
 *
 * A call is flushed once the batch with its records is. Calls without a record are flushed with what precedes them.
 */
import type { WriteAheadLog } from '../../storage/wal/index.js';

interface Call {
  number: number;
  /** The batch of its newest record. Undefined: that is not written yet. */
  batch: number | undefined;
}

/** Those of all storages of a node: only the ones with calls that are not flushed are looked at. */
export class FlushProgress {
  readonly #waiting = new Set<FlushReports>();

  waiting(reports: FlushReports, isWaiting: boolean): void {
    if (isWaiting) this.#waiting.add(reports);
    else this.#waiting.delete(reports);
  }

  /** More of the log is flushed than before. */
  advanced(): void {
    for (const reports of this.#waiting) reports.advanced();
  }
}

export class FlushReports {
  readonly #wal: Pick<WriteAheadLog, 'appendedBatch' | 'flushedBatch' | 'flushSoon'>;
  readonly #progress: FlushProgress;
  /** Oldest first. */
  #calls: Call[] = [];
  #count = 0;
  #listener: ((persists: number) => void) | undefined;

  constructor(wal: Pick<WriteAheadLog, 'appendedBatch' | 'flushedBatch' | 'flushSoon'>, progress: FlushProgress) {
    this.#wal = wal;
    this.#progress = progress;
  }

  watch(listener: (persists: number) => void): void {
    this.#listener = listener;
  }

  /** Records that wait for others are flushed at the next interval. */
  flushSoon(): void {
    this.#wal.flushSoon();
  }

  /** A call of `persist`. @param isWritten false: its record waits for others. */
  called(kept: Promise<void>, isWritten: boolean): void {
    const newest = this.#calls.at(-1);
    // Calls of one batch are flushed together.
    if (isWritten && newest?.batch === this.#wal.appendedBatch) {
      newest.number = ++this.#count;
      return;
    }
    const call: Call = { number: ++this.#count, batch: isWritten ? this.#wal.appendedBatch : undefined };
    this.#calls.push(call);
    this.#progress.waiting(this, true);
    if (isWritten) return;
    // The host of the replica handles the failure of the call.
    kept.then(
      () => {
        call.batch = this.#wal.appendedBatch;
        this.advanced();
      },
      () => {},
    );
  }

  advanced(): void {
    const { flushedBatch } = this.#wal;
    const open = this.#calls.findIndex(({ batch }) => batch === undefined || batch > flushedBatch);
    const flushed = open === -1 ? this.#calls.length : open;
    if (flushed === 0) return;
    const { number } = this.#calls[flushed - 1]!;
    this.#calls = this.#calls.slice(flushed);
    this.#progress.waiting(this, this.#calls.length > 0);
    this.#listener?.(number);
  }
}
