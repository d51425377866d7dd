/**
 * The storage of a replica whose data survives the process: the items in memory, and on disk a snapshot of them and the log above it.
 * Every change is written to the log of the node before it counts as durable.
 */
import type { AppliedState, Change, DueKey, LogEntry } from '../../replication/index.js';
import type { LogRead, MemoryStorage, RecordView, Storage, StoredHead, StoredReplica, StoredValue } from '../../storage/index.js';
import type { SnapshotFiles } from '../../storage/snapshots/index.js';
import type { SnapshotReference } from '../../wire/disk/replica-records.js';
import type { FlushReports } from './flush-reports.js';
import { ReceivedSnapshot } from './received-snapshot.js';
import type { ReplicaLog } from './replica-log.js';
import { snapshotFileName } from './snapshot-base.js';
import type { StoredEntriesReader } from './stored-entries-reader.js';

export interface DurableStorageParts {
  readonly clusterId: string;
  readonly memory: MemoryStorage;
  readonly log: ReplicaLog;
  /** Reads entries of the log again. */
  readonly reader: Pick<StoredEntriesReader, 'read'>;
  readonly files: SnapshotFiles;
  /** Undefined: the log flushes what it keeps. */
  readonly flushes: FlushReports | undefined;
  /** Something could not be written that nothing else waits for. */
  onFailed(error: Error): void;
}

export class DurableStorage implements Storage {
  readonly volatile = false;
  readonly log: ReplicaLog;
  readonly watchFlushes: Storage['watchFlushes'];
  readonly #parts: DurableStorageParts;
  readonly #memory: MemoryStorage;
  #replica: StoredReplica | undefined;
  /** The snapshot that is being received. */
  #receiving: { readonly snapshot: ReceivedSnapshot; readonly reference: SnapshotReference } | undefined;

  constructor(parts: DurableStorageParts) {
    this.#parts = parts;
    this.#memory = parts.memory;
    this.log = parts.log;
    const { flushes } = parts;
    this.watchFlushes = flushes && ((listener) => flushes.watch(listener));
  }

  get keyCount(): number {
    return this.#memory.keyCount;
  }
  get expiringCount(): number {
    return this.#memory.expiringCount;
  }
  get earliestExpiryMs(): number | undefined {
    return this.#memory.earliestExpiryMs;
  }
  get dataBytes(): number {
    return this.#memory.dataBytes;
  }
  get memoryBytes(): number {
    return this.#memory.memoryBytes;
  }

  get backlog(): Promise<void> | undefined {
    return this.#parts.files.backlog;
  }

  attach(replica: StoredReplica): void {
    this.#replica = replica;
  }

  /** See `Replica.appliedState`. */
  get appliedState(): AppliedState | undefined {
    return this.#replica?.appliedState;
  }

  persist(change: Change): Promise<void> {
    const kept = this.#persist(change);
    this.#parts.flushes?.called(kept, !this.log.isHeld);
    return kept;
  }

  readLog(read: LogRead): Promise<readonly LogEntry[] | undefined> {
    return this.#parts.reader.read(read);
  }

  watchLogStart(listener: (seq: number) => void): void {
    const { journal } = this.log;
    journal.onTrimmed = () => listener(journal.index.start);
  }

  flushSoon(): void {
    this.#parts.flushes?.flushSoon();
  }

  apply(entries: readonly LogEntry[]): void {
    this.log.appliedSeq = entries.at(-1)?.seq ?? this.log.appliedSeq;
    this.#memory.apply(entries);
  }

  get(key: string): StoredValue | undefined {
    return this.#memory.get(key);
  }
  head(key: string): StoredHead | undefined {
    return this.#memory.head(key);
  }
  due(timeMs: number, most: number): readonly DueKey[] {
    return this.#memory.due(timeMs, most);
  }
  scan(chunkBytes: number, take: (record: RecordView) => void): Iterable<void> {
    return this.#memory.scan(chunkBytes, take);
  }

  async close(): Promise<void> {
    await this.#memory.close();
  }

  /** The replica has left. Resolves once that is durable. */
  discard(): Promise<void> {
    this.#abandonReceived();
    return this.log.leave();
  }

  #persist(change: Change): Promise<void> {
    switch (change.type) {
      case 'load':
        this.#memory.persist(change);
        this.#receiving?.snapshot.addItems(change.items);
        return this.log.kept;
      case 'loadRequests':
        this.#receiving?.snapshot.addRequests(change.requests);
        return this.log.kept;
      case 'complete':
        return this.#complete();
      case 'reset':
        return this.#reset(change);
      case 'rebase':
        return this.#startAt(change);
      default:
        this.#memory.persist(change);
        return this.log.append(change);
    }
  }

  #startAt(change: Extract<Change, { type: 'reset' | 'rebase' }>): Promise<void> {
    this.#memory.persist(change);
    const kept = this.log.append(change);
    this.log.appliedSeq = change.baseSeq;
    return kept;
  }

  #reset(change: Extract<Change, { type: 'reset' }>): Promise<void> {
    this.#abandonReceived();
    const kept = this.#startAt(change);
    if (!change.complete) this.#receive(change);
    return kept;
  }

  #receive({ baseSeq, baseEpoch, baseEpochId, requestFloor, timeMs }: Extract<Change, { type: 'reset' }>): void {
    const { clusterId, files } = this.#parts;
    const { resets, journal } = this.log;
    const { shard, id: writerId } = journal.replica;
    const reference = { writerId, resets, seq: baseSeq, throughSeq: baseSeq, empty: undefined };
    const head = {
      clusterId,
      shard,
      writerId,
      resets,
      seq: baseSeq,
      epoch: baseEpoch,
      epochId: baseEpochId,
      requestFloor,
      timeMs,
    };
    const writer = files.create(snapshotFileName(shard, reference)!);
    this.#receiving = { snapshot: new ReceivedSnapshot(writer, head), reference };
  }

  #complete(): Promise<void> {
    const receiving = this.#receiving;
    if (receiving === undefined) throw new Error('a snapshot is complete that was not begun');
    this.#receiving = undefined;
    const throughSeq = this.log.appliedSeq;
    const finished = receiving.snapshot.finish(throughSeq);
    return this.log.complete(finished.then(() => ({ ...receiving.reference, throughSeq })));
  }

  #abandonReceived(): void {
    this.#receiving?.snapshot.abandon().catch((error: Error) => this.#parts.onFailed(error));
    this.#receiving = undefined;
  }
}
