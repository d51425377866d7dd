/**
 * What the shell needs from a storage engine: a place for what the core wants kept, and for the applied state.
 *
 * The contract, which every engine has to keep:
 * - `persist` is called in the order of the effects, and done in that order. Its promise resolves once the change, and
 *   every one before it, is as durable as the engine promises; no promise means at once.
 * - `apply` takes effect for `get` and `scan` before it returns; an engine that writes later answers from what it holds
 *   back. It needs no durability of its own: whatever is applied is in the log.
 * - `get` and `version` answer for the moment of the call, also where the answer comes by a promise and the key is written
 *   meanwhile: operations on a key are answered in their order.
 * - `get` may answer at once with a view of the engine's own memory, good until the next `apply` or `persist`: whoever
 *   keeps the value, or awaits anything before using it, copies it first. What comes by a promise is the caller's to keep.
 * - An entry or item older than what is stored under its key is skipped: a dump may be ahead of the log laid over it. A
 *   delete removes the version as well: what is older than it would be taken.
 * - What an engine is given it may keep as it is: nobody changes those bytes.
 */
import type { Change, LogEntry } from '../replication/index.js';

export interface StoredValue {
  readonly value: Uint8Array;
  /** The seq that wrote it. */
  readonly version: number;
}

/** A record where it lies: in the engine's memory, between these positions. */
export interface RecordView {
  readonly memory: Buffer;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly version: number;
}

export interface Storage {
  /** True if the data does not outlive the process (R1, R13). */
  readonly volatile: boolean;
  readonly keyCount: number;
  /** Bytes of the keys and values. */
  readonly dataBytes: number;
  /** Memory that the engine takes for them. */
  readonly memoryBytes: number;
  persist(change: Change): Promise<void> | undefined;
  apply(entries: readonly LogEntry[]): void;
  get(key: string): StoredValue | undefined | Promise<StoredValue | undefined>;
  /** That of `get`, without the value; 0 if there is none. */
  version(key: string): number | Promise<number>;
  /**
   * Every key that exists throughout, at least once, in no particular order; what is written meanwhile may or may not be
   * seen. `take` is given each record, and has what it wants of it when it returns: the same view shows the next one. The
   * caller has its turn after about every `chunkBytes` of them, and after the last.
   */
  scan(chunkBytes: number, take: (record: RecordView) => void): AsyncIterable<void> | Iterable<void>;
  close(): Promise<void>;
}
