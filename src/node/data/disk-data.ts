/**
 * The data of a node on disk: the write-ahead log that all its replicas share, and their states, with the base copy of each.
 *
 * The log decides what exists: a replica that is in no checkpoint and in no later record does not exist, and a base copy that
 * the log does not name is removed. After damage of the log, or where writes may be lost that were not flushed, each replica goes on
 * with what is left of its data under a new id. So it is in no in-sync set (R1), and takes what it lacks from the primary.
 */
import { join } from 'node:path';
import { emptyMetadata, LoggedMetadata, type RecoveredReplica } from '../../replication/index.js';
import type { Storage } from '../../storage/index.js';
import {
  defaultSegmentBytes,
  flushScanned,
  type Journal,
  maxRecordBytes,
  openLog,
  type WriteAheadLog,
} from '../../storage/wal/index.js';
import { NodeEntryBlocks } from '../../wire/peer/entry-blocks.js';
import { inTime } from '../in-time.js';
import { DamageMark } from './damage-mark.js';
import { DiskCalls } from './disk-calls.js';
import type { DiskDataOptions } from './disk-data-options.js';
import { createFolder } from './durable-file.js';
import { DurableStorage } from './durable-storage.js';
import { FlushProgress, FlushReports } from './flush-reports.js';
import { FlushWatch } from './flush-watch.js';
import { FlushedLog } from './flushed-log.js';
import { mintOf, recordLoss, recordNewId } from './identities.js';
import { MemoryStates } from './memory-states.js';
import type { CommitWatch, DatabaseHealth, NodeData, ReadWatch, RecoveredShard } from './node-data.js';
import { type RecoveredData, recoverData } from './recover-data.js';
import { ReplicaLog, type ReplicaLogStart } from './replica-log.js';
import type { FoundReplica, LostReplica } from './replica-replay.js';
import type { ReplicaState } from './replica-state.js';
import { silentDisk } from './silent-disk.js';
import { emptyAtFirst } from './snapshot-base.js';
import { SnapshotSchedule } from './snapshot-schedule.js';
import type { StateStore } from './state-store.js';
import { StoredEntriesReader } from './stored-entries-reader.js';
import { WaitingLogs } from './waiting-logs.js';

/** A record with more than one entry has at most about this much, so that a batch can have several. */
const mostPartBytes = 1024 * 1024;
/** An estimate of entries may be below their bytes, but not by this factor. */
const partsPerRecord = 4;
/** The last flush of a working disk takes less. What it would have kept was not acknowledged, or is kept by other nodes. */
const closePatienceMs = 5_000;
/** Without an interval of flushes, records that cause none may be in the log for this long before the database waits for them. */
const unflushedMs = 1_000;
/** A call of the disk that takes longer counts as one that may never end. */
const hangsAfterMs = 1_000;

export class DiskData implements NodeData {
  readonly failure: Promise<Error>;
  readonly entryBlocks: NodeEntryBlocks;
  readonly flushes: FlushWatch;
  readonly reads: ReadWatch = { listener: () => {} };
  readonly #options: DiskDataOptions;
  readonly #calls: DiskCalls;
  readonly #states: StateStore;
  readonly #storages = new Map<Journal, DurableStorage>();
  readonly #flushProgress = new FlushProgress();
  readonly #waiting = new WaitingLogs();
  #recovered: readonly RecoveredShard[] = [];
  #fail!: (error: Error) => void;
  #wal: WriteAheadLog | undefined;
  #flushedLog: FlushedLog | undefined;
  #schedule: SnapshotSchedule | undefined;
  #closing: Promise<void> | undefined;
  #hasGivenUp = false;

  /** Recovers the data of an earlier process. @throws Error if that fails; then nothing that the data needs has been removed. */
  static async open(options: DiskDataOptions): Promise<DiskData> {
    const { calls = new DiskCalls(), folder, openStates = () => MemoryStates.open(folder.path, options) } = options;
    const data = new DiskData(options, calls, await calls.during<StateStore>(openStates()));
    try {
      await data.#open();
    } catch (error) {
      await data.close(false);
      throw error;
    }
    return data;
  }

  private constructor(options: DiskDataOptions, calls: DiskCalls, states: StateStore) {
    this.#options = options;
    this.entryBlocks = new NodeEntryBlocks(options.format, options.shardCount);
    this.#calls = calls;
    this.#states = states;
    this.flushes = new FlushWatch(options.logger);
    this.failure = new Promise((resolve) => {
      this.#fail = resolve;
    });
    void states.failure.then(this.#fail);
    calls.include(() => this.#oldestCallMs < Infinity);
  }

  get hasRoom(): boolean {
    return this.#wal!.hasRoom;
  }

  get isBehind(): boolean {
    return this.#states.backlog !== undefined;
  }

  get database(): DatabaseHealth | undefined {
    return this.#states.database;
  }

  get commits(): CommitWatch | undefined {
    return this.#states.commits;
  }

  get hangs(): boolean {
    return this.#hasGivenUp || performance.now() - this.#oldestCallMs > hangsAfterMs;
  }

  /** When the oldest call of a thread that is under way was begun. Infinity: none is. */
  get #oldestCallMs(): number {
    return Math.min(this.#wal?.oldestJobMs ?? Infinity, this.#states.oldestCallMs ?? Infinity);
  }

  get recovered(): readonly RecoveredShard[] {
    return this.#recovered;
  }

  /** Grows with each write. */
  get logPosition(): number {
    return this.#wal!.appendedBatch;
  }

  create(shard: number, replicaId: string): Storage {
    const id = mintOf(replicaId);
    const journal = this.#wal!.journal({ shard, id });
    const snapshot = emptyAtFirst(this.#states.namesEmptyCopies ? id : '');
    const start = { metadata: new LoggedMetadata(emptyMetadata), snapshot, appliedSeq: 0 };
    const storage = this.#newStorage(journal, this.#states.create(journal.replica), start);
    storage.log.create();
    return storage;
  }

  discard(shard: number, replicaId: string): void {
    const journal = this.#wal!.journal({ shard, id: mintOf(replicaId) });
    const storage = this.#storages.get(journal);
    if (storage === undefined) throw new Error(`replica ${replicaId} of shard ${shard} has no data`);
    // A checkpoint before the last record still has the replica.
    void storage.discard();
    this.#storages.delete(journal);
    this.#wal!.forget(journal);
  }

  close(clean: boolean): Promise<void> {
    this.#closing ??= this.#closeInTime(clean);
    return this.#closing;
  }

  #closeInTime(clean: boolean): Promise<void> {
    return inTime(this.#close(clean), closePatienceMs, () => {
      this.#hasGivenUp = true;
      return silentDisk(this.#options.folder.path);
    });
  }

  async #close(clean: boolean): Promise<void> {
    if (clean && this.#wal !== undefined) await this.#states.settle();
    this.#states.stop();
    this.#schedule?.close();
    this.#waiting.close();
    // What has failed before has been reported, and does not count where the stop is not a clean one.
    const failure = await this.#wal?.close().catch((error: Error) => error);
    await this.#states.close();
    await this.#options.folder.close(clean && !(failure instanceof Error));
    if (clean && failure instanceof Error) throw failure;
  }

  async #open(): Promise<void> {
    const { folder, clusterId, nodeId, mayLackWrites, logger } = this.#options;
    const place = { folder: join(folder.path, 'wal'), owner: { clusterId, nodeId } };
    const calls = this.#calls;
    const mark = new DamageMark(folder.path);
    await calls.during(createFolder(place.folder));
    const recovery = await recoverData({
      ...this.#options,
      place,
      states: this.#states,
      flush: (scanned) => calls.during(flushScanned(place, scanned, this.#options.log?.startThread)),
    });
    const { scan, damageBefore: damage } = recovery;
    if (scan.outcome.kind === 'damaged') {
      const text = 'the log on disk is damaged: each replica goes on with what it had before the damage';
      logger.error({ damage: scan.outcome.reason }, text);
      await calls.during(mark.set(scan.outcome.reason));
    }
    if (damage !== undefined)
      logger.error({ damage }, 'an old part of the log on disk is damaged, and removed: replicas that need it are discarded');
    const wal = await calls.during(this.#openLog(recovery));
    const revived = recovery.found.map((found) => this.#revive(wal, found));
    for (const lost of recovery.lost) this.#bury(wal, lost);
    if (mark.isSet || mayLackWrites) {
      logger.warn('writes may be missing in the data on disk: all replicas join anew');
      for (const { storage } of revived) wal.rename(storage.log.journal, recordNewId(storage.log.journal));
    }
    this.#recovered = revived.map(({ storage, replica }) => {
      const { shard, id } = storage.log.journal.replica;
      return { shard, replicaId: `${nodeId}~${id}`, replica, storage, endedMs: folder.lockedMs };
    });
    await Promise.race([wal.flush(), wal.failure.then((error) => Promise.reject(error))]);
    if (mark.isSet) await calls.during(mark.clear());
    await this.#states.begin(this.#storages.values(), () => this.#flushedLog!.flushed());
    await folder.began();
    this.#schedule?.check();
  }

  async #openLog({ scan, found, lost }: RecoveredData): Promise<WriteAheadLog> {
    const live = [...found, ...lost].map(({ logged }) => logged);
    const wal = await openLog(scan, live, {
      ...this.#options.log,
      onProgress: () => {
        this.#flushProgress.advanced();
        this.#flushedLog?.advanced();
        this.#waiting.release();
      },
      checkpoint: (write) => {
        for (const [journal, { log }] of this.#storages) write(journal, log.state.type, log.state.payload);
        setImmediate(() => this.#schedule?.check());
      },
      onFlushed: (flush) => this.flushes.flushed(flush),
      onNoSpace: () => this.#schedule?.check(),
    });
    this.#wal = wal;
    this.#flushedLog = new FlushedLog(wal, this.#options.log?.syncIntervalMs ?? unflushedMs);
    void wal.failure.then(this.#fail);
    this.#schedule = new SnapshotSchedule({
      wal,
      storages: () => this.#storages.values(),
      take: (storage) => this.#states.advance(storage),
      onNoSpace: (error) => {
        const text = 'the disk has no room for a snapshot: the log stays as long as it is, and the snapshot is tried again';
        this.#options.logger.warn({ err: error }, text);
      },
      onFailed: this.#fail,
    });
    return wal;
  }

  #revive(wal: WriteAheadLog, found: FoundReplica): RevivedReplica {
    const { logged, ids, index, hasParts, state, metadata, snapshot, replica } = found;
    const journal = wal.journal(logged);
    journal.found(ids, index);
    // Without a complete copy nothing in the log is of use: the replica takes a new snapshot.
    journal.cover(snapshot?.seq ?? Number.POSITIVE_INFINITY);
    const storage = this.#newStorage(journal, state, { metadata, snapshot, appliedSeq: replica.appliedSeq });
    if (snapshot?.writerId === '' && this.#states.namesEmptyCopies)
      void storage.log.replaceSnapshot({ ...snapshot, writerId: logged.id });
    // Segments with entries that do not count are not needed for them.
    if (hasParts) void storage.log.append({ type: 'truncate', afterSeq: metadata.current.end.seq });
    return { storage, replica };
  }

  /** The replica ends. The shard gets a new one where it is placed, which takes the data from the primary. */
  #bury(wal: WriteAheadLog, { logged, problem }: LostReplica): void {
    const text = 'the data of a replica on disk cannot be used: it is discarded, and a new replica takes it from the primary';
    this.#options.logger.error({ shard: logged.shard, problem }, text);
    const journal = wal.journal(logged);
    recordLoss(journal);
    wal.forget(journal);
  }

  #newStorage(journal: Journal, state: ReplicaState, start: ReplicaLogStart): DurableStorage {
    const { segmentBytes = defaultSegmentBytes, syncIntervalMs } = this.#options.log ?? {};
    const log = new ReplicaLog(journal, start, {
      namesEmptyCopies: this.#states.namesEmptyCopies,
      blocks: this.entryBlocks.of(journal.replica.shard),
      maxPartBytes: Math.min(mostPartBytes, maxRecordBytes(segmentBytes) / partsPerRecord),
      hasRoom: () => this.#wal!.hasRoomForAccepted,
      onWaiting: (waiting) => this.#waiting.add(waiting),
      onUnneeded: (reference) => this.#states.remove(journal.replica.shard, reference),
    });
    const flushes = syncIntervalMs === undefined ? undefined : new FlushReports(this.#wal!, this.#flushProgress);
    const reader = new StoredEntriesReader(journal, this.#wal!, {
      onRead: (entries) => this.reads.listener(entries),
      onUnreadable: (error) => {
        const { shard } = journal.replica;
        this.#options.logger.warn({ shard, err: error }, 'the log on disk cannot be read for a replica that lacks its entries');
      },
    });
    const storage = new DurableStorage({ state, log, reader, flushes });
    this.#storages.set(journal, storage);
    return storage;
  }
}

interface RevivedReplica {
  readonly storage: DurableStorage;
  readonly replica: RecoveredReplica;
}
