/** The applied state of a replica in memory, whose base copy is a snapshot file. */
import type { DueKey, LogEntry, RecordedRequest, SnapshotItem } from '../../replication/index.js';
import type { MemoryStorage, RecordView, StoredHead, StoredValue } from '../../storage/index.js';
import type { SnapshotFiles } from '../../storage/snapshots/index.js';
import type { LoggedReplica } from '../../storage/wal/index.js';
import type { SnapshotReference } from '../../wire/disk/replica-records.js';
import { ReceivedSnapshot } from './received-snapshot.js';
import { emptyReset, type ReplicaState, type Reset } from './replica-state.js';
import { snapshotFileName } from './snapshot-base.js';

export interface MemoryStateParts {
  readonly clusterId: string;
  readonly memory: MemoryStorage;
  readonly files: SnapshotFiles;
  /** Something could not be written that nothing else waits for. */
  onFailed(error: Error): void;
}

export class MemoryState implements ReplicaState {
  readonly #parts: MemoryStateParts;
  readonly range: MemoryStorage['range'];
  readonly #memory: MemoryStorage;
  /** The snapshot that is being received. */
  #receiving: { readonly snapshot: ReceivedSnapshot; readonly reference: SnapshotReference } | undefined;

  constructor(parts: MemoryStateParts) {
    this.#parts = parts;
    this.#memory = parts.memory;
    this.range = parts.memory.range;
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

  readonly behind = undefined;

  /** A snapshot reads what belongs to it when it is taken (take-snapshot.ts). */
  attach(): void {}

  apply(entries: readonly LogEntry[]): void {
    this.#memory.apply(entries);
  }

  beginReplay(): void {}

  replay(entries: readonly LogEntry[]): void {
    this.#memory.applyAtOnce(entries);
  }

  clear(): void {
    this.#memory.persist(emptyReset);
  }

  get(key: string): StoredValue | undefined {
    return this.#memory.get(key);
  }
  head(key: string): StoredHead | undefined {
    return this.#memory.head(key);
  }
  due(timeMs: number, most: number, take: (keys: readonly DueKey[]) => void): void {
    this.#memory.due(timeMs, most, take);
  }
  scan(chunkBytes: number, take: (record: RecordView) => void): Iterable<void> {
    return this.#memory.scan(chunkBytes, take);
  }

  reset(change: Reset, replica: LoggedReplica, resets: number): void {
    this.#abandonReceived();
    this.#memory.persist(change);
    if (!change.complete) this.#receive(change, replica, resets);
  }

  rebased(): void {}

  load(items: readonly SnapshotItem[]): void {
    this.#memory.persist({ type: 'load', items });
    this.#receiving?.snapshot.addItems(items);
  }

  loadRequests(requests: readonly RecordedRequest[]): void {
    this.#receiving?.snapshot.addRequests(requests);
  }

  async complete(throughSeq: number): Promise<SnapshotReference> {
    const receiving = this.#receiving;
    if (receiving === undefined) throw new Error('a snapshot is complete that was not begun');
    this.#receiving = undefined;
    await receiving.snapshot.finish(throughSeq);
    return { ...receiving.reference, throughSeq };
  }

  discard(): void {
    this.#abandonReceived();
  }

  close(): Promise<void> {
    return this.#memory.close();
  }

  #receive({ baseSeq, baseEpoch, baseEpochId, requestFloor, timeMs }: Reset, replica: LoggedReplica, resets: number): void {
    const { clusterId, files } = this.#parts;
    const { shard, id: writerId } = replica;
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

  #abandonReceived(): void {
    this.#receiving?.snapshot.abandon().catch((error: Error) => this.#parts.onFailed(error));
    this.#receiving = undefined;
  }
}
