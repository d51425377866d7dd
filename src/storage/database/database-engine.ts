/**
 * The applied state of one replica in the database of its node.
 *
 * What was applied is visible at once: reads look into the overlay first, and then into the database. `DatabaseWriter` gathers the
 * overlay into commits.
 *
 * It does not persist entries: the log does.
 */
import type { AppliedPosition, Change, DueKey, LogEntry, SnapshotItem } from '../../replication/index.js';
import type { RangePage, RangeQuery, RecordView, StoredHead, StoredValue } from '../storage.js';
import { CommitProgress } from './commit-progress.js';
import { scanDatabase } from './database-scan.js';
import { DueKeys } from './due-keys.js';
import type { AppliedSource, EngineParts } from './engine-parts.js';
import type { LaneCommit, LaneOwner } from './lane.js';
import { OrderedPages } from './ordered-pages.js';
import { type Layer, Overlay } from './overlay.js';
import { RequestParts } from './request-parts.js';
import type { CopyName, CopyPosition, FoundCopy, RowTotals } from './state-database.js';
import { StoredShard } from './stored-shard.js';

type Reset = Extract<Change, { type: 'reset' }>;

const noTotals: RowTotals = { keys: 0, expiring: 0, bytes: 0 };

export class DatabaseEngine implements LaneOwner {
  /** Gets the seq of a position that is flushed: a start needs the log above it only. */
  onCovered: (seq: number) => void = () => {};
  readonly #parts: EngineParts;
  readonly #overlay: Overlay;
  readonly #requests: RequestParts;
  readonly #shard: StoredShard;
  readonly #due: DueKeys;
  readonly #pages: OrderedPages;
  readonly #progress = new CommitProgress();
  #source: AppliedSource | undefined;
  #copy: CopyName;
  /** A position of the copy is in the database, or in a layer that is sealed. */
  #isComplete: boolean;
  #totals: RowTotals;
  /** It waits for its log. */
  #isParked = false;
  /** The open layer is sealed at the end of this turn. */
  #isFull = false;
  #isClosed = false;

  constructor(parts: EngineParts) {
    const { database, lane, budget, reads, scans } = parts;
    const { position, totals = noTotals, earliestExpiryMs } = lane.found ?? {};
    this.#parts = parts;
    this.#overlay = new Overlay(budget);
    this.#requests = new RequestParts(parts.encodeRequests);
    this.#copy = position ?? { writerId: '', resets: 0 };
    this.#isComplete = position?.complete ?? false;
    this.#totals = totals;
    if (this.#isComplete) this.#progress.startAt(position!.seq);
    this.#shard = new StoredShard(database, lane, this.#overlay, reads, scans);
    this.#due = new DueKeys(this.#shard, earliestExpiryMs);
    this.#pages = new OrderedPages(this.#shard);
  }

  /** The copy that the database had when it was opened. Undefined: it had none, or another one has begun since. */
  get found(): FoundCopy | undefined {
    return this.#parts.lane.found;
  }

  /** As of the last commit, like the two below. */
  get keyCount(): number {
    return this.#totals.keys;
  }
  get expiringCount(): number {
    return this.#totals.expiring;
  }
  get dataBytes(): number {
    return this.#totals.bytes;
  }
  get earliestExpiryMs(): number | undefined {
    return this.#due.earliestMs;
  }
  /** Estimated memory of what waits for the database. */
  get memoryBytes(): number {
    return this.#overlay.bytes;
  }
  /** See `DatabaseWriter.backlog`. */
  get backlog(): Promise<void> | undefined {
    return this.#parts.budget.backlog;
  }
  /** The newest position that is committed. Undefined: the copy has none yet. */
  get committedSeq(): number | undefined {
    return this.#progress.committedSeq;
  }
  /** Entries that are applied and not committed. 0 while a copy is received. */
  get lagEntries(): number {
    return this.#entriesAbove(this.#progress.committedSeq);
  }
  /** Entries that are applied and not flushed in the database; the log keeps them. 0 while a copy is received. */
  get unflushedEntries(): number {
    return this.#entriesAbove(this.#progress.flushedSeq);
  }
  /** The newest position that survives a loss of power. Undefined: the copy has none yet. */
  get flushedSeq(): number | undefined {
    return this.#progress.flushedSeq;
  }

  /** Nothing is committed before. A replay may be attached first, and then the replica. */
  attach(source: AppliedSource): void {
    this.#source = source;
    this.#parts.wake();
  }

  apply(entries: readonly LogEntry[]): void {
    for (const { writes, seq } of entries)
      for (const { key, value, expiresAtMs } of writes) this.#overlay.put({ key, value, version: seq, expiresAtMs });
    this.#overlay.addBytes(this.#requests.add(entries));
    this.#changed();
  }

  /** Items of a snapshot that is received. */
  load(items: readonly SnapshotItem[]): void {
    for (const item of items) this.#overlay.put(item);
    this.#changed();
  }

  /** The replica discards its data. The shard has a copy of this name from now on, which is empty. */
  reset(name: CopyName, { baseSeq, baseEpoch, baseEpochId, requestFloor, timeMs }: Reset): void {
    const { lane } = this.#parts;
    const copy = { writerId: name.writerId, resets: name.resets };
    this.#overlay.clear();
    this.#requests.restart();
    this.#due.reset();
    this.#progress.reset();
    this.#totals = noTotals;
    this.#copy = copy;
    this.#isComplete = false;
    // A crash may leave rows of the copy before, so this one may be used only once it has a position by a commit.
    const mark = { seq: baseSeq, epoch: baseEpoch, epochId: baseEpochId, throughSeq: baseSeq };
    lane.begin({ ...copy, complete: false, ...mark, requestFloor, timeMs }, () => this.#isLogged(copy, baseSeq));
    this.#changed();
  }

  /** The log has begun anew, and no request is recognised (see the change `rebase`). */
  rebased(): void {
    this.#requests.restart();
    this.#changed();
  }

  /**
   * The copy that was received is complete. Resolves once it survives a loss of power, with the position of that moment.
   *
   * The log must not have a record that says so before. Entries that are applied later may wait in the log until then.
   *
   * @param throughSeq the last entry that was applied over its items
   */
  async complete(throughSeq: number): Promise<CopyPosition> {
    const { lane, flush, wake, hurry } = this.#parts;
    const applied = this.#source?.appliedPosition;
    if (applied?.position.seq !== throughSeq)
      throw new Error(`the replica has applied up to ${applied?.position.seq}, and its storage up to ${throughSeq}`);
    this.#requests.restart();
    const commit = this.#seal(applied);
    const committed = this.#progress.committed();
    lane.add(commit);
    wake();
    hurry();
    await committed;
    await flush();
    return commit.change.position!;
  }

  get(key: string): StoredValue | undefined | Promise<StoredValue | undefined> {
    return this.#shard.get(key);
  }

  head(key: string): StoredHead | undefined | Promise<StoredHead | undefined> {
    return this.#shard.head(key);
  }

  due(timeMs: number, most: number, take: (keys: readonly DueKey[]) => void): void {
    this.#due.find(timeMs, most, take);
  }

  range(query: RangeQuery, onMoment?: () => void): RangePage | Promise<RangePage> {
    return this.#pages.page(query, onMoment);
  }

  /** Begins once everything that is applied now is committed. */
  async *scan(chunkBytes: number, take: (record: RecordView) => void): AsyncIterable<void> {
    const copy = this.#copy;
    await this.committed();
    yield* scanDatabase(this.#shard, chunkBytes, take, () => this.#copy !== copy);
  }

  get isChanged(): boolean {
    return this.#progress.isChanged;
  }

  gather(): LaneCommit | undefined {
    if (!this.isChanged || this.#source === undefined) return undefined;
    const applied = this.#source.appliedPosition;
    // Rows without a position would be ahead of the one that the copy has.
    if (applied === undefined && this.#isComplete) return undefined;
    const isReady = applied === undefined || this.#isLogged(this.#copy, applied.position.seq);
    return isReady ? this.#seal(applied) : undefined;
  }

  committed(): Promise<void> {
    this.#parts.hurry();
    return this.#progress.committed();
  }

  covers(): () => void {
    const copy = this.#copy;
    const seq = this.#progress.committedSeq;
    return () => {
      if (seq === undefined || copy !== this.#copy || !this.#progress.flushed(seq)) return;
      this.onCovered(seq);
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#overlay.clear();
    this.#source = undefined;
  }

  #entriesAbove(seq: number | undefined): number {
    const appliedSeq = this.#source?.appliedPosition?.position.seq;
    return seq === undefined || appliedSeq === undefined ? 0 : Math.max(0, appliedSeq - seq);
  }

  #changed(): void {
    this.#progress.changed();
    this.#parts.wake();
    if (this.#isFull || this.#overlay.openBytes < this.#parts.layerBytes) return;
    this.#isFull = true;
    // Only between two turns the rows are those of the position.
    setImmediate(() => this.#sealFull());
  }

  #sealFull(): void {
    this.#isFull = false;
    const commit = this.gather();
    if (commit !== undefined) this.#parts.lane.add(commit);
  }

  /** @param applied the position of all that is in the overlay. Undefined: a snapshot is being received. */
  #seal(applied: AppliedPosition | undefined): LaneCommit {
    const { lane } = this.#parts;
    const copy = this.#copy;
    const layer = this.#overlay.seal();
    this.#progress.sealed();
    const position = applied && positionOf(copy, applied);
    const requests = applied && this.#requests.take(() => this.#source!.appliedState!.requests);
    this.#isComplete ||= position !== undefined;
    return {
      change: { shard: lane.shard, rows: [...layer.rows.values()], position, requests },
      bytes: layer.bytes,
      isLogged: () => position === undefined || this.#isLogged(copy, position.seq),
      committed: (totals) => this.#committed(layer, copy, position, totals),
    };
  }

  #committed(layer: Layer, copy: CopyName, position: CopyPosition | undefined, totals: RowTotals): void {
    this.#overlay.drop(layer);
    if (copy === this.#copy) {
      this.#due.committed(layer.earliestExpiryMs);
      this.#totals = totals;
    }
    this.#progress.wasCommitted(copy === this.#copy ? position?.seq : undefined);
  }

  /**
   * Whether the log has the records up to there. Some may wait for room, or for a snapshot that is completed. Then there is another look
   * once the log has them. Whoever takes the place of a replica comes after its log.
   */
  #isLogged(copy: CopyName, seq: number): boolean {
    if (this.#isClosed || this.#parts.log.hasAppended(copy, seq)) return true;
    this.#park();
    return false;
  }

  #park(): void {
    if (this.#isParked) return;
    this.#isParked = true;
    const resume = (): void => {
      this.#isParked = false;
      this.#parts.wake();
    };
    // If the log fails, the process ends.
    this.#parts.log.kept.then(resume, () => {});
  }
}

function positionOf({ writerId, resets }: CopyName, { position, requestFloor, timeMs }: AppliedPosition): CopyPosition {
  return { writerId, resets, complete: true, ...position, throughSeq: position.seq, requestFloor, timeMs };
}
