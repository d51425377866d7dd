/**
 * The state of a node's replicas in an LMDB environment in a folder of its own.
 *
 * A thread executes everything that writes, and reads what it needs for it; a commit is flushed when it has ended. The event loop
 * reads, unless it would have to wait for the disk (see `read-location.ts`): then the thread pool fetches the pages of single keys first,
 * and a second thread reads pages of rows and the index of expiries.
 *
 * What LMDB does not do: it finds no damage but in the first two pages, where its file begins, and where a page does not fit to the
 * one that names it. A damaged value is found by its checksum when it is read. An error of the disk while a page is read ends the
 * process with SIGBUS.
 */
import { mkdirSync } from 'node:fs';
import type { DueKey } from '../../replication/index.js';
import type {
  CopyPosition,
  DatabaseError,
  FoundCopy,
  RowPage,
  RowTotals,
  ShardCommit,
  StateDatabase,
} from '../database/state-database.js';
import type { RangeQuery, StoredHead, StoredValue } from '../storage.js';
import { packCommit } from './commit-message.js';
import { checkEnvironment, environmentBytes } from './environment-file.js';
import { EnvironmentReader } from './environment-reader.js';
import { type LmdbEnvironment, openEnvironment } from './lmdb-environment.js';
import { databaseErrorOf, type FailureReport, openErrorOf, reportOf } from './lmdb-error.js';
import type { LmdbJobs } from './lmdb-jobs.js';
import { LmdbThread, type LmdbWorker, startLmdbWorker } from './lmdb-thread.js';
import { PrefetchedReads } from './prefetched-reads.js';
import { ReadLocation } from './read-location.js';
import { rowKey } from './record-keys.js';

/**
 * A row takes about four times as much work in a commit of 64 as in one of 1,024, because each commit copies every page that it changes
 * and flushes it.
 */
const commitPauseMs = 500;
/**
 * About 8,000 rows of 100 bytes. A transaction holds a copy of each page that it changes, which is 4 KiB for each row where keys are
 * spread widely, and LMDB keeps that memory for the next one. With more pages, each row takes more work, too.
 */
const commitBytes = 2 * 1024 * 1024;

export interface LmdbOptions {
  /** Created if it is not there. No other process has it open. */
  readonly folder: string;
  /** The memory that pages of the environment may take: with more data, reads leave the event loop. */
  readonly cacheBytes: number;
  readonly startWorker?: () => LmdbWorker;
}

/** Opens the environment, for the first time or again. Rejects with `DatabaseError`. */
export async function openLmdb({ folder, cacheBytes, startWorker = startLmdbWorker }: LmdbOptions): Promise<StateDatabase> {
  const location = new ReadLocation({ cacheBytes });
  let writer: LmdbThread | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    checkEnvironment(folder);
    writer = new LmdbThread(startWorker());
    const found = await writer.run('openToWrite', { folder });
    // The thread has opened it to write first: the process has it open once only.
    const environment = openEnvironment(folder, 'read');
    return new LmdbDatabase({ folder, found, environment, writer, location, startWorker });
  } catch (error) {
    await writer?.end();
    throw openErrorOf(reportOf(error), folder);
  }
}

interface LmdbParts {
  readonly folder: string;
  readonly found: readonly FoundCopy[];
  readonly environment: LmdbEnvironment;
  readonly writer: LmdbThread;
  readonly location: ReadLocation;
  readonly startWorker: () => LmdbWorker;
}

class LmdbDatabase implements StateDatabase {
  readonly kind = 'lmdb';
  readonly commitPauseMs = commitPauseMs;
  readonly commitBytes = commitBytes;
  readonly found: readonly FoundCopy[];
  readonly failure: Promise<Error>;
  readonly #parts: LmdbParts;
  readonly #reader: EnvironmentReader;
  readonly #prefetched: PrefetchedReads;
  /** Started when it is first needed. */
  #readingThread: Promise<LmdbThread> | undefined;
  #fail!: (error: Error) => void;
  #closing: Promise<void> | undefined;
  #fileBytes = 0;

  constructor(parts: LmdbParts) {
    this.#parts = parts;
    this.found = parts.found;
    this.#reader = new EnvironmentReader(parts.environment);
    this.#prefetched = new PrefetchedReads(parts.environment, () => this.#reader.refresh());
    this.failure = new Promise((resolve) => {
      this.#fail = resolve;
    });
    this.#grownTo(environmentBytes(parts.folder));
  }

  /** Of the file, which never shrinks: later commits use again what removed rows leave. */
  get sizeBytes(): number {
    return this.#fileBytes;
  }

  async begin(shard: number, position: CopyPosition | undefined): Promise<void> {
    await this.#write('begin', { shard, position });
  }

  removeSome(shard: number, most: number): Promise<number> {
    return this.#write('removeSome', { shard, most });
  }

  async commit(commits: readonly ShardCommit[]): Promise<readonly RowTotals[]> {
    const message = packCommit(commits);
    const { totals, fileBytes } = await this.#write('commit', message, [message.memory]);
    this.#grownTo(fileBytes);
    return totals;
  }

  /** Each change is flushed when its promise resolves. */
  async flush(): Promise<void> {}

  get(shard: number, key: string): StoredValue | undefined | Promise<StoredValue | undefined> {
    return this.#readOne(rowKey(shard, key), (recordKey) => this.#reader.get(recordKey));
  }

  head(shard: number, key: string): StoredHead | undefined | Promise<StoredHead | undefined> {
    return this.#readOne(rowKey(shard, key), (recordKey) => this.#reader.head(recordKey));
  }

  page(shard: number, query: RangeQuery): RowPage | Promise<RowPage> {
    if (this.#parts.location.isAway) return this.#readAway('page', { shard, query });
    return this.#readHere(() => this.#reader.page(shard, query));
  }

  earliest(shard: number, most: number): readonly DueKey[] | Promise<readonly DueKey[]> {
    if (this.#parts.location.isAway) return this.#readAway('earliest', { shard, most });
    return this.#readHere(() => this.#reader.earliest(shard, most));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#parts.environment.close();
    await (await this.#readingThread?.catch(() => undefined))?.end();
    await this.#parts.writer.end();
  }

  #grownTo(fileBytes: number): void {
    this.#fileBytes = fileBytes;
    this.#parts.location.fileBytes = fileBytes;
  }

  async #write<Kind extends keyof LmdbJobs>(
    kind: Kind,
    job: LmdbJobs[Kind]['job'],
    transfer: ArrayBuffer[] = [],
  ): Promise<LmdbJobs[Kind]['result']> {
    try {
      return await this.#parts.writer.run(kind, job, transfer);
    } catch (failure) {
      throw this.#errorOf(failure as FailureReport);
    } finally {
      this.#reader.refresh();
    }
  }

  #readOne<T>(recordKey: Buffer, read: (recordKey: Buffer) => T): T | Promise<T> {
    if (!this.#parts.location.isAway) return this.#readHere(() => read(recordKey));
    return this.#prefetched.read(recordKey, read).catch((error) => {
      throw this.#errorOf(reportOf(error));
    });
  }

  #readHere<T>(read: () => T): T {
    const { location } = this.#parts;
    const startMs = location.nowMs();
    try {
      return read();
    } catch (error) {
      throw this.#errorOf(reportOf(error));
    } finally {
      location.readSince(startMs);
    }
  }

  async #readAway<Kind extends 'page' | 'earliest'>(kind: Kind, job: LmdbJobs[Kind]['job']): Promise<LmdbJobs[Kind]['result']> {
    this.#readingThread ??= this.#startReading();
    try {
      return await (await this.#readingThread).run(kind, job);
    } catch (failure) {
      throw this.#errorOf(failure as FailureReport);
    }
  }

  async #startReading(): Promise<LmdbThread> {
    const thread = new LmdbThread(this.#parts.startWorker());
    await thread.run('openToRead', { folder: this.#parts.folder });
    return thread;
  }

  #errorOf(failure: FailureReport): DatabaseError {
    const error = databaseErrorOf(failure, this.#parts.folder);
    if (error.isLost) this.#fail(error);
    return error;
  }
}
