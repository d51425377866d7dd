/**
 * Reads the entries of one replica from the segments of the log, from some entry on. What the log says of them later counts as well:
 * entries that were cut are not found. An entry is *final* once a later record says that the replica had applied it, because applied
 * entries are never cut, or once everything that is written has been read.
 */
import { entryBytes, type LogEntry } from '../../replication/index.js';
import type { LogRead } from '../../storage/index.js';
import {
  firstPlaceIn,
  type Journal,
  type LoggedRecord,
  type ReadPlace,
  RecordReader,
  type WriteAheadLog,
} from '../../storage/wal/index.js';
import { readChange } from '../../wire/disk/change-records.js';
import { recordTypes } from '../../wire/disk/record-types.js';

/** Records that one job brings, about. */
const jobBytes = 1024 * 1024;

export type ReadLog = Pick<WriteAheadLog, 'read' | 'segment' | 'writtenBatch'>;

export class LogCursor {
  readonly #journal: Pick<Journal, 'replica' | 'ids'>;
  readonly #wal: ReadLog;
  readonly #fromSeq: number;
  #place: ReadPlace;
  /** The records that were read and not worked on. */
  #records: Iterator<LoggedRecord> | undefined;
  /** Entries from the next one on, without a gap. */
  #entries: LogEntry[] = [];
  #finalSeq = 0;

  /** @param segment the entry `fromSeq` is in it, or in a later one */
  constructor(journal: Pick<Journal, 'replica' | 'ids'>, wal: ReadLog, fromSeq: number, segment: number) {
    this.#journal = journal;
    this.#wal = wal;
    this.#fromSeq = fromSeq;
    this.#place = firstPlaceIn(segment);
  }

  /** The next entries; none if the first of them is not there. @throws Error if a segment cannot be read */
  async take({ firstSeq, throughSeq, maxEntries, maxBytes }: LogRead): Promise<readonly LogEntry[]> {
    // The entries that are asked for, and the records that cut others before them, are in the batches that are written by now.
    const { writtenBatch } = this.#wal;
    let isEnd = false;
    let count = this.#countWithin(throughSeq, maxEntries, maxBytes);
    while (!isEnd && !this.#isEnough(count, throughSeq, maxEntries)) {
      isEnd = !(await this.#readOn(writtenBatch));
      count = this.#countWithin(throughSeq, maxEntries, maxBytes);
    }
    if (isEnd) this.#finalSeq = Math.max(this.#finalSeq, throughSeq);
    count = this.#countWithin(throughSeq, maxEntries, maxBytes);
    if (this.#entries[0]?.seq !== firstSeq) return [];
    return this.#entries.splice(0, count);
  }

  /** The number of final entries that fit into one answer. */
  #countWithin(throughSeq: number, maxEntries: number, maxBytes: number): number {
    const lastSeq = Math.min(throughSeq, this.#finalSeq);
    let count = 0;
    let bytes = 0;
    for (const entry of this.#entries) {
      bytes += entryBytes(entry);
      if (entry.seq > lastSeq || count === maxEntries || (count > 0 && bytes > maxBytes)) break;
      count++;
    }
    return count;
  }

  /** Whether reading on would not make the answer longer. */
  #isEnough(count: number, throughSeq: number, maxEntries: number): boolean {
    if (count === 0) return false;
    const last = this.#entries[count - 1]!;
    if (count === maxEntries || last.seq === throughSeq) return true;
    // The next entry is final, so it did not fit.
    return (this.#entries[count]?.seq ?? Number.POSITIVE_INFINITY) <= Math.min(this.#finalSeq, throughSeq);
  }

  /** Works on one record more. False: everything up to this batch has been worked on. @throws Error if it cannot be read */
  async #readOn(writtenBatch: number): Promise<boolean> {
    for (;;) {
      const next = this.#records?.next();
      if (next !== undefined && next.done !== true) {
        this.#follow(next.value);
        return true;
      }
      this.#records = undefined;
      if ((this.#place.batch ?? 0) > writtenBatch) return false;
      await this.#readMore(writtenBatch);
    }
  }

  async #readMore(writtenBatch: number): Promise<void> {
    const { replica, ids } = this.#journal;
    const { segment, batch } = this.#place;
    const found = await this.#wal.read({ shard: replica.shard, ids, place: this.#place, maxBytes: jobBytes });
    this.#place = found.next;
    const memory = Buffer.from(found.memory);
    this.#records = new RecordReader().read(segment, memory, 0, memory.length)[Symbol.iterator]();
    if (!found.isEnd || (found.next.batch ?? 0) > writtenBatch) return;
    // The next batch is written, so it begins the next segment, unless it is damaged.
    const isFirst = this.#place.batch === batch && this.#place.position === firstPlaceIn(segment).position;
    if (isFirst || segment >= this.#wal.segment) throw new Error(`segment ${segment} of the log is damaged, or incomplete`);
    this.#place = firstPlaceIn(segment + 1, found.next.batch);
  }

  #follow({ type, payload }: LoggedRecord): void {
    // Entries that were written once more are in the log before.
    const read = type === recordTypes.repeat ? undefined : readChange(type, payload);
    if (read === undefined) return;
    const { change, appliedSeq } = read;
    if (change.type === 'reset' || change.type === 'rebase') {
      this.#entries = [];
      this.#finalSeq = change.baseSeq;
      return;
    }
    this.#finalSeq = Math.max(this.#finalSeq, appliedSeq);
    if (change.type === 'truncate') this.#cutAfter(change.afterSeq);
    if (change.type !== 'append') return;
    this.#cutAfter((change.entries[0]?.seq ?? Number.POSITIVE_INFINITY) - 1);
    for (const entry of change.entries) if (entry.seq >= this.#fromSeq) this.#entries.push(entry);
  }

  #cutAfter(seq: number): void {
    while ((this.#entries.at(-1)?.seq ?? 0) > seq) this.#entries.pop();
  }
}
