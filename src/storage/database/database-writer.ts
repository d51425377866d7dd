/**
 * Writes what the replicas of a node have applied into its database, behind their backs.
 *
 * Once a turn, or less often if the database wants that, it gathers what all shards have applied since their last commit into one
 * commit, one at a time. Each shard has its position with its rows, so a start finds rows that are exactly those of the position.
 *
 * The log comes first: a commit waits until the log has flushed everything that was appended when the commit was gathered. Otherwise a
 * loss of power could leave a database that is ahead of the log.
 *
 * A call that fails is tried again until the database answers. Meanwhile the rows wait in the overlays of the shards, whose size has a
 * bound.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { CommitPace } from './commit-pace.js';
import { DatabaseEngine } from './database-engine.js';
import type { EngineLog } from './engine-parts.js';
import { FlushSchedule } from './flush-schedule.js';
import { keepAsking } from './keep-asking.js';
import { Lane, type LaneCommit, type LaneStep } from './lane.js';
import { OverlayBudget } from './overlay-budget.js';
import { PersistentCalls } from './persistent-calls.js';
import type { EncodeRequests } from './request-parts.js';
import type { StateDatabase } from './state-database.js';

/**
 * Bounds a commit: the shards that would exceed it wait for the next one, and a shard that has applied more gives it in several commits. What
 * one turn applies is never divided. With as much, a commit begins at once.
 */
const defaultCommitBytes = 8 * 1024 * 1024;
/** Rows that are removed at once, between two commits of other shards. */
const removedRows = 1_000;
/** Reads that wait for the database, for all shards, and as many scans; more are refused. */
const mostReads = 8_192;
const defaultOverlayBytes = 64 * 1024 * 1024;

export interface DatabaseWriterOptions {
  readonly database: StateDatabase;
  /** Resolves once everything that was appended to the node's log before the call is flushed. Undefined: it is. */
  logFlushed(): Promise<void> | undefined;
  readonly encodeRequests: EncodeRequests;
  /** Bytes that may wait for the database before `backlog` makes others wait. Default: 64 MiB. */
  readonly maxOverlayBytes?: number;
  /** A call failed, and is tried again until the database answers. Called with the first failure after a success. */
  onFailed(error: Error): void;
  /** For the metrics. */
  onCommitted?(commit: CommitReport): void;
}

export interface CommitReport {
  /** Until the database has answered, in milliseconds, with all attempts. LMDB and PostgreSQL have flushed it by then. */
  readonly durationMs: number;
  readonly rows: number;
}

/** The steps that are executed together. */
interface Round {
  readonly begins: (readonly [Lane, Extract<LaneStep, { kind: 'begin' }>])[];
  readonly commits: (readonly [Lane, LaneCommit])[];
  /** Only one shard's rows are removed between two commits. */
  removes: Lane | undefined;
}

export class DatabaseWriter {
  /** Resolves if the database can never be used again: the process must end. */
  readonly failure: Promise<Error>;
  readonly #database: StateDatabase;
  readonly #options: DatabaseWriterOptions;
  readonly #budget: OverlayBudget;
  readonly #writes: PersistentCalls;
  readonly #reads: PersistentCalls;
  readonly #scans: PersistentCalls;
  readonly #flushes: FlushSchedule;
  readonly #endAsking: () => void;
  readonly #pace: CommitPace;
  readonly #commitBytes: number;
  readonly #lanes = new Map<number, Lane>();
  /** Lanes that may have a step to be executed. */
  readonly #busy = new Set<Lane>();
  #fail!: (error: Error) => void;
  #isWorking = false;
  #isClosed = false;

  constructor(options: DatabaseWriterOptions) {
    const { database, maxOverlayBytes = defaultOverlayBytes, onFailed } = options;
    this.#options = options;
    this.#database = database;
    this.#budget = new OverlayBudget(maxOverlayBytes);
    this.failure = new Promise((resolve) => {
      this.#fail = resolve;
    });
    void database.failure.then(this.#fail);
    this.#writes = new PersistentCalls({ onLost: this.#fail, onFailed });
    this.#reads = new PersistentCalls({ most: mostReads, onLost: this.#fail, onFailed });
    this.#scans = new PersistentCalls({ most: mostReads, onLost: this.#fail, onFailed });
    this.#endAsking = database.ping === undefined ? () => {} : keepAsking(() => database.ping!(), this.#reads);
    this.#flushes = new FlushSchedule(() => this.#flush());
    this.#pace = new CommitPace(database.commitPauseMs ?? 0);
    this.#commitBytes = database.commitBytes ?? defaultCommitBytes;
  }

  /** Bytes that wait for the database. */
  get overlayBytes(): number {
    return this.#budget.bytes;
  }

  /** Undefined: the database keeps up. Otherwise it resolves once it has caught up, and nothing should be added before. */
  get backlog(): Promise<void> | undefined {
    return this.#budget.backlog;
  }

  /** Reads that wait for the database. */
  get waitingReads(): number {
    return this.#reads.waiting + this.#scans.waiting;
  }

  /**
   * For how long the oldest call has waited for its answer, in milliseconds. 0: none waits. A scan of many rows may take long at a database
   * that answers everything else, so scans do not count where probes show whether it answers.
   */
  unavailableForMs(nowMs = performance.now()): number {
    const scansMs = this.#database.ping === undefined ? this.#scans.waitingForMs(nowMs) : 0;
    return Math.max(this.#writes.waitingForMs(nowMs), this.#reads.waitingForMs(nowMs), scansMs);
  }

  /**
   * The engine of a replica, which takes the place of the one that the shard had before. It goes on with the copy that the database had
   * when it was opened. If there is none, or not the right one, the caller resets it before anything else.
   */
  engine(shard: number, log: EngineLog): DatabaseEngine {
    const lane = this.#lane(shard);
    const engine = new DatabaseEngine({
      database: this.#database,
      lane,
      log,
      budget: this.#budget,
      reads: this.#reads,
      scans: this.#scans,
      encodeRequests: this.#options.encodeRequests,
      layerBytes: this.#commitBytes,
      wake: () => this.#wake(lane),
      hurry: () => this.#pace.hurry(),
      flush: () => this.#flush(),
    });
    lane.owner = engine;
    return engine;
  }

  /** The shard has no copy any more. */
  forget(shard: number): void {
    const lane = this.#lane(shard);
    lane.owner = undefined;
    lane.begin(undefined, () => true);
    this.#wake(lane);
  }

  /** What is committed by now is flushed soon, because the log is to become shorter. */
  flushSoon(): void {
    this.#pace.hurry();
    this.#flushes.now();
  }

  /** Resolves once everything that was applied before the call is committed and flushed. Does not resolve while the database is away. */
  async settle(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map(({ owner }) => owner?.committed()));
    await this.#flush();
  }

  /** Idempotent. Nothing is begun any more, and what waits for an answer rejects. Resolves once no call is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#pace.hurry();
    this.#flushes.close();
    this.#endAsking();
    await Promise.all([this.#writes.close(), this.#reads.close(), this.#scans.close()]);
    await this.#database.close();
  }

  #lane(shard: number): Lane {
    let lane = this.#lanes.get(shard);
    if (lane === undefined) {
      const found = this.#database.found.find((copy) => copy.shard === shard);
      lane = new Lane(shard, found);
      this.#lanes.set(shard, lane);
    }
    return lane;
  }

  #wake(lane: Lane): void {
    this.#busy.add(lane);
    if (this.#mustHurry(lane)) this.#pace.hurry();
    if (this.#isWorking || this.#isClosed) return;
    this.#isWorking = true;
    this.#work().catch((error: Error) => {
      if (!this.#isClosed) this.#fail(error);
    });
  }

  /** What the lane has to do does not wait for the pace of commits. */
  #mustHurry(lane: Lane): boolean {
    return lane.isStale || this.#budget.bytes >= this.#commitBytes;
  }

  async #work(): Promise<void> {
    while (this.#busy.size > 0) {
      await turn();
      if (!Array.from(this.#busy).some((lane) => this.#mustHurry(lane))) await this.#pace.wait();
      if (this.#isClosed) break;
      await this.#execute(this.#round());
    }
    this.#isWorking = false;
  }

  #round(): Round {
    const round: Round = { begins: [], commits: [], removes: undefined };
    let bytes = 0;
    for (const lane of this.#busy) {
      if (bytes >= this.#commitBytes) break;
      const step = lane.next();
      if (step === undefined) this.#busy.delete(lane);
      else if (step.kind === 'begin') round.begins.push([lane, step]);
      else if (step.kind === 'remove') round.removes ??= lane;
      else {
        round.commits.push([lane, step]);
        bytes += step.bytes;
      }
    }
    return round;
  }

  async #execute({ begins, commits, removes }: Round): Promise<void> {
    if (begins.length > 0 || commits.length > 0) await this.#options.logFlushed();
    for (const [lane, { position }] of begins) {
      await this.#writes.run(() => this.#database.begin(lane.shard, position));
      lane.done();
    }
    await this.#commit(commits);
    if (removes === undefined) return;
    const removed = await this.#writes.run(() => this.#database.removeSome(removes.shard, removedRows));
    if (removed === 0) removes.done();
    this.#requeue(removes);
  }

  async #commit(commits: Round['commits']): Promise<void> {
    if (commits.length === 0) return;
    const changes = commits.map(([, { change }]) => change);
    const startMs = performance.now();
    const totals = await this.#writes.run(() => this.#database.commit(changes));
    const rows = changes.reduce((sum, change) => sum + change.rows.length, 0);
    this.#options.onCommitted?.({ durationMs: performance.now() - startMs, rows });
    for (const [index, [lane, commit]] of commits.entries()) {
      lane.done();
      this.#requeue(lane);
      commit.committed(totals[index]!);
    }
    this.#flushes.soon();
  }

  /** The lane comes behind the others, so that a commit that is full does not leave out the same shards again and again. */
  #requeue(lane: Lane): void {
    this.#busy.delete(lane);
    if (lane.hasWork) this.#busy.add(lane);
  }

  async #flush(): Promise<void> {
    const flushed = [...this.#lanes.values()].map(({ owner }) => owner?.covers());
    await this.#writes.run(() => this.#database.flush());
    for (const done of flushed) done?.();
  }
}
