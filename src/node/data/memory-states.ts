/** The states of a node's replicas in memory, and their base copies: the snapshot files of each. */
import { join } from 'node:path';
import { MemoryStorage, NodeMemory } from '../../storage/index.js';
import { SnapshotFiles, type SnapshotThread } from '../../storage/snapshots/index.js';
import type { LoggedReplica } from '../../storage/wal/index.js';
import type { SnapshotReference } from '../../wire/disk/replica-records.js';
import { MoveRate } from '../peers/snapshot-pace.js';
import { createFolder } from './durable-file.js';
import type { DurableStorage } from './durable-storage.js';
import { loadSnapshot } from './load-snapshot.js';
import { MemoryState } from './memory-state.js';
import { snapshotFileName } from './snapshot-base.js';
import type { RecoveredState, StateStore } from './state-store.js';
import { takeSnapshot } from './take-snapshot.js';

export interface MemoryStatesOptions {
  readonly clusterId: string;
  /** The number of storages that share the keys of the node. */
  readonly shardCount: number;
  /** See `NodeMemory`. Default true. */
  readonly isOrdered?: boolean | undefined;
  /** Default: a thread of the process. */
  readonly snapshotThread?: SnapshotThread | undefined;
}

/** The folder of the files in the data directory. */
export const snapshotFolder = 'snapshots';
/** The rate at which snapshots are written: a fraction of what a disk takes, because the log is flushed on the same disk. */
const snapshotBytesPerSecond = 32 * 1024 * 1024;

export class MemoryStates implements StateStore {
  readonly failure: Promise<Error>;
  readonly namesEmptyCopies = false;
  readonly backlog = undefined;
  readonly database = undefined;
  readonly commits = undefined;
  readonly #options: MemoryStatesOptions;
  readonly #memory: NodeMemory;
  readonly #files: SnapshotFiles;
  readonly #rate = new MoveRate(snapshotBytesPerSecond);
  readonly #stopping = new AbortController();
  #fail!: (error: Error) => void;

  /** @param path the data directory, in which the folder of the files is created */
  static async open(path: string, options: MemoryStatesOptions): Promise<MemoryStates> {
    const folder = join(path, snapshotFolder);
    await createFolder(folder);
    return new MemoryStates(folder, options);
  }

  private constructor(folder: string, options: MemoryStatesOptions) {
    this.#options = options;
    this.#memory = new NodeMemory(options.shardCount, options.isOrdered);
    this.#files = new SnapshotFiles(folder, options.snapshotThread);
    this.failure = new Promise((resolve) => {
      this.#fail = resolve;
    });
    void this.#files.failure.then(this.#fail);
  }

  get oldestCallMs(): number | undefined {
    return this.#files.oldestRequestMs;
  }

  create(): MemoryState {
    return this.#stateOver(new MemoryStorage(this.#memory));
  }

  async beginReplay(): Promise<void> {}

  /** A snapshot file that is missing costs its replica only. */
  check(): void {}

  async recover(replica: LoggedReplica, reference: SnapshotReference | undefined): Promise<RecoveredState> {
    const { clusterId } = this.#options;
    const memory = new MemoryStorage(this.#memory);
    const snapshot = reference && (await loadSnapshot(this.#files, clusterId, replica, reference, memory));
    return { state: this.#stateOver(memory), snapshot };
  }

  /** Removes the files that the log does not name: those of a process that ended before it recorded them, or had not removed them. */
  async begin(storages: Iterable<DurableStorage>): Promise<void> {
    const named = [...storages].map(({ log: { journal, snapshot } }) => {
      return snapshot && snapshotFileName(journal.replica.shard, snapshot);
    });
    const { complete, incomplete } = await this.#files.list();
    await this.#files.remove([...complete.filter((name) => !named.includes(name)), ...incomplete]);
  }

  advance(storage: DurableStorage): Promise<void> {
    const { clusterId } = this.#options;
    return takeSnapshot(storage, { clusterId, files: this.#files, rate: this.#rate, signal: this.#stopping.signal });
  }

  remove(shard: number, reference: SnapshotReference): void {
    const file = snapshotFileName(shard, reference);
    if (file === undefined || this.#stopping.signal.aborted) return;
    this.#files.remove([file]).catch((error: Error) => this.#stopping.signal.aborted || this.#fail(error));
  }

  /** The log is enough: a snapshot would take as long as a replay of it. */
  async settle(): Promise<void> {}

  stop(): void {
    this.#stopping.abort();
  }

  close(): Promise<void> {
    return this.#files.close();
  }

  #stateOver(memory: MemoryStorage): MemoryState {
    const { clusterId } = this.#options;
    return new MemoryState({ clusterId, memory, files: this.#files, onFailed: this.#fail });
  }
}
