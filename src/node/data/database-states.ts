/** The states of a node's replicas in a database, which is their base copy as well: what is applied is written there soon after. */
import type { Logger } from 'pino';
import type { StoredSnapshot } from '../../replication/index.js';
import { type CopyPosition, DatabaseWriter, type FoundCopy, type StateDatabase } from '../../storage/database/index.js';
import type { LoggedReplica } from '../../storage/wal/index.js';
import type { SnapshotReference } from '../../wire/disk/replica-records.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';
import { inTime } from '../in-time.js';
import { DatabaseState } from './database-state.js';
import type { DurableStorage } from './durable-storage.js';
import { LaterLog } from './later-log.js';
import type { SurveyedReplica } from './log-survey.js';
import { checkNeededCopies } from './needed-copies.js';
import type { CommitWatch, DatabaseHealth } from './node-data.js';
import { emptyReset, type Reset } from './replica-state.js';
import { encodeRequests, requestsIn } from './requests-in-parts.js';
import { emptySnapshotOf } from './snapshot-base.js';
import type { DatabaseKind } from './state-kind.js';
import { LostSnapshotError, type RecoveredState, type StateStore } from './state-store.js';

export interface DatabaseStatesOptions {
  readonly database: StateDatabase;
  /** With `lmdb` the database is in the data directory, so a call without an answer is one of its disk. */
  readonly kind: DatabaseKind;
  /** Bytes that may wait for the database before writes wait. */
  readonly maxOverlayBytes: number;
  readonly logger: Pick<Logger, 'warn'>;
}

/** A planned stop waits this long until the database has everything. A start would apply the rest from the log. */
const settlePatienceMs = 1_000;
/** A stop waits this long for the database. The log has what it lacks. */
const closePatienceMs = 2_000;

export class DatabaseStates implements StateStore {
  readonly failure: Promise<Error>;
  readonly namesEmptyCopies = true;
  readonly commits: CommitWatch = { listener: () => {} };
  readonly #options: DatabaseStatesOptions;
  readonly #writer: DatabaseWriter;
  readonly #states = new Map<number, DatabaseState>();
  #logFlushed: () => Promise<void> | undefined = () => undefined;
  #closing: Promise<void> | undefined;

  constructor(options: DatabaseStatesOptions) {
    const { database, maxOverlayBytes, logger } = options;
    this.#options = options;
    this.#writer = new DatabaseWriter({
      database,
      maxOverlayBytes,
      encodeRequests,
      logFlushed: () => this.#logFlushed(),
      onCommitted: (commit) => this.commits.listener(commit),
      onFailed: (err) => logger.warn({ err }, `${database.kind} has failed; calls are repeated until it answers`),
    });
    this.failure = this.#writer.failure;
  }

  get backlog(): Promise<void> | undefined {
    return this.#writer.backlog;
  }

  get database(): DatabaseHealth {
    const { kind, database } = this.#options;
    const { overlayBytes, waitingReads } = this.#writer;
    const silentMs = this.#writer.unavailableForMs();
    const states = [...this.#states.values()];
    const lagEntries = states.reduce((sum, state) => sum + state.lagEntries, 0);
    const unflushedEntries = states.reduce((sum, state) => sum + state.unflushedEntries, 0);
    return { kind, silentMs, lagEntries, unflushedEntries, overlayBytes, waitingReads, sizeBytes: database.sizeBytes };
  }

  get oldestCallMs(): number | undefined {
    const waitedMs = this.#isLocal ? this.#writer.unavailableForMs() : 0;
    return waitedMs === 0 ? undefined : performance.now() - waitedMs;
  }

  get #isLocal(): boolean {
    return this.#options.kind === 'lmdb';
  }

  create(replica: LoggedReplica): DatabaseState {
    const state = this.#stateOf(replica.shard);
    state.reset(emptyReset, replica, 0);
    return state;
  }

  beginReplay(flushLog: () => Promise<void>): Promise<void> {
    return flushLog();
  }

  check(replicas: readonly SurveyedReplica[]): void {
    checkNeededCopies(this.#options.kind, this.#options.database, replicas);
  }

  async recover({ shard, id }: LoggedReplica, reference: SnapshotReference | undefined): Promise<RecoveredState> {
    const state = this.#stateOf(shard);
    if (reference === undefined) {
      state.skipReplay();
      return { state, snapshot: undefined };
    }
    const { found } = state;
    if (found !== undefined && isOf(found.position, reference)) return { state, snapshot: snapshotOf(found) };
    const snapshot = emptySnapshotOf(reference);
    if (snapshot === undefined)
      throw new LostSnapshotError(`the database (${this.#options.database.kind}) does not hold its copy`);
    // The log of data that was in memory does not name copies without items. Such a copy gets the name of the replica.
    state.reset(resetTo(snapshot), { shard, id: reference.writerId || id }, reference.resets);
    return { state, snapshot };
  }

  async begin(storages: Iterable<DurableStorage>, logFlushed: () => Promise<void> | undefined): Promise<void> {
    this.#logFlushed = logFlushed;
    const held = new Set([...storages].map(({ log }) => log.journal.replica.shard));
    for (const { shard } of this.#options.database.found)
      if (!held.has(shard) && !this.#states.has(shard)) this.#writer.forget(shard);
    for (const [shard, state] of [...this.#states]) if (!held.has(shard)) state.discard();
  }

  async advance(storage: DurableStorage): Promise<void> {
    await this.#writer.settle();
    const applied = storage.appliedState;
    const flushedSeq = this.#states.get(storage.log.journal.replica.shard)?.flushedSeq ?? -1;
    // Entries that wait to be committed, perhaps for days, are not in the database.
    if (applied === undefined || applied.unapplied.length === 0 || flushedSeq < applied.position.seq) return;
    await storage.log.repeatUnapplied(applied);
  }

  /** The rows of a copy are removed when the next one begins. */
  remove(): void {}

  async settle(): Promise<void> {
    await inTime(this.#writer.settle(), settlePatienceMs, () => new Error('the database does not answer')).catch(() => {});
  }

  stop(): void {}

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const closing = this.#writer.close();
    if (this.#isLocal) return closing;
    const silent = new Error(`${this.#options.database.kind} does not answer`);
    await inTime(closing, closePatienceMs, () => silent).catch((err: unknown) => {
      this.#options.logger.warn({ err }, 'the connections to the database could not be closed in order');
    });
  }

  #stateOf(shard: number): DatabaseState {
    const log = new LaterLog();
    const state = new DatabaseState(this.#writer.engine(shard, log), log, () => {
      if (this.#states.get(shard) !== state) return;
      this.#states.delete(shard);
      this.#writer.forget(shard);
    });
    this.#states.set(shard, state);
    return state;
  }
}

/** A copy that was begun and has no position yet may have rows of the copy before it. */
function isOf({ writerId, resets, complete }: CopyPosition, reference: SnapshotReference): boolean {
  return complete && writerId === reference.writerId && resets === reference.resets;
}

/** @throws LostSnapshotError */
function snapshotOf({ position, requests }: FoundCopy): StoredSnapshot {
  const { resets, seq, epoch, epochId, throughSeq, requestFloor, timeMs } = position;
  try {
    return { resets, position: { seq, epoch, epochId }, throughSeq, requests: requestsIn(requests), requestFloor, timeMs };
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
    throw new LostSnapshotError(`its copy in the database is damaged: ${error.message}`, { cause: error });
  }
}

function resetTo({ position, requestFloor, timeMs }: StoredSnapshot): Reset {
  const { seq: baseSeq, epoch: baseEpoch, epochId: baseEpochId } = position;
  return { type: 'reset', baseSeq, baseEpoch, baseEpochId, complete: true, requestFloor, timeMs };
}
