/** The options of the log of a node. */
import type { LogFlush } from './batch-writer.js';
import type { Journal } from './journal.js';
import type { LogThread } from './log-thread.js';

/** The one in use, the next one, and two that may be about to be removed. */
export const fewestSegments = 4;

export type WriteCheckpoint = (journal: Journal, type: number, payload: Uint8Array) => void;

export interface LogOptions {
  /** Records are kept when they are written, and flushed at this interval. Undefined: records are kept when they are flushed. */
  readonly syncIntervalMs?: number | undefined;
  /** Size of new segments. Default: 64 MiB. */
  readonly segmentBytes?: number;
  /** A segment that no replica needs stays as long as the log after it is smaller than this, unless the disk is full. Default: 0. */
  readonly retainBytes?: number;
  /**
   * All files of the log together take at most this much; at least four segments. Segments with entries that a replica needs stay, so
   * the log has no room until snapshots of the replicas cover them. Default: no limit.
   */
  readonly maxBytes?: number;
  /**
   * Writes the metadata of every live replica. It is called within an `append`, and must write the metadata as they are without the
   * record that is being appended.
   */
  checkpoint(write: WriteCheckpoint): void;
  /** More is written or flushed than before. */
  onProgress?(): void;
  /** A flush of records has ended. */
  onFlushed?(flush: LogFlush): void;
  /** The disk has no space for the next segment; reported again after each attempt. A snapshot may let segments go. */
  onNoSpace?(): void;
  /**
   * Calls `work` once this turn of the event loop has appended everything. Default: an immediate. What the caller does when promises
   * of records resolve in `work` may belong to the same turn.
   */
  readonly atTurnEnd?: (work: () => void) => void;
  /** Default: a thread of the process. */
  readonly startThread?: () => LogThread;
}

export type ResolvedLogOptions = Required<Omit<LogOptions, 'syncIntervalMs'>> & Pick<LogOptions, 'syncIntervalMs'>;
