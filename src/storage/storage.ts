/**
 * The interface of a storage engine, which keeps what the core wants persisted, and the applied state of one replica.
 *
 * Every engine keeps this contract:
 * - The shell calls `persist` in the order of the effects, and the engine executes the calls in that order. The promise resolves
 *   once this change and all before it are as durable as the engine promises. An engine that `persistsAtOnce` returns `undefined`.
 * - `apply` takes effect for `get` and `scan` before it returns. An engine that writes later answers from the entries that it
 *   holds back. `apply` needs no durability of its own, because applied entries are in the log.
 * - `get` and `head` answer for the moment of the call if they answer at once, and otherwise for some moment between the call and the
 *   answer. A caller that needs the value of one moment holds the lock of the key's stripe until the answer: then nothing else
 *   writes the key.
 * - `get` may answer at once with a view of the engine's own memory, which is valid until the next `apply` or `persist`. A caller
 *   copies the value before it keeps it or awaits anything. A value that comes by a promise belongs to the caller.
 * - An entry or item that is older than the version stored under its key is skipped, because a snapshot may be ahead of the log
 *   that is applied to it. A delete removes the version as well, so an older entry after it would be applied. An engine that writes
 *   later may show an older entry for a moment: until it finds the newer version in its database.
 * - The engine keeps the deadlines of keys that expire in their order, so that it finds those that are due without a search. It never
 *   deletes a key by itself: when a key is due depends on the shard's time, which only its primary knows.
 * - An engine may keep the bytes that it receives without a copy: the shell never changes them.
 */
import type { AppliedPosition, AppliedState, Change, DueKey, LogEntry } from '../replication/index.js';

/** What is known of a value without reading it. */
export interface StoredHead {
  /** The seq of the entry that wrote the value. */
  readonly version: number;
  /** The shard's time from which on the key is due to be deleted (R17). Undefined: never. */
  readonly expiresAtMs?: number | undefined;
}

/** A value and its version. */
export interface StoredValue extends StoredHead {
  readonly value: Uint8Array;
}

/** A view of a record in the engine's memory: `memory`, and where in it key and value begin and end. */
export interface RecordView {
  readonly memory: Buffer;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly version: number;
  /** Undefined: never. */
  readonly expiresAtMs?: number | undefined;
}

/** A page to be read: keys k with `from` <= k < `to`, in the order of their UTF-8 bytes. */
export interface RangeQuery {
  /** '' comes before every key. */
  readonly from: string;
  /** Undefined: to the last key. */
  readonly to?: string | undefined;
  /** True: the page begins with the highest key and goes downwards. Default false. */
  readonly reverse?: boolean | undefined;
  /** The most items, from 1. */
  readonly most: number;
  /** About the most bytes of keys and values, or of keys alone with `keysOnly`. One item may have more. */
  readonly maxBytes: number;
  /** True: items have no value. Default false. */
  readonly keysOnly?: boolean | undefined;
}

export interface RangeItem extends StoredHead {
  readonly key: string;
  /** Undefined with `keysOnly`. */
  readonly value?: Uint8Array | undefined;
}

export interface RangePage {
  readonly items: readonly RangeItem[];
  /** The range has nothing behind these items. */
  readonly isExhausted: boolean;
}

/** Entries to read, and the bounds on one answer, which has at least one entry. */
export interface LogRead {
  readonly firstSeq: number;
  readonly throughSeq: number;
  readonly maxEntries: number;
  readonly maxBytes: number;
}

/** The replica whose data a storage keeps. */
export interface StoredReplica {
  /** See `Replica.appliedState`. */
  readonly appliedState: AppliedState | undefined;
  /** See `Replica.appliedPosition`. */
  readonly appliedPosition: AppliedPosition | undefined;
}

export interface Storage {
  /** True if the data does not outlive the process (R1, R13). */
  readonly volatile: boolean;
  /** True: every change is as durable as the engine promises when `persist` returns. The core then waits for nothing. */
  readonly persistsAtOnce: boolean;
  readonly keyCount: number;
  /** Keys that expire (R17). */
  readonly expiringCount: number;
  /** None of them is due before this time, and `due` makes it exact if it is too early. Undefined: there is none. */
  readonly earliestExpiryMs: number | undefined;
  /** Bytes of all keys and values. */
  readonly dataBytes: number;
  /** Bytes of memory that the engine uses for them. */
  readonly memoryBytes: number;
  /** The shell calls it once, before all else. An engine that writes snapshots reads there what belongs to one, between two turns. */
  attach?(replica: StoredReplica): void;
  persist(change: Change): Promise<void> | undefined;
  /**
   * Undefined: what `persist` has promised is flushed, or never will be. Otherwise the engine reports flushes beside that: `listener`
   * gets the number of calls of `persist`, counted from the first, whose changes survive a loss of power.
   */
  readonly watchFlushes?: ((listener: (persists: number) => void) => void) | undefined;
  /** Only where flushes are reported: what was persisted before is flushed at once, and not at the next interval. */
  flushSoon?(): void;
  /**
   * Reads entries of the log for a replica that lacks them: committed ones, from `firstSeq` to `throughSeq` at most, without a gap.
   * Undefined: the first of them is not there any more, or cannot be read. Never rejects. An engine that keeps no log has none.
   */
  readLog?(read: LogRead): Promise<readonly LogEntry[] | undefined>;
  /** `listener` gets the seq above which the log is still there, whenever older entries have been removed. */
  watchLogStart?(listener: (seq: number) => void): void;
  /**
   * Undefined: the engine keeps up with the snapshot that it receives (changes `load`). Otherwise it resolves once the engine has
   * caught up, and no more should be received before, because what waits for the disk takes memory.
   */
  readonly backlog?: Promise<void> | undefined;
  apply(entries: readonly LogEntry[]): void;
  get(key: string): StoredValue | undefined | Promise<StoredValue | undefined>;
  head(key: string): StoredHead | undefined | Promise<StoredHead | undefined>;
  /**
   * Passes keys that are due at this time of the shard to `take`, about the earliest ones first, and at most `most`. They stay in the
   * storage: only an entry of the log deletes a key.
   *
   * `take` is called at once, or later if the engine has to wait for the answer, or never if the engine is closed before. It is called
   * in a moment in which each of the keys is due, and must use them within that call. An engine that writes later may leave out keys
   * that it has not written yet.
   */
  due(timeMs: number, most: number, take: (keys: readonly DueKey[]) => void): void;
  /**
   * Reads a page in the order of the keys. It has at least one item unless nothing is left of the range, and may be shorter than the
   * query allows.
   *
   * All of the page shows one moment: what was applied by then is in it, and nothing else. `onMoment` is called in this moment, just
   * before the answer, so it may note up to where entries were applied. A page that is answered at once is of the moment of the call, and
   * its values are views, as with `get`.
   *
   * Absent: the engine keeps no order.
   */
  readonly range?: ((query: RangeQuery, onMoment?: () => void) => RangePage | Promise<RangePage>) | undefined;
  /**
   * Passes every key that exists throughout the scan to `take` at least once, in no particular order. Keys that are written or
   * deleted meanwhile may or may not be passed. The view is reused for the next record, so `take` copies what it needs. The
   * iterator yields after about every `chunkBytes` of records, and after the last record.
   */
  scan(chunkBytes: number, take: (record: RecordView) => void): AsyncIterable<void> | Iterable<void>;
  close(): Promise<void>;
}
