/**
 * The interface of a database that holds the applied state of all replicas of a node, instead of its memory.
 *
 * The write-ahead log makes a write durable. So a database needs no flush of its own for each write: it records, atomically with the
 * rows of a shard, up to which entry of the log they are, and a start applies what follows from the log.
 *
 * Every database keeps this contract:
 * - It holds one copy of each shard at most. `begin` names the copy that the shard has from now on.
 * - `commit` takes effect as a whole or not at all, for everybody who reads it, and before its promise resolves. Commits take effect
 *   in the order of the calls. The caller has one under way at a time.
 * - A row that is not newer than the one stored under its key changes nothing. A row without a value removes the key.
 * - `flush` resolves once everything that was committed before the call survives a loss of power.
 * - Reads see every commit that has resolved before the call. They may see a later one, too.
 * - Keys have 1 to `maxKeyBytes` bytes of UTF-8, and are in the order of these bytes. A page may begin one byte behind the longest key.
 * - A value that comes at once may be a view of memory that the next call overwrites. One that comes by a promise belongs to the caller.
 * - A call that the database refuses or does not answer rejects with `DatabaseError`. After `isLost` nothing that was committed can be
 *   relied on, and the process must end. After any other the caller may call again: a commit that was executed and is repeated
 *   changes nothing, because its rows are not newer.
 */
import type { DueKey } from '../../replication/index.js';
import type { RangeQuery, StoredHead, StoredValue } from '../storage.js';

/** Names the copy whose rows a shard has: the random part of the id that the replica had when its data began, and its resets then. */
export interface CopyName {
  readonly writerId: string;
  readonly resets: number;
}

/** Up to where the rows of a copy are, and what else belongs to them. The fields are those of `StoredSnapshot`. */
export interface CopyPosition extends CopyName {
  /** False: the copy is being received, and its rows are of no use yet. */
  readonly complete: boolean;
  readonly seq: number;
  readonly epoch: number;
  readonly epochId: string;
  readonly throughSeq: number;
  readonly requestFloor: number;
  readonly timeMs: number;
}

/** What the rows of a shard have together. */
export interface RowTotals {
  readonly keys: number;
  /** Keys that expire. */
  readonly expiring: number;
  /** Of all keys and values. */
  readonly bytes: number;
}

export interface Row extends StoredHead {
  readonly key: string;
  /** Undefined: the key is deleted. */
  readonly value: Uint8Array | undefined;
}

/** Rows in the order of their keys. */
export interface RowPage {
  readonly rows: readonly Row[];
  /** The database has no row of the range behind these rows. */
  readonly isExhausted: boolean;
}

/** A part of the table of requests (R16), encoded by the caller. */
export interface RequestsPart {
  /** True: it replaces all parts before. False: it follows them. */
  readonly isWhole: boolean;
  readonly bytes: Uint8Array;
}

/** Changes of one shard. */
export interface ShardCommit {
  readonly shard: number;
  /** Each key at most once. */
  readonly rows: readonly Row[];
  /** After the rows. Its name is that of the shard's copy. Undefined: as before. */
  readonly position?: CopyPosition | undefined;
  readonly requests?: RequestsPart | undefined;
}

/** What the database has of a shard when it is opened. */
export interface FoundCopy {
  readonly shard: number;
  readonly position: CopyPosition;
  readonly totals: RowTotals;
  /** Oldest first. */
  readonly requests: readonly Uint8Array[];
  /** Of all rows. Undefined: none expires. */
  readonly earliestExpiryMs: number | undefined;
}

export interface StateDatabase {
  /** For messages and metrics: `lmdb`, `postgres`. */
  readonly kind: string;
  /** The copies that it held when it was opened. */
  readonly found: readonly FoundCopy[];
  /** Bytes on disk, if it is known without waiting. */
  readonly sizeBytes: number | undefined;
  /**
   * The time between the beginnings of two commits, in milliseconds, if nobody waits for one: a commit of many rows costs the database
   * much less than many commits. Undefined: commits may follow one another.
   */
  readonly commitPauseMs?: number | undefined;
  /** A commit gets no further shards once it has so many estimated bytes. Undefined: 8 MiB. */
  readonly commitBytes?: number | undefined;
  /** Resolves if the database can never be used again by this process. */
  readonly failure: Promise<Error>;
  /**
   * The shard has this copy from now on. Rows of the one before may still be there: the caller removes them with `removeSome` until none
   * is left, before it commits a row. `undefined`: the shard has no copy any more.
   */
  begin(shard: number, position: CopyPosition | undefined): Promise<void>;
  /** Removes some rows of the shard, at most `most`. @returns how many. */
  removeSome(shard: number, most: number): Promise<number>;
  /** @returns the totals of each shard afterwards, in the order of the changes. */
  commit(changes: readonly ShardCommit[]): Promise<readonly RowTotals[]>;
  flush(): Promise<void>;
  get(shard: number, key: string): StoredValue | undefined | Promise<StoredValue | undefined>;
  head(shard: number, key: string): StoredHead | undefined | Promise<StoredHead | undefined>;
  /**
   * At least one row if there is any. With `keysOnly` all values are empty. It may be shorter than the query allows, but shows one moment.
   */
  page(shard: number, query: RangeQuery): RowPage | Promise<RowPage>;
  /** The keys that expire first, at most `most`, also if they are not due yet. */
  earliest(shard: number, most: number): readonly DueKey[] | Promise<readonly DueKey[]>;
  /** Resolves if the database answers. Undefined: the database is in this process, so it always answers. */
  ping?(): Promise<void>;
  /** Idempotent. Nothing is under way. */
  close(): Promise<void>;
}

/** The database did not do what it was asked for, or did not answer. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  /** What was committed before may be gone, or somebody else writes to the database: this process must not use it any more. */
  readonly isLost: boolean;

  constructor(message: string, options: ErrorOptions & { readonly isLost?: boolean } = {}) {
    super(message, options);
    this.isLost = options.isLost ?? false;
  }
}
