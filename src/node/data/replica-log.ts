/**
 * The part of the node's log that is of one replica: it writes the replica's changes, and keeps what a checkpoint needs (the first
 * batch of each segment, see src/storage/wal).
 *
 * Records are written in the order of the changes. So while the snapshot file of a joiner is being completed, the records of later
 * changes wait.
 */
import type { AppliedState, Change, LoggedMetadata } from '../../replication/index.js';
import type { Journal, KeptWhen } from '../../storage/wal/index.js';
import {
  type AppendChange,
  type EncodedRecord,
  encodeChange,
  encodeComplete,
  encodeRebase,
  encodeRepeat,
  type LoggedChange,
} from '../../wire/disk/change-records.js';
import { type RecordType, recordTypes } from '../../wire/disk/record-types.js';
import { encodeReference, encodeReplica, type SnapshotReference } from '../../wire/disk/replica-records.js';
import type { EntryBlocks } from '../../wire/peer/entry-blocks.js';
import { appendParts } from './append-parts.js';
import type { Reset } from './replica-state.js';
import { emptyAfter } from './snapshot-base.js';

/** Where the log of a replica begins in this process. */
export interface ReplicaLogStart {
  readonly metadata: LoggedMetadata;
  /** Undefined: the replica has no complete copy. */
  readonly snapshot: SnapshotReference | undefined;
  readonly appliedSeq: number;
}

export interface ReplicaLogOptions {
  /** See `StateStore`. */
  readonly namesEmptyCopies: boolean;
  /** The encoded entries of the shard. */
  readonly blocks: EntryBlocks;
  /** Estimated size of the largest record with more than one entry. */
  readonly maxPartBytes: number;
  /** Whether the log has room for entries. Otherwise they wait, so that what makes room can still be written. */
  hasRoom(): boolean;
  /** Entries wait: call `release` once there is room. */
  onWaiting(log: ReplicaLog): void;
  /** The snapshot is not needed any more, even after a crash. */
  onUnneeded(reference: SnapshotReference): void;
}

/** Entries that wait for room in the log. */
interface WaitingAppend {
  readonly change: AppendChange;
  readonly appliedSeq: number;
  readonly kept: Promise<void>;
  written(kept: Promise<void>): void;
}

const never = new Promise<never>(() => {});

export class ReplicaLog {
  readonly journal: Journal;
  /** The last entry that the store has applied. */
  appliedSeq: number;
  readonly #metadata: LoggedMetadata;
  readonly #blocks: EntryBlocks;
  readonly #options: ReplicaLogOptions;
  /** As recorded in the log. */
  #snapshot: SnapshotReference | undefined;
  /** With those that wait to be written. */
  #resets: number;
  /** Of the newest record. */
  #kept: Promise<void> = Promise.resolve();
  /** Records wait for this, in order. */
  #held: Promise<void> | undefined;
  #heldRecords = 0;
  #waiting: WaitingAppend[] = [];
  #hasLeft = false;

  constructor(journal: Journal, { metadata, snapshot, appliedSeq }: ReplicaLogStart, options: ReplicaLogOptions) {
    this.journal = journal;
    this.appliedSeq = appliedSeq;
    this.#metadata = metadata;
    this.#snapshot = snapshot;
    this.#resets = metadata.resets;
    this.#options = options;
    this.#blocks = options.blocks;
  }

  /** Counts the changes `reset`, with this process's. */
  get resets(): number {
    return this.#resets;
  }
  get snapshot(): SnapshotReference | undefined {
    return this.#snapshot;
  }
  get hasLeft(): boolean {
    return this.#hasLeft;
  }
  /** Records wait for a snapshot file, or for room. */
  get isHeld(): boolean {
    return this.#held !== undefined || this.#waiting.length > 0;
  }
  /** Resolves once everything so far is kept. */
  get kept(): Promise<void> {
    return this.#waiting.at(-1)?.kept ?? this.#kept;
  }

  /** See `StateLog`. */
  hasAppended(resets: number, seq: number): boolean {
    const { resets: appendedResets, lastSeq } = this.#metadata;
    return appendedResets > resets || (appendedResets === resets && lastSeq >= seq);
  }

  /** See `StateLog`. */
  cover(seq: number): void {
    if (!this.#hasLeft) this.journal.cover(seq);
  }

  /** The record that says that the replica exists, and what its log holds up to now. */
  get state(): { readonly type: RecordType; readonly payload: Uint8Array } {
    const payload = encodeReplica({ metadata: this.#metadata.current, snapshot: this.#snapshot });
    return { type: recordTypes.replica, payload };
  }

  /** The replica is new. */
  create(): void {
    const { type, payload } = this.state;
    this.#kept = this.journal.append(type, payload);
  }

  /** Resolves once the change, and all before it, are kept. */
  append(change: LoggedChange): Promise<void> {
    if (change.type === 'append') {
      if (this.#waiting.length > 0 || !this.#options.hasRoom()) return this.#wait(change);
      return this.#append(change, this.appliedSeq);
    }
    this.releaseAll();
    if (change.type === 'reset') return this.#reset(change);
    if (change.type === 'rebase') return this.#rebase(change);
    return this.#add(change);
  }

  /** Writes entries that wait while there is room. @returns whether some still wait. */
  release(): boolean {
    while (this.#waiting.length > 0 && this.#options.hasRoom()) this.#releaseFirst();
    return this.#waiting.length > 0;
  }

  /** Writes all entries that wait: what follows is written in any case. */
  releaseAll(): void {
    while (this.#waiting.length > 0) this.#releaseFirst();
  }

  /** The copy is complete, once this has resolved. */
  complete(copy: Promise<SnapshotReference>): Promise<void> {
    this.releaseAll();
    const { appliedSeq } = this;
    let reference: SnapshotReference;
    const ready = async (): Promise<void> => {
      reference = await copy;
    };
    this.#held = this.#held === undefined ? ready() : this.#held.then(ready);
    return this.#inOrder(() => {
      const kept = this.#write(encodeComplete(appliedSeq, reference), undefined, 'flushed');
      this.#metadata.add({ type: 'complete' }, appliedSeq);
      this.#snapshot = reference;
      return kept;
    });
  }

  /** The snapshot takes the place of the one before, unless the replica has discarded its data since. */
  replaceSnapshot(reference: SnapshotReference): Promise<void> {
    // The snapshot makes room for what waits, but it needs the log up to its end.
    if ((this.#waiting[0]?.change.entries[0]?.seq ?? Number.POSITIVE_INFINITY) <= reference.throughSeq) this.releaseAll();
    return this.#inOrder(() => {
      if (this.#hasLeft || reference.resets !== this.#metadata.resets) {
        this.#options.onUnneeded(reference);
        return this.#kept;
      }
      const kept = this.#write({ type: recordTypes.snapshot, pieces: [encodeReference(reference)] }, undefined, 'flushed');
      return this.#replaced(kept, reference, reference.seq);
    });
  }

  /**
   * Writes the entries that the replica holds and has not applied once more, so that the segments with them are not needed any more.
   * The newest snapshot must be of the applied position.
   */
  repeatUnapplied({ unapplied, unappliedRuns: runs }: AppliedState): Promise<void> {
    return this.#inOrder(async () => {
      const { resets } = this.#metadata;
      const { seq: lastSeq } = this.#metadata.current.end;
      // What has been appended in this turn of the event loop is not persisted yet.
      const entries = unapplied.filter(({ seq }) => seq <= lastSeq);
      let kept = this.#kept;
      let firstSegment: number | undefined;
      for (const part of appendParts({ type: 'append', entries, runs }, this.#options.maxPartBytes)) {
        kept = this.#write(encodeRepeat(part, this.appliedSeq, this.#blocks), lastSeq, 'flushed');
        firstSegment ??= this.journal.segment;
      }
      await kept;
      if (resets === this.#metadata.resets && firstSegment !== undefined) this.journal.coverBefore(firstSegment);
    });
  }

  /** The replica exists no more. Nothing is written of it after this. */
  leave(): Promise<void> {
    const kept = this.#write({ type: recordTypes.left, pieces: [] }, undefined, 'flushed');
    this.#hasLeft = true;
    return this.#replaced(kept, undefined, Number.POSITIVE_INFINITY);
  }

  #reset(change: Reset): Promise<void> {
    const resets = ++this.#resets;
    const writerId = this.#options.namesEmptyCopies ? this.journal.replica.id : '';
    const next = change.complete ? emptyAfter(change, writerId, resets) : undefined;
    return this.#add(change, this.appliedSeq, (kept) => this.#replaced(kept, next, change.baseSeq));
  }

  /** Its entries may be too many for one record. Those in the records before the last one do not count without that one. */
  #rebase(change: Extract<Change, { type: 'rebase' }>): Promise<void> {
    const { appliedSeq } = this;
    const { baseSeq, baseEpoch: epoch, baseEpochId: id, entries } = change;
    const whole: AppendChange = { type: 'append', entries, runs: [{ epoch, id, firstSeq: baseSeq + 1 }] };
    const parts = [...appendParts(whole, this.#options.maxPartBytes)].map((part) => part.entries);
    const records: EncodedRecord[] = [];
    for (const { type, pieces } of encodeRebase(change, parts, appliedSeq, this.#blocks))
      records.push({ type, pieces: [Buffer.concat(pieces)] });
    return this.#inOrder(() => {
      let kept = this.#kept;
      const end = endAfter(change)!;
      // Each record needs its segment until a snapshot has all the entries.
      for (const record of records) kept = this.#write(record, end, 'flushed');
      this.journal.startAt(end);
      this.#metadata.add(change, appliedSeq);
      return kept;
    });
  }

  /** The record that replaces the snapshot is written: once it is kept, neither the one before nor entries up to `seq` are needed. */
  #replaced(kept: Promise<void>, next: SnapshotReference | undefined, seq: number): Promise<void> {
    const { resets } = this.#metadata;
    const before = this.#snapshot;
    this.#snapshot = next;
    return kept.then(() => {
      if (before !== undefined) this.#options.onUnneeded(before);
      if (resets === this.#metadata.resets) this.journal.cover(seq);
    });
  }

  #wait(change: AppendChange): Promise<void> {
    const { appliedSeq } = this;
    let written!: (kept: Promise<void>) => void;
    const kept = new Promise<void>((resolve) => {
      written = resolve;
    });
    this.#waiting.push({ change, appliedSeq, kept, written });
    this.#options.onWaiting(this);
    return kept;
  }

  #releaseFirst(): void {
    const { change, appliedSeq, written } = this.#waiting.shift()!;
    written(this.#append(change, appliedSeq));
  }

  #append(change: AppendChange, appliedSeq: number): Promise<void> {
    let kept = this.#kept;
    for (const part of appendParts(change, this.#options.maxPartBytes)) kept = this.#add(part, appliedSeq);
    return kept;
  }

  #add(change: LoggedChange, appliedSeq = this.appliedSeq, then = (kept: Promise<void>) => kept): Promise<void> {
    const encoded = encodeChange(change, appliedSeq, this.#blocks);
    // A record that waits must not keep the frame in which its entries came.
    const record = this.#held === undefined ? encoded : { ...encoded, pieces: [Buffer.concat(encoded.pieces)] };
    return this.#inOrder(() => {
      // Writing the record may begin a segment, with a checkpoint of what was before it.
      const kept = this.#write(record, endAfter(change), keptWhen(change));
      if (change.type === 'reset') this.journal.startAt(change.baseSeq);
      this.#metadata.add(change, appliedSeq);
      return then(kept);
    });
  }

  #inOrder(write: () => Promise<void>): Promise<void> {
    if (this.#held === undefined) {
      this.#kept = write();
      return this.#kept;
    }
    this.#heldRecords++;
    this.#kept = this.#held.then(() => {
      if (--this.#heldRecords === 0) this.#held = undefined;
      return write();
    });
    return this.#kept;
  }

  #write({ type, pieces }: EncodedRecord, end: number | undefined, keptWhen: KeptWhen): Promise<void> {
    if (this.#hasLeft) return never;
    return this.journal.append(type, pieces, end, keptWhen);
  }
}

/** The last entry of the log after the change; undefined: the change leaves it as it is. */
function endAfter(change: LoggedChange): number | undefined {
  if (change.type === 'append') return change.entries.at(-1)!.seq;
  if (change.type === 'truncate') return change.afterSeq;
  if (change.type === 'reset') return change.baseSeq;
  return change.type === 'rebase' ? (change.entries.at(-1)?.seq ?? change.baseSeq) : undefined;
}

/** A time that is lost turns the shard's time back by no more than what a loss of power may cost (R17), so it causes no flush. */
function keptWhen(change: LoggedChange): KeptWhen {
  if (change.type === 'time') return change.isCorrection ? 'flushed' : 'written';
  return change.type === 'append' ? 'mode' : 'flushed';
}
