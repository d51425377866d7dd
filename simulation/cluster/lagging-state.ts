/**
 * The applied state of a process whose rows are in a database: it commits them some time after they were applied, flushes them later
 * still, and then lets go of the log below.
 *
 * A commit waits until the log has flushed everything that was accepted when it was gathered. Otherwise a loss of power would leave a
 * database that is ahead of its log. A received copy is committed and flushed before the log records that it is complete.
 */
import type { Change, LogEntry, Replica, StoredSnapshot } from '../../src/replication/index.js';
import type { Random } from '../plan/random.js';
import type { LagSetup } from '../plan/setup.js';
import { sameItem } from '../safety/same-bytes.js';
import { require } from '../safety/violation.js';
import type { Disk } from '../virtual/disk.js';
import type { EventQueue } from '../virtual/event-queue.js';
import type { Store } from '../virtual/store.js';
import type { VirtualDatabase } from '../virtual/virtual-database.js';
import { VirtualOverlay } from '../virtual/virtual-overlay.js';

/** The process, as far as its state concerns it. */
interface OwnerOfState {
  readonly replicaId: string;
  readonly replica: Pick<Replica, 'appliedState'>;
  readonly store: Store;
  readonly disk: Disk;
  readonly appliedSeq: number;
  run(work: () => void): void;
  removeSegments(changes: number): void;
  /** The log may record what waited for the database. */
  diskReleased(): void;
}

interface Surroundings {
  readonly queue: EventQueue;
  readonly random: Random;
  readonly lag: LagSetup;
  /** The database answers nothing before that. */
  readonly node: { readonly stateAwayUntilMs: number };
}

type Gathered = ReturnType<VirtualOverlay['gather']>;

interface Waiting extends Gathered {
  /** Changes that the log must have flushed. */
  readonly afterChanges: number;
  /** Of a received copy. */
  readonly isCompletion: boolean;
}

/** Changes that bring rows, or another position, beside entries that are applied. */
const committed: ReadonlySet<Change['type']> = new Set(['reset', 'rebase', 'load', 'complete']);
/** The time between two attempts to call a database that does not answer. */
const retryMs = 50;
/** The share of commits that take effect, although their answer is lost. */
const unheardShare = 0.3;
/** The share of commits after which segments are removed, although nothing was flushed since. */
const removesEarlyShare = 0.3;
/** The share of removals with which everything is removed that may be. */
const removesAllShare = 0.5;

export class LaggingState {
  readonly #owner: OwnerOfState;
  readonly #around: Surroundings;
  readonly #database: VirtualDatabase;
  readonly #overlay: VirtualOverlay;
  /** Received copies, in order. */
  readonly #completions: Waiting[] = [];
  #isDirty = false;
  #isBusy = false;
  /** Gathered, and not sent. */
  #gathered: Waiting | undefined;
  /** Sent, and not answered. */
  #sent: Waiting | undefined;
  #flushDue = false;
  #isClosed = false;
  #unansweredSinceMs: number | undefined;
  /** Called once there is room again. */
  #whenRoom: (() => void) | undefined;

  constructor(owner: OwnerOfState, database: VirtualDatabase, around: Surroundings) {
    this.#owner = owner;
    this.#around = around;
    this.#database = database;
    this.#overlay = new VirtualOverlay(database, owner.disk.copy, owner.store);
    if (this.#overlay.size > 0) this.#commitLater();
  }

  /** Nothing more is taken until the database has some of it. */
  get isFull(): boolean {
    return this.#overlay.size >= this.#around.lag.mostRows;
  }

  /** For how long the oldest call has gone without an answer. */
  get unansweredMs(): number {
    return this.#unansweredSinceMs === undefined ? 0 : this.#around.queue.nowMs - this.#unansweredSinceMs;
  }

  whenRoom(goOn: () => void): void {
    this.#whenRoom = goOn;
  }

  apply(entries: readonly LogEntry[]): void {
    this.#overlay.apply(entries);
    this.#commitLater();
  }

  change(change: Change): void {
    this.#overlay.change(change);
    if (change.type === 'complete') this.#completions.push(this.#gather(this.#overlay.received(this.#owner.appliedSeq), true));
    if (committed.has(change.type)) this.#commitLater();
  }

  /** The log has flushed more. */
  logFlushed(): void {
    const next = this.#gathered;
    if (next === undefined || this.#owner.disk.flushedCount < next.afterChanges) return;
    this.#gathered = undefined;
    this.#sent = next;
    this.#after(1, () => this.#arrive(next));
  }

  /** Goes on at once with keys that are here, else when the database has answered. */
  whenRows(keys: readonly string[], work: (isLate: boolean) => void): void {
    if (keys.every((key) => this.#overlay.has(key))) return work(false);
    const read = (): void => {
      if (this.#isAway) return this.#whenBack(read);
      this.#owner.run(() => {
        for (const key of keys) this.#checkItem(key);
        work(true);
      });
    };
    this.#after(this.#around.lag.readMs, read);
  }

  /** The process has ended. What it has sent takes effect, or does not. */
  close(): void {
    this.#isClosed = true;
    const { random } = this.#around;
    if (this.#sent !== undefined && !this.#isAway && random.chance(0.5)) this.#database.commit(this.#sent.commit);
    this.#sent = undefined;
  }

  get #isAway(): boolean {
    return this.#around.node.stateAwayUntilMs > this.#around.queue.nowMs;
  }

  #after(ms: number, work: () => void): void {
    this.#around.queue.after(ms * (0.3 + this.#around.random.next()), () => this.#isClosed || work());
  }

  #whenBack(work: () => void): void {
    const { queue, random } = this.#around;
    this.#unansweredSinceMs ??= queue.nowMs;
    queue.after(retryMs * (0.5 + random.next()), () => {
      if (this.#isClosed) return;
      if (this.#isAway) return this.#whenBack(work);
      this.#unansweredSinceMs = undefined;
      work();
    });
  }

  /** What the database and the rows that it lacks show is what was applied. */
  #checkItem(key: string): void {
    require(sameItem(this.#overlay.itemOf(key), this.#owner.store.items.get(key)), () =>
      `${this.#owner.replicaId} reads another ${key} from its database than it has applied`);
  }

  #commitLater(): void {
    this.#isDirty = true;
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#after(this.#around.lag.commitMs, () => this.#owner.run(() => this.#begin()));
  }

  #begin(): void {
    const completion = this.#completions[0];
    // What was applied over a copy since it was received is not in its commit, and needs one of its own.
    this.#isDirty = completion !== undefined;
    this.#gathered = completion ?? this.#gather(this.#position(), false);
    this.logFlushed();
  }

  #gather(position: StoredSnapshot | undefined, isCompletion: boolean): Waiting {
    return { ...this.#overlay.gather(position), afterChanges: this.#owner.disk.acceptedCount, isCompletion };
  }

  /** As of what was applied between two turns. Undefined: the copy is not complete. */
  #position(): StoredSnapshot | undefined {
    const { appliedState } = this.#owner.replica;
    if (appliedState === undefined) return undefined;
    const { position, requests, requestFloor, timeMs } = appliedState;
    return { resets: this.#overlay.copy.resets, position, throughSeq: position.seq, requests, requestFloor, timeMs };
  }

  #arrive(sent: Waiting): void {
    if (!this.#isAway) {
      this.#database.commit(sent.commit);
      return this.#owner.run(() => this.#committed(sent));
    }
    // The commit is repeated: its rows are not newer, so that changes nothing.
    if (this.#around.random.chance(unheardShare)) this.#database.commit(sent.commit);
    this.#whenBack(() => this.#arrive(sent));
  }

  #committed({ settle, isCompletion }: Waiting): void {
    this.#sent = undefined;
    settle();
    if (isCompletion) {
      this.#completions.shift();
      this.#flush(() => this.#owner.diskReleased());
    } else if (!this.#flushDue) {
      this.#flushDue = true;
      this.#after(this.#around.lag.flushMs, () => this.#flush(() => this.#flushed()));
    }
    if (this.#around.random.chance(removesEarlyShare)) this.#removeSegments();
    this.#isBusy = false;
    if (this.#isDirty || this.#completions.length > 0) this.#commitLater();
    const goOn = this.#whenRoom;
    if (goOn === undefined || this.isFull) return;
    this.#whenRoom = undefined;
    goOn();
  }

  #flush(done: () => void): void {
    if (this.#isAway) return this.#whenBack(() => this.#flush(done));
    this.#database.flush();
    this.#owner.run(done);
  }

  #flushed(): void {
    this.#flushDue = false;
    this.#removeSegments();
  }

  #removeSegments(): void {
    const { random } = this.#around;
    const { changeCount } = this.#owner.disk;
    this.#owner.removeSegments(random.chance(removesAllShare) ? changeCount : random.below(changeCount + 1));
  }
}
