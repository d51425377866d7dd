/** The applied state of a replica in the database of its node: the rows there are its base copy. */
import type { DueKey, LogEntry, SnapshotItem } from '../../replication/index.js';
import type { AppliedSource, DatabaseEngine, FoundCopy } from '../../storage/database/index.js';
import type { RecordView, Storage, StoredReplica } from '../../storage/index.js';
import type { LoggedReplica } from '../../storage/wal/index.js';
import type { SnapshotReference } from '../../wire/disk/replica-records.js';
import type { LaterLog } from './later-log.js';
import type { ReplicaState, Reset, StateLog } from './replica-state.js';

export class DatabaseState implements ReplicaState {
  readonly #engine: DatabaseEngine;
  readonly #log: LaterLog;
  readonly #forget: () => void;
  /** Of a replica without a complete copy no entry is of use. */
  #isReplayed = true;

  /** @param log of the engine. @param forget the shard has no copy any more */
  constructor(engine: DatabaseEngine, log: LaterLog, forget: () => void) {
    this.#engine = engine;
    this.#log = log;
    this.#forget = forget;
  }

  get keyCount(): number {
    return this.#engine.keyCount;
  }
  get expiringCount(): number {
    return this.#engine.expiringCount;
  }
  get earliestExpiryMs(): number | undefined {
    return this.#engine.earliestExpiryMs;
  }
  get dataBytes(): number {
    return this.#engine.dataBytes;
  }
  get memoryBytes(): number {
    return this.#engine.memoryBytes;
  }
  get backlog(): Promise<void> | undefined {
    return this.#engine.backlog;
  }
  get behind(): Promise<void> | undefined {
    return this.#engine.backlog;
  }
  /** The newest position that survives a loss of power. Undefined: the copy has none yet. */
  get flushedSeq(): number | undefined {
    return this.#engine.flushedSeq;
  }
  /** See `DatabaseEngine`. */
  get lagEntries(): number {
    return this.#engine.lagEntries;
  }

  /** See `DatabaseEngine`. */
  get unflushedEntries(): number {
    return this.#engine.unflushedEntries;
  }

  /** See `DatabaseEngine.found`. */
  get found(): FoundCopy | undefined {
    return this.#engine.found;
  }

  attach(replica: StoredReplica, log: StateLog): void {
    this.#log.begin(log);
    this.#engine.onCovered = (seq) => log.cover(seq);
    // A replay may have flushed it, and had no log that could be told.
    if (this.flushedSeq !== undefined) log.cover(this.flushedSeq);
    this.#engine.attach(replica);
  }

  apply(entries: readonly LogEntry[]): void {
    this.#engine.apply(entries);
  }

  /** No entry is applied by a replay. */
  skipReplay(): void {
    this.#isReplayed = false;
  }

  /** What it has applied is committed while it goes on. */
  beginReplay(replay: AppliedSource): void {
    if (!this.#isReplayed) return;
    this.#log.beginReplay();
    this.#engine.attach(replay);
  }

  replay(entries: readonly LogEntry[]): void {
    if (this.#isReplayed) this.#engine.apply(entries.map(withOwnValues));
  }

  /** Only a replay of a replica without a complete copy clears it: nothing was applied. */
  clear(): void {}

  get(key: string): ReturnType<Storage['get']> {
    return this.#engine.get(key);
  }
  head(key: string): ReturnType<Storage['head']> {
    return this.#engine.head(key);
  }
  due(timeMs: number, most: number, take: (keys: readonly DueKey[]) => void): void {
    this.#engine.due(timeMs, most, take);
  }
  range(...page: Parameters<DatabaseEngine['range']>): ReturnType<DatabaseEngine['range']> {
    return this.#engine.range(...page);
  }
  scan(chunkBytes: number, take: (record: RecordView) => void): AsyncIterable<void> {
    return this.#engine.scan(chunkBytes, take);
  }

  reset(change: Reset, { id: writerId }: LoggedReplica, resets: number): void {
    this.#engine.reset({ writerId, resets }, change);
  }

  rebased(): void {
    this.#engine.rebased();
  }

  load(items: readonly SnapshotItem[]): void {
    this.#engine.load(items);
  }

  /** They are committed with the position at which the copy is complete. */
  loadRequests(): void {}

  async complete(throughSeq: number): Promise<SnapshotReference> {
    const { writerId, resets, seq, throughSeq: newestSeq } = await this.#engine.complete(throughSeq);
    return { writerId, resets, seq, throughSeq: newestSeq, empty: undefined };
  }

  discard(): void {
    this.#log.never();
    this.#forget();
  }

  async close(): Promise<void> {}
}

/** The values of replayed entries may be views of memory in which the log is read, and the engine keeps what it applies. */
function withOwnValues(entry: LogEntry): LogEntry {
  return { ...entry, writes: entry.writes.map((write) => ({ ...write, value: write.value && Uint8Array.from(write.value) })) };
}
