/**
 * A replica's disk: the changes that a restart would find after a crash, and those that have not reached it yet.
 * Writes are done in order, and each is flushed with that, or later. A crash of the process keeps the first few of the
 * writes that were not done, any number of them, and loses the rest. A loss of power keeps any of those that were not
 * flushed, also a later one without an earlier one. A restart reads the log up to the first gap.
 *
 * For a replica in memory the same image is its memory: every write is done at once, and a crash destroys it.
 *
 * The applied state may be in a database beside the log. Then a restart finds what the database kept, and the log from the oldest
 * segment that is left. Either may be harmed by a fault, so that the two do not fit any more: the replica is then one without data.
 *
 * What the checks ask for is kept up to date with each change. A restart does not read it: it replays the changes, as a
 * node does (`DiskReader`), and both must agree.
 */
import { type Change, type EpochMark, type EpochRun, type Line, type LogEntry, StoredLog } from '../../src/replication/index.js';
import type { Random } from '../plan/random.js';
import { type DurableChange, type FoundOnDisk, type LaidSnapshot, mostRemovable, recoverFrom } from './disk-reader.js';
import { Store } from './store.js';
import { readEntries, storedEntries } from './stored-entries.js';
import type { CopyId, VirtualDatabase } from './virtual-database.js';

interface PendingWrite extends DurableChange {
  readonly write: number;
}

/** Metadata are flushed before they count as done, also where entries are flushed later. */
function mustFlush({ change }: DurableChange): boolean {
  if (change.type === 'time') return change.isCorrection;
  return change.type !== 'append' && change.type !== 'load' && change.type !== 'loadRequests';
}

/** Each write survives or does not, whatever becomes of the others. What comes behind the first gap is not read. */
function upToGap<Write>(writes: readonly Write[], survives: () => boolean): Write[] {
  const gap = writes.map(survives).indexOf(false);
  return gap === -1 ? [...writes] : writes.slice(0, gap);
}

/** Where the log of these changes ends. */
function endAfter(changes: readonly DurableChange[]): number {
  const last = changes.findLast(({ change: { type } }) => ['append', 'truncate', 'reset', 'rebase'].includes(type))?.change;
  if (last?.type === 'truncate') return last.afterSeq;
  if (last?.type === 'append' || last?.type === 'rebase') return last.entries.at(-1)?.seq ?? Number.POSITIVE_INFINITY;
  return last?.type === 'reset' ? last.baseSeq : 0;
}

export class Disk {
  readonly replicaId: string;
  /** Writes are accepted, and the process must complete none of them. */
  hangs = false;
  history: string | undefined;
  epoch = 0;
  epochId = '';
  /** The line that the data belongs to. */
  line: Line | undefined;
  complete = true;
  /** The time of the shard that was logged last (R17). */
  loggedTimeMs = 0;
  baseSeq = 0;
  base: EpochMark = { epoch: 0, id: '' };
  readonly entries: LogEntry[] = [];
  /** Grows whenever entries are taken back. */
  cuts = 0;
  /** The generation of the history that the data belongs to. */
  generation = 0;
  /** Nothing can be read from it any more. */
  destroyed = false;
  /** A part of the log was damaged, or the database was replaced by a backup, so the two may not fit any more. */
  isHarmed = false;
  /** Undefined: the applied state is in memory, and in snapshots. */
  readonly database: VirtualDatabase | undefined;
  readonly #writerId: string;
  /** Everything that has been written, from the beginning. */
  readonly #changes: DurableChange[] = [];
  readonly #isFlushedLater: boolean;
  /** This number of changes has been removed with old segments: their entries cannot be read for other replicas any more. */
  #removed = 0;
  /** What can be read for them, as its changes state it. */
  #readable = new StoredLog();
  #flushedCount = 0;
  #flushedSeq = 0;
  /** Number of the last write that has been done. */
  #doneWrite = 0;
  /** The epochs of the entries. */
  #runs: EpochRun[] = [];
  /** The store up to `storedSeq`: at the base of the log, or later where a snapshot may hold later items. */
  #stored = new Store();
  #storedSeq = 0;
  /** The copy began with this snapshot. */
  #laid: LaidSnapshot | undefined;
  #pending: PendingWrite[] = [];
  /** From the first `complete` on that waits for the database. */
  #held: PendingWrite[] = [];

  /**
   * @param isFlushedLater writes are done before they are flushed: `sync` flushes them.
   * @param writerId the id that the replica had when its data began
   */
  constructor(replicaId: string, isFlushedLater = false, database?: VirtualDatabase, writerId = replicaId) {
    this.replicaId = replicaId;
    this.#isFlushedLater = isFlushedLater;
    this.database = database;
    this.#writerId = writerId;
  }

  get lastSeq(): number {
    return this.baseSeq + this.entries.length;
  }
  get hasPending(): boolean {
    return this.#pending.length > 0;
  }
  /** The entries up to here survive a loss of power. */
  get flushedSeq(): number {
    return this.#flushedSeq;
  }
  /** A loss of power might lose what has been reported as written. */
  get hasUnflushed(): boolean {
    return this.#flushedCount < this.#changes.length;
  }

  entryAt(seq: number): LogEntry | undefined {
    return this.entries[seq - this.baseSeq - 1];
  }

  /** The epoch of the entry at `seq`, also at the base. */
  markAt(seq: number): EpochMark {
    return this.#runs.findLast(({ firstSeq }) => firstSeq <= seq) ?? this.base;
  }

  /** The store as it is after the entries up to `seq`. */
  storeAt(seq: number): Store {
    const store = new Store(this.#stored);
    store.apply(this.entries.slice(this.#storedSeq - this.baseSeq, Math.max(seq, this.#storedSeq) - this.baseSeq));
    return store;
  }

  /** Entries for another replica. Undefined: the first one cannot be read. */
  read(firstSeq: number, throughSeq: number, maxEntries: number): readonly LogEntry[] | undefined {
    return readEntries(this.#changes.slice(this.#removed), firstSeq, throughSeq, maxEntries);
  }

  /**
   * Old segments are removed: what they hold is applied. @param most the number of changes of these segments
   * @returns the seq above which all entries can still be read
   */
  removeSegments(most: number, appliedSeq: number): number {
    const after = (count: number): number => endAfter(this.#changes.slice(0, count));
    let count = Math.min(Math.max(most, this.#removed), this.#changes.length);
    if (this.database !== undefined)
      count = Math.max(this.#removed, mostRemovable(this.#changes, count, this.database.flushedPosition(this.copy)));
    while (count > this.#removed && after(count) > appliedSeq) count--;
    this.#removed = count;
    return this.#dropRemoved();
  }

  #dropRemoved(): number {
    const left = storedEntries(this.#changes.slice(this.#removed));
    let seq = this.lastSeq;
    while (left.has(seq)) seq--;
    this.#readable.dropThrough(seq);
    return seq;
  }

  /** The number of changes on it. */
  get changeCount(): number {
    return this.#changes.length;
  }
  /** Of these, the first ones that survive a loss of power. */
  get flushedCount(): number {
    return this.#flushedCount;
  }
  /** With those that are still to be written. */
  get acceptedCount(): number {
    return this.#changes.length + this.#pending.length;
  }
  /** The copy that the log belongs to. */
  get copy(): CopyId {
    return { writerId: this.#writerId, resets: this.#changes.filter(({ change }) => change.type === 'reset').length };
  }

  write(write: number, change: Change, appliedSeq: number): void {
    const isHeld = this.#held.length > 0 || (this.database !== undefined && change.type === 'complete');
    (isHeld ? this.#held : this.#pending).push({ write, change, appliedSeq });
  }

  /** The oldest copy for which writes were held is in the database. */
  release(): void {
    const next = this.#held.findIndex(({ change }, index) => index > 0 && change.type === 'complete');
    this.#pending.push(...this.#held.splice(0, next === -1 ? this.#held.length : next));
  }

  /** The oldest accepted write becomes durable. Returns its number; undefined: no write is pending. */
  completeOne(): number | undefined {
    const oldest = this.#pending.shift();
    if (oldest === undefined) return undefined;
    this.#take(oldest);
    this.#done(oldest.write);
    if (mustFlush(oldest)) this.#noteFlushed();
    return oldest.write;
  }

  /** Everything accepted so far becomes durable. Returns the number of the last write; undefined: no write is pending. */
  flush(): number | undefined {
    const last = this.#pending.at(-1);
    const isFlushed = this.#pending.some(mustFlush);
    for (const pending of this.#pending) this.#take(pending);
    this.#pending = [];
    if (last !== undefined) this.#done(last.write);
    if (isFlushed) this.#noteFlushed();
    return last?.write;
  }

  /** Flushes what has been written. Returns the number of the last write; undefined: all was flushed before. */
  sync(): number | undefined {
    if (!this.hasUnflushed) return undefined;
    this.#noteFlushed();
    return this.#doneWrite;
  }

  /** The process ends: the first few of the pending writes are done, a random number of them. */
  crash(random: Random): void {
    if (this.#pending.length > 0) this.#pending.length = random.below(this.#pending.length + 1);
    this.flush();
  }

  /**
   * The machine loses power. If writes that were reported as done may be among those that are lost, what is left belongs to a new
   * replica, and this disk is destroyed (R1). Returns the disk that is left.
   */
  losePower(survives: () => boolean, newId: () => string): Disk {
    if (this.#isFlushedLater) {
      const unflushed = [...this.#changes.slice(this.#flushedCount), ...this.#pending];
      return this.#renamed(newId(), [...this.#changes.slice(0, this.#flushedCount), ...upToGap(unflushed, survives)]);
    }
    this.#pending = upToGap(this.#pending, survives);
    this.flush();
    return this;
  }

  /**
   * Something that was flushed is damaged: what comes before belongs to a new replica. Undefined: nothing can be damaged without the
   * whole copy being lost.
   */
  damage(random: Random, newId: () => string): Disk | undefined {
    const first = this.#changes.findLastIndex((durable) => mustFlush(durable)) + 1;
    if (first === this.#changes.length) return undefined;
    this.isHarmed = true;
    return this.#renamed(newId(), this.#changes.slice(0, random.between(first, this.#changes.length - 1)));
  }

  #renamed(replicaId: string, changes: readonly DurableChange[]): Disk {
    const disk = new Disk(replicaId, this.#isFlushedLater, this.database, this.#writerId);
    for (const durable of changes) disk.#take(durable);
    disk.#noteFlushed();
    if (this.database !== undefined) {
      disk.#removed = Math.min(this.#removed, changes.length);
      disk.#dropRemoved();
    }
    disk.isHarmed = this.isHarmed;
    disk.generation = this.generation;
    disk.cuts += this.cuts + 1;
    this.destroyed = true;
    return disk;
  }

  #noteFlushed(): void {
    this.#flushedCount = this.#changes.length;
    this.#flushedSeq = this.lastSeq;
  }

  /**
   * What a restart finds, or why that cannot be used: only a database makes that possible. Snapshots may have been taken of any part of what was applied in the process, and any part of
   * the log may have been dropped that they make needless.
   */
  recover(appliedSeq: number, random: Random, retainEntries: number): FoundOnDisk {
    // A process flushes what it finds. It counts its own writes from 1.
    this.#noteFlushed();
    this.#doneWrite = 0;
    this.#held = [];
    const mostSeq = this.complete ? Math.max(this.#storedSeq, Math.min(appliedSeq, this.lastSeq)) : this.baseSeq;
    const found = recoverFrom(this, this.#changes, {
      leastSeq: this.#storedSeq,
      mostSeq,
      laid: this.#laid,
      retainEntries,
      random,
      database: this.database && { found: this.database.find(this.copy), removed: this.#removed },
    });
    if (found.problem !== undefined) return found;
    this.isHarmed = false;
    const { baseSeq, entries, epochId, line, loggedTimeMs } = found.replica;
    const isSame = epochId === this.epochId && line === this.line && loggedTimeMs === this.loggedTimeMs;
    if (baseSeq + entries.length !== this.lastSeq || !isSame)
      throw new Error(`disk: a restart of ${this.replicaId} finds epoch ${epochId} up to ${baseSeq + entries.length}`);
    return { ...found, replica: { ...found.replica, stored: this.#readable.start } };
  }

  #done(write: number): void {
    this.#doneWrite = write;
    if (!this.#isFlushedLater) this.#noteFlushed();
  }

  #apply(seq: number): void {
    this.#stored.apply(this.entries.slice(this.#storedSeq - this.baseSeq, seq - this.baseSeq));
    this.#storedSeq = seq;
  }

  #take(taken: DurableChange): void {
    const { change, appliedSeq } = taken;
    this.#changes.push({ change, appliedSeq });
    this.#readable.add(change);
    switch (change.type) {
      case 'append':
        for (const entry of change.entries) {
          if (entry.seq !== this.lastSeq + 1) throw new Error(`disk: entry ${entry.seq} written after ${this.lastSeq}`);
          this.entries.push(entry);
        }
        for (const run of change.runs) if (this.markAt(run.firstSeq).id !== run.id) this.#runs.push(run);
        return;
      case 'truncate':
        if (change.afterSeq < this.#storedSeq) throw new Error(`disk: cut to ${change.afterSeq}, applied to ${this.#storedSeq}`);
        this.entries.length = change.afterSeq - this.baseSeq;
        this.#flushedSeq = Math.min(this.#flushedSeq, change.afterSeq);
        this.#runs = this.#runs.filter(({ firstSeq }) => firstSeq <= change.afterSeq);
        this.cuts += 1;
        return;
      case 'epoch':
        if (change.history === this.history && change.epoch < this.epoch)
          throw new Error(`disk: epoch ${change.epoch} written after ${this.epoch}`);
        // A copy whose last write was lost in a crash counts as no data, although its line is written (R10).
        if (this.complete && this.line !== undefined && this.line.history !== change.history)
          throw new Error(`disk: history ${change.history} written over data of ${this.line.history}`);
        this.history = change.history;
        this.epoch = change.epoch;
        this.epochId = change.epochId;
        return;
      case 'line':
        this.line = change.line;
        return;
      case 'reset':
        this.complete = change.complete;
        this.line = undefined;
        this.loggedTimeMs = change.timeMs;
        this.#laid = undefined;
        this.#stored.change(change);
        this.#startAt(change);
        return;
      case 'rebase':
        this.#apply(appliedSeq);
        this.#stored.change(change);
        this.#startAt(change);
        this.entries.push(...change.entries);
        return;
      case 'load':
      case 'loadRequests':
        this.#stored.change(change);
        return;
      case 'complete':
        this.#laid = { baseSeq: this.baseSeq, base: this.base, throughSeq: appliedSeq, store: new Store(this.#stored) };
        // The items of a snapshot may be as new as the last entry that was laid over them.
        this.#apply(appliedSeq);
        this.complete = true;
        return;
      case 'time':
        this.loggedTimeMs = change.timeMs;
    }
  }

  #startAt({ baseSeq, baseEpoch, baseEpochId }: Extract<Change, { type: 'reset' | 'rebase' }>): void {
    this.baseSeq = baseSeq;
    this.base = { epoch: baseEpoch, id: baseEpochId };
    this.#runs = [];
    this.#storedSeq = baseSeq;
    this.entries.length = 0;
    this.#flushedSeq = 0;
    this.cuts += 1;
  }
}
