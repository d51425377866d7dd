/**
 * The write-ahead log of a node, which all its replicas share. It keeps records of bytes, in order, in files of a fixed size.
 *
 * What it promises:
 * - A record whose promise has resolved is found again by `LogScan`: in mode `always` even after a loss of power, in mode `interval`
 *   after the end of the process, and after a loss of power if it was flushed. `KeptWhen` has the exceptions.
 * - Each segment begins with a checkpoint, which is written together with the record after it. So a segment can be removed as soon
 *   as no replica needs its entries.
 * - After a failed write or flush nothing is written any more, and `failure` resolves. Promises of records that were not kept
 *   before stay open.
 * - `hasRoom` turns false before the disk is full: half of a segment is left for deletes and metadata. Records that find no
 *   room wait until there is space.
 */
import { BatchQueue, type LogEnd } from './batch-queue.js';
import { BatchWriter } from './batch-writer.js';
import { Journal, type JournalLog } from './journal.js';
import type { LogFiles } from './log-files.js';
import { fewestSegments, type ResolvedLogOptions } from './log-options.js';
import type { LogThread } from './log-thread.js';
import type { FoundRecords, RecordQuery } from './read-records.js';
import { type LoggedReplica, nameOfLogged } from './record-format.js';
import type { OpenSegment } from './segment-file.js';
import type { LogOwner } from './segment-header.js';
import type { SegmentPins } from './segment-pins.js';
import { SegmentSupply } from './segment-supply.js';

/**
 * A log that is larger than this and than the data is to become smaller by a snapshot. A start replays the log: about 700,000 puts of
 * 100 bytes. With a smaller value, the snapshots of small data would be a larger part of what is written.
 */
const minBudgetBytes = 128 * 1024 * 1024;

/** What an earlier process has left. */
export interface LogStart {
  /** It executes the batches, and ends with the log. */
  readonly thread: LogThread;
  readonly folder: string;
  readonly owner: LogOwner;
  /** For the batches that the event loop writes. */
  readonly files: LogFiles;
  readonly end: LogEnd;
  /** The number of the oldest segment, or of the first one that is to be prepared. */
  readonly oldest: number;
  readonly current: OpenSegment | undefined;
  readonly ready: readonly OpenSegment[];
  readonly pins: ReadonlyMap<LoggedReplica, SegmentPins>;
}

export class WriteAheadLog {
  /** Resolves if the log fails. The process must end: what it has not kept it will never keep. */
  readonly failure: Promise<Error>;
  readonly #segmentBytes: number;
  readonly #retainBytes: number;
  readonly #maxBytes: number;
  readonly #queue: BatchQueue;
  readonly #supply: SegmentSupply;
  readonly #writer: BatchWriter;
  readonly #threads: LogThread[];
  readonly #folder: string;
  readonly #startThread: () => LogThread;
  /** Reads records; undefined until something is read. */
  #reader: LogThread | undefined;
  readonly #journals = new Map<string, Journal>();
  /** Journals of replicas that are gone, until the batch with the record that says so is flushed. */
  #leaving: { readonly journal: Journal; readonly batch: number }[] = [];
  readonly #forJournals: JournalLog;
  #state: 'open' | 'failed' | 'closed' = 'open';
  /** The segment of the newest flushed batch when the log last looked for segments to remove. */
  #trimmedTo = 0;
  #error: Error | undefined;
  #fail!: (error: Error) => void;
  #closing: Promise<void> | undefined;

  constructor(start: LogStart, options: ResolvedLogOptions) {
    const { thread, folder, owner, files, end, oldest, current, ready } = start;
    const { segmentBytes, maxBytes, syncIntervalMs, atTurnEnd, onProgress, onFlushed } = options;
    const onNoSpace = (): void => {
      this.#trim();
      options.onNoSpace();
    };
    this.#folder = folder;
    this.#startThread = options.startThread;
    this.#segmentBytes = segmentBytes;
    this.#retainBytes = Math.min(options.retainBytes, maxBytes - fewestSegments * segmentBytes);
    this.#maxBytes = maxBytes;
    this.failure = new Promise((resolve) => {
      this.#fail = resolve;
    });
    const onFailed = (error: Error): void => this.#failed(error);
    const supplyThread = options.startThread();
    this.#threads = [thread, supplyThread];
    this.#queue = new BatchQueue(end, segmentBytes, () => {
      this.#supply.want(this.#queue.segment + 1);
      options.checkpoint((journal, type, payload) => void this.#queue.add(journal.record(type, payload)));
    });
    const open = current === undefined ? ready : [current, ...ready];
    this.#supply = new SegmentSupply(
      { folder, owner, segmentBytes, maxBytes, thread: supplyThread, onFailed, onNoSpace },
      oldest,
      end.segment + ready.length + 1,
      open,
    );
    const queue = this.#queue;
    const supply = this.#supply;
    const progress = (): void => {
      if (this.#writer.flushedSegment > this.#trimmedTo || this.#leaving.length > 0) this.#trim();
      onProgress();
    };
    this.#writer = new BatchWriter(
      {
        queue,
        supply,
        thread,
        flushThread: supplyThread,
        files,
        atTurnEnd,
        syncIntervalMs,
        onProgress: progress,
        onFlushed,
        onFailed,
      },
      current,
    );
    this.#forJournals = {
      get segment() {
        return queue.segment;
      },
      add: (record, keptWhen) => {
        if (this.#state !== 'open') return never;
        const batch = queue.add(record);
        if (keptWhen !== 'written') batch.wantsFlush = true;
        if (keptWhen === 'flushed' || (keptWhen === 'mode' && syncIntervalMs === undefined)) batch.mustFlush = true;
        this.#writer.wake();
        return batch.kept;
      },
      unpinned: () => this.#trim(),
    };
    for (const [replica, pins] of start.pins) this.#add(new Journal(this.#forJournals, replica, pins));
    this.#supply.want(this.#queue.segment + 1);
  }

  /** The number of the batch with the newest record. Batches are numbered from 1. */
  get appendedBatch(): number {
    return this.#queue.newestBatch;
  }
  /** Every batch up to this one is flushed. */
  get flushedBatch(): number {
    return this.#writer.flushed;
  }

  /** Every batch up to this one is written. */
  get writtenBatch(): number {
    return this.#writer.written;
  }

  /**
   * Reads records of a replica. Rejects if the segment cannot be read: it has been removed, or the disk has failed, or the log is closed.
   */
  async read(query: Omit<RecordQuery, 'folder'>): Promise<FoundRecords> {
    if (this.#state === 'closed') throw new Error('the log is closed');
    if (this.#reader === undefined) {
      this.#reader = this.#startThread();
      this.#threads.push(this.#reader);
    }
    const { found } = await this.#reader.run({ kind: 'read', query: { ...query, folder: this.#folder } });
    return found!;
  }

  /** The segment of the newest record. 0: there is none. */
  get segment(): number {
    return this.#queue.segment;
  }

  /** Bytes from the oldest segment to the newest record. */
  get bytes(): number {
    const { segment, usedBytes } = this.#queue;
    return Math.max(0, segment - this.#supply.oldest) * this.#segmentBytes + usedBytes;
  }

  /** Whether there is room for a write that is neither a delete nor metadata: half of a segment is left for others. */
  get hasRoom(): boolean {
    return this.#readyBytes > this.#segmentBytes / 2;
  }

  /**
   * Whether there is room for an entry that was accepted: a delete, or a write of a moment ago. A quarter of a segment is left for
   * metadata, which make room.
   */
  get hasRoomForAccepted(): boolean {
    return this.#readyBytes > this.#segmentBytes / 4;
  }

  /** Unused bytes of the segments that are ready. */
  get #readyBytes(): number {
    const { segment, segmentBytes, usedBytes } = this.#queue;
    const readySegments = this.#supply.newestReady - segment;
    return readySegments < 0 ? 0 : segmentBytes - usedBytes + readySegments * this.#segmentBytes;
  }

  /** Why the last attempt to prepare a segment found no space. Undefined: there was space. */
  get noSpace(): Error | undefined {
    return this.#supply.noSpace;
  }

  /** When the oldest job that waits for the disk was begun, on the monotonic clock. Undefined: none waits. */
  get oldestJobMs(): number | undefined {
    const since = this.#threads.flatMap(({ oldestJobMs }) => oldestJobMs ?? []);
    return since.length === 0 ? undefined : Math.min(...since);
  }

  /** Resolves when a first segment is ready, or with the reason why none can be prepared. */
  async ready(): Promise<Error | undefined> {
    await Promise.race([this.#supply.settled(), this.failure]);
    return this.#error ?? this.noSpace;
  }

  /** The journal of a replica, which is made when it is first asked for. */
  journal(replica: LoggedReplica): Journal {
    return this.#journals.get(nameOfLogged(replica)) ?? this.#add(new Journal(this.#forJournals, replica));
  }

  /** Gives the replica of a journal a new id, with which it is found in the records from now on. */
  rename(journal: Journal, id: string): void {
    this.#journals.delete(nameOfLogged(journal.replica));
    journal.rename(id);
    this.#add(journal);
  }

  /** The replica is gone: once the record that says so is flushed, which must be appended before, it needs nothing any more. */
  forget(journal: Journal): void {
    this.#journals.delete(nameOfLogged(journal.replica));
    this.#leaving.push({ journal, batch: this.appendedBatch });
    this.#trim();
  }

  /** The replica that needs the oldest segment, if a snapshot of it could make the log smaller. */
  pinning(): Journal | undefined {
    let first: Journal | undefined;
    for (const journal of this.#journals.values()) {
      if (journal.oldestNeeded !== undefined && journal.oldestNeeded < (first?.oldestNeeded ?? this.#queue.segment))
        first = journal;
    }
    return first;
  }

  /** The replica of which a snapshot is due because the log is too large. @param dataBytes of all replicas */
  dueForSnapshot(dataBytes: number): Journal | undefined {
    const budget = Math.min(Math.max(minBudgetBytes, dataBytes), this.#maxBytes / 2);
    return this.bytes > budget || this.#supply.noSpace !== undefined ? this.pinning() : undefined;
  }

  /** What was appended before is flushed at once, where records count as kept before they are flushed at the next interval. */
  flushSoon(): void {
    if (this.#state === 'open') this.#writer.flushSoon();
  }

  /** Resolves once everything that was appended before is flushed. Never resolves if the log fails. */
  flush(): Promise<void> {
    return this.#state === 'open' ? this.#writer.flush() : never;
  }

  /**
   * Flushes everything, and ends the threads. Idempotent. Rejects if the log has failed, or if the disk has no space for what was
   * appended. Never resolves while the disk hangs.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const error = await Promise.race([this.failure, this.#writer.flush(), this.#supply.stuck()]);
    this.#writer.stop();
    if (this.#state === 'open') {
      this.#state = 'closed';
      await this.#supply.close();
    }
    await Promise.all(this.#threads.map((thread) => thread.end()));
    if (error !== undefined) throw error;
  }

  #add(journal: Journal): Journal {
    this.#journals.set(nameOfLogged(journal.replica), journal);
    return journal;
  }

  /** Removes the segments that nothing needs. */
  #trim(): void {
    if (this.#state !== 'open') return;
    const { segment, usedBytes } = this.#queue;
    const { oldest, noSpace } = this.#supply;
    // The metadata must stay: those of the newest segment count once that segment's first batch is flushed.
    this.#trimmedTo = this.#writer.flushedSegment;
    let last = this.#trimmedTo - 1;
    this.#leaving = this.#leaving.filter(({ batch }) => batch > this.flushedBatch);
    if (last < oldest) return;
    const journals = [...this.#journals.values(), ...this.#leaving.map(({ journal }) => journal)];
    for (const { oldestNeeded } of journals) last = Math.min(last, (oldestNeeded ?? segment) - 1);
    if (noSpace === undefined)
      last = Math.min(last, segment - 1 - Math.ceil((this.#retainBytes - usedBytes) / this.#segmentBytes));
    if (last < oldest) return;
    this.#supply.remove(last);
    for (const journal of this.#journals.values()) journal.removedThrough(last);
  }

  #failed(error: Error): void {
    if (this.#state !== 'open') return;
    this.#state = 'failed';
    this.#error = error;
    this.#writer.stop();
    this.#supply.stop();
    this.#fail(error);
  }
}

const never = new Promise<never>(() => {});
