/**
 * What a node keeps of its shards, behind one interface: in memory only, or on disk.
 *
 * The node opens its data before any replica exists, and closes it after the last one has ended. Each replica gets its storage from
 * here: `recovered` has those of an earlier process, `create` is for new ones.
 */
import type { ClusterFormat } from '../../formats.js';
import type { RecoveredReplica } from '../../replication/index.js';
import type { CommitReport } from '../../storage/database/index.js';
import { MemoryStorage, NodeMemory, type Storage } from '../../storage/index.js';
import { NodeEntryBlocks } from '../../wire/peer/entry-blocks.js';
import type { FlushWatch } from './flush-watch.js';
import type { DatabaseKind } from './state-kind.js';

/** A replica of an earlier process, with its data. */
export interface RecoveredShard {
  readonly shard: number;
  /** The id under which it was known: it was minted together with the data (R1). */
  readonly replicaId: string;
  readonly replica: RecoveredReplica;
  readonly storage: Storage;
  /** The earlier process had ended by then, on the clock of `performance.now()`. */
  readonly endedMs: number;
}

/** Watches the readings of the log for other replicas. */
export interface ReadWatch {
  /** @param entries their number in one answer */
  listener(entries: number): void;
}

/** Watches the commits of the database. */
export interface CommitWatch {
  listener(commit: CommitReport): void;
}

/** How the database of a node keeps up. */
export interface DatabaseHealth {
  readonly kind: DatabaseKind;
  /** For how long the oldest call has waited for its answer. 0: none waits. */
  readonly silentMs: number;
  /** Entries that are applied and not committed in the database, of all replicas together. */
  readonly lagEntries: number;
  /** Entries that are applied, and that a loss of power would take from the database: the log keeps them. Of all replicas together. */
  readonly unflushedEntries: number;
  /** Bytes that wait to be written. */
  readonly overlayBytes: number;
  /** Reads that wait for an answer. */
  readonly waitingReads: number;
  /** Bytes on disk. Undefined: not known. */
  readonly sizeBytes: number | undefined;
}

export interface NodeData {
  /** Replicas of an earlier process; at most one of each shard. */
  readonly recovered: readonly RecoveredShard[];
  /** The encoded entries of each shard, which its messages share with its log on disk. */
  readonly entryBlocks: NodeEntryBlocks;
  /** The storage of a new replica of the shard. */
  create(shard: number, replicaId: string): Storage;
  /** The replica has left (R15), so it is never revived. The node does not use its storage any more. */
  discard(shard: number, replicaId: string): void;
  /** False: there is no room for a write that is not a delete. */
  readonly hasRoom: boolean;
  /** The flushes of the log; a listener may be set once. Undefined: there is no log. */
  readonly flushes: Pick<FlushWatch, 'listener'> | undefined;
  /** Readings of the log for replicas that lack its entries; a listener may be set once. Undefined: there is no log. */
  readonly reads: ReadWatch | undefined;
  /** The commits of the database; a listener may be set once. Undefined: there is none. */
  readonly commits: CommitWatch | undefined;
  /** So much waits to be written to the database that no more is accepted. */
  readonly isBehind: boolean;
  /** The database with the data. Undefined: the data is in memory. */
  readonly database: DatabaseHealth | undefined;
  /** Resolves if the data cannot be kept any more: the node must end. */
  readonly failure: Promise<Error>;
  /** A call of the disk does not end. A normal exit of the process would wait for it. */
  readonly hangs: boolean;
  /**
   * Idempotent. No storage is used any more. `clean`: the stop was planned, so everything is flushed, and the next start relies on
   * that. Rejects if that failed. If the disk does not answer for some seconds, it rejects, and `hangs` stays true.
   */
  close(clean: boolean): Promise<void>;
}

/** The data of a node without a data directory: it ends with the process. */
export class MemoryData implements NodeData {
  readonly recovered = [];
  readonly hasRoom = true;
  readonly hangs = false;
  readonly flushes = undefined;
  readonly reads = undefined;
  readonly commits = undefined;
  readonly database = undefined;
  readonly isBehind = false;
  readonly failure = new Promise<Error>(() => {});
  readonly entryBlocks: NodeEntryBlocks;
  readonly #memory: NodeMemory;

  /** @param isOrdered see `NodeMemory` */
  constructor(shardCount: number, format: Pick<ClusterFormat, 'inUse'>, isOrdered = true) {
    this.entryBlocks = new NodeEntryBlocks(format, shardCount);
    this.#memory = new NodeMemory(shardCount, isOrdered);
  }

  create(): Storage {
    return new MemoryStorage(this.#memory);
  }

  /** The storage is garbage once its replica has gone. */
  discard(): void {}

  async close(): Promise<void> {}
}
