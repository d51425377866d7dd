/**
 * Reads entries of one replica from the log on disk, for other replicas that lack them. It keeps the cursors of up to two
 * of them, which go on where they stopped, so each reads a segment once. The work on the disk is in a thread of the log.
 */
import type { LogEntry } from '../../replication/index.js';
import type { LogRead } from '../../storage/index.js';
import type { Journal } from '../../storage/wal/index.js';
import { LogCursor, type ReadLog } from './log-cursor.js';

/** Readings of a shard that may go on later: one for each replica that catches up, and seldom more than two do. */
const mostCursors = 2;
/** A reading that has not gone on for this long is given up, with the memory that it holds. */
const idleMs = 10_000;

interface WaitingCursor {
  readonly cursor: LogCursor;
  /** The first entry that it has not given. */
  readonly nextSeq: number;
}

interface StoredEntriesWatch {
  /** @param entries their number */
  onRead(entries: number): void;
  onUnreadable(error: Error): void;
}

export class StoredEntriesReader {
  readonly #journal: Pick<Journal, 'replica' | 'ids' | 'index'>;
  readonly #wal: ReadLog;
  readonly #watch: StoredEntriesWatch;
  /** The one that was used last at the end. */
  #waiting: WaitingCursor[] = [];
  #idle: NodeJS.Timeout | undefined;

  constructor(journal: Pick<Journal, 'replica' | 'ids' | 'index'>, wal: ReadLog, watch: StoredEntriesWatch) {
    this.#journal = journal;
    this.#wal = wal;
    this.#watch = watch;
  }

  /** Undefined: the first of the entries is not there any more, or cannot be read. */
  async read(read: LogRead): Promise<readonly LogEntry[] | undefined> {
    const { firstSeq } = read;
    const cursor = this.#takeWaiting(firstSeq) ?? this.#begin(firstSeq);
    if (cursor === undefined) return undefined;
    try {
      const entries = await cursor.take(read);
      const last = entries.at(-1);
      if (last === undefined) return undefined;
      if (last.seq < read.throughSeq) this.#keep({ cursor, nextSeq: last.seq + 1 });
      this.#watch.onRead(entries.length);
      return entries;
    } catch (error) {
      this.#watch.onUnreadable(error as Error);
      return undefined;
    }
  }

  #takeWaiting(nextSeq: number): LogCursor | undefined {
    // What has been removed from the disk is not given any more.
    if (nextSeq <= this.#journal.index.start) return undefined;
    const index = this.#waiting.findIndex((waiting) => waiting.nextSeq === nextSeq);
    return index === -1 ? undefined : this.#waiting.splice(index, 1)[0]!.cursor;
  }

  #begin(firstSeq: number): LogCursor | undefined {
    const segment = this.#journal.index.segmentOf(firstSeq);
    return segment === undefined ? undefined : new LogCursor(this.#journal, this.#wal, firstSeq, segment);
  }

  #keep(waiting: WaitingCursor): void {
    this.#waiting = [...this.#waiting.slice(1 - mostCursors), waiting];
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      this.#waiting = [];
    }, idleMs).unref();
  }
}
