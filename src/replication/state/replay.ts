/**
 * Replay: rebuilds what a replica had persisted from its changes, in their order (see `RecoveredReplica`).
 *
 * It begins with nothing, or with metadata that a shell wrote between two changes, and with the newest snapshot, if there is one.
 * The caller has loaded the items of that snapshot into the store, whatever the snapshot's place among the changes. The replay
 * gives the store the entries that are known to be applied and are not in the snapshot. Of those it keeps only the newest, so its
 * memory does not grow with the log.
 *
 * Each change comes with the position that the replica had applied before it. Entries up to there are committed and are never cut,
 * so they are applied at once. What the snapshot may hold beyond its position is applied at the end: until then it may be cut.
 *
 * A caller that has read the changes before knows more (`settle`): then old entries need not pass through the log, in which they would
 * live just long enough to cost the garbage collector more than all other work on them.
 */
import type { Change } from '../protocol/effect.js';
import type { Seq } from '../protocol/ids.js';
import type { LogEntry } from '../protocol/log-entry.js';
import { type EpochRun, idAt } from '../protocol/log-position.js';
import {
  type AppliedPosition,
  type AppliedState,
  emptyMetadata,
  type LogMark,
  type RecoveredReplica,
  type ReplicaMetadata,
  type StoredSnapshot,
} from '../protocol/recovered.js';
import { invariant } from './invariant.js';
import { Log } from './log.js';
import { LoggedMetadata } from './logged-metadata.js';
import { RequestTable } from './request-table.js';

/** The items of one replica. */
export interface ReplayedStore {
  /**
   * As the effect `apply`: an entry that is older than the item under its key is skipped. The values may be views of memory that is
   * overwritten after the call (see `passes`).
   */
  apply(entries: readonly LogEntry[]): void;
  /** Removes all items. */
  clear(): void;
  /** The log has begun anew, and no request is recognised (see the change `rebase`). */
  rebased(): void;
}

export interface ReplayStart {
  /** Where the changes begin. Undefined: with the first one of the replica. */
  readonly metadata?: ReplicaMetadata | undefined;
  readonly snapshot?: StoredSnapshot | undefined;
  /** Holds the items of the snapshot; without one it is empty. */
  readonly store: ReplayedStore;
  /** Bounds on the applied entries that are kept: count and estimated bytes. */
  readonly retainEntries: number;
  readonly retainBytes: number;
}

/** `problem`: why the data must not be used. */
export type Replayed =
  | { readonly replica: RecoveredReplica; readonly problem?: undefined }
  | { readonly replica?: undefined; readonly problem: string };

/** Entries are dropped once they exceed this fraction of the bound, so that no single change pays for a compaction. */
const partsKept = 4;

export class Replay {
  /** Of the changes so far. A shell goes on with it once the replica runs again. */
  readonly metadata: LoggedMetadata;
  readonly #start: ReplayStart;
  readonly #log = new Log();
  readonly #requests = new RequestTable();
  #timeMs = 0;
  /** The store is of the present log: not of a later one, and its snapshot is not missing. */
  #hasStore = false;
  /** The store has applied up to here. */
  #appliedSeq: Seq = 0;
  /** The replica had applied up to here. */
  #namedSeq: Seq = 0;
  /** See `settle`. */
  #settledSeq: Seq = 0;
  /** The store lacks entries that were applied before the log began anew with `rebase`. */
  #lacking: { readonly firstSeq: Seq; readonly lastSeq: Seq; readonly applied: AppliedPosition | undefined } | undefined;
  /** The log was cut below its first entry, so the epoch of its base is not known. */
  #isBaseUnknown = false;

  constructor(start: ReplayStart) {
    const { metadata = emptyMetadata } = start;
    const { seq, epoch, epochId } = metadata.end;
    this.#start = start;
    this.metadata = new LoggedMetadata(metadata);
    this.#log.reset(seq, { epoch, id: epochId });
    if (this.#isOutdated) start.store.clear();
    this.#findStore(metadata.complete && seq === 0);
  }

  /**
   * Up to where the store has applied the log, so that it may be written to a database before the end. Undefined: it has nothing of the
   * present log. Entries that follow missing ones are not given to the store: it stays where it was.
   */
  get appliedPosition(): AppliedPosition | undefined {
    if (!this.#hasStore) return undefined;
    if (this.#lacking !== undefined) return this.#lacking.applied;
    const position = this.#appliedMark;
    return position && { position, requestFloor: this.#requests.floor, timeMs: this.#timeMs };
  }

  /** What belongs to that position. */
  get appliedState(): Pick<AppliedState, 'requests'> {
    return { requests: this.#requests.export(this.#appliedSeq) };
  }

  /**
   * The changes `load` and `loadRequests` are left out: what they bring is in the snapshot.
   *
   * @param appliedSeq the last entry that the replica had applied before this change.
   */
  add(change: Change, appliedSeq: Seq): void {
    this.#namedSeq = Math.max(this.#namedSeq, appliedSeq);
    this.#applyThrough(appliedSeq);
    this.metadata.add(change, appliedSeq);
    if (change.type === 'append') this.#append(change);
    else if (change.type === 'truncate') this.#cutTo(change.afterSeq);
    else if (change.type === 'reset') this.#reset(change);
    else if (change.type === 'rebase') this.#rebase(change);
    this.#drop();
  }

  /**
   * No later change cuts the log or begins it anew, and the replica had applied the entries up to `seq` before the last change. So they
   * may be applied as soon as they are added.
   */
  settle(seq: Seq): void {
    this.#settledSeq = seq;
  }

  /** There are no more changes. */
  finish(): Replayed {
    const { snapshot } = this.#start;
    const { history, epoch, epochId, epochRemovals, line, complete, loggedTimeMs, resets } = this.metadata.current;
    if (complete && !this.#hasStore) return { problem: 'the snapshot that its log continues is missing' };
    if (snapshot !== undefined && snapshot.resets > resets) return { problem: 'its log ends before its snapshot begins' };
    if (snapshot?.resets === resets) {
      const { throughSeq } = snapshot;
      if (this.#log.lastSeq < throughSeq)
        return { problem: `its log ends at ${this.#log.lastSeq}, and its snapshot may hold items up to ${throughSeq}` };
      this.#applyThrough(throughSeq);
    }
    const { baseSeq, baseEpoch, baseEpochId, lastSeq, history: runs } = this.#log.position;
    const isShort = this.#hasStore && this.#appliedSeq < baseSeq;
    const lacking = this.#lacking ?? (isShort ? { firstSeq: this.#appliedSeq + 1, lastSeq: baseSeq } : undefined);
    if (lacking !== undefined) return { problem: `its log lacks the entries from ${lacking.firstSeq} to ${lacking.lastSeq}` };
    const appliedSeq = this.#hasStore ? this.#appliedSeq : baseSeq;
    return {
      replica: {
        history,
        epoch,
        epochId,
        epochRemovals,
        line,
        complete,
        loggedTimeMs,
        baseSeq,
        baseEpoch,
        baseEpochId,
        entries: this.#log.slice(baseSeq + 1, lastSeq - baseSeq),
        runs,
        appliedSeq,
        requests: this.#requests.export(appliedSeq),
        requestFloor: this.#requests.floor,
        timeMs: this.#timeMs,
      },
    };
  }

  #append({ entries, runs }: Extract<Change, { type: 'append' }>): void {
    const last = entries.at(-1);
    if (last !== undefined && this.passes(last.seq)) return this.#pass(entries, last, runs);
    for (const entry of entries) {
      const id = idAt(runs, entry.seq);
      if (!this.#isBaseUnknown) this.#log.append(entry, id);
      // The entry takes the place of the base. It is in the snapshot, or its loss is found where it is to be applied.
      else this.#log.reset(entry.seq, { epoch: entry.epoch, id });
      this.#isBaseUnknown = false;
    }
  }

  /**
   * Whether entries up to `seq` that are added next are given to the store at once, and are not kept: they would be dropped from the log
   * before the end.
   */
  passes(seq: Seq): boolean {
    return this.#hasStore && !this.#isBaseUnknown && seq <= this.#settledSeq - this.#start.retainEntries;
  }

  /** Applies the entries without a place in the log, which begins anew behind them. */
  #pass(entries: readonly LogEntry[], last: LogEntry, runs: readonly EpochRun[]): void {
    const log = this.#log;
    const first = entries[0]!;
    this.#applyThrough(log.lastSeq);
    invariant(first.seq === log.lastSeq + 1, () => `entry ${first.seq} does not follow ${log.lastSeq}`);
    invariant(last.seq - first.seq === entries.length - 1, () => `entries are missing between ${first.seq} and ${last.seq}`);
    invariant(
      first.epoch > log.lastEpoch || (first.epoch === log.lastEpoch && idAt(runs, first.seq) === log.lastEpochId),
      () => `entry ${first.seq} is of another epoch ${first.epoch} than the one before it`,
    );
    log.reset(last.seq, { epoch: last.epoch, id: idAt(runs, last.seq) });
    // A snapshot may hold some of them. If it lacks earlier ones, `finish` finds the loss.
    if (this.#appliedSeq < first.seq - 1 || this.#appliedSeq >= last.seq) return;
    this.#apply(this.#appliedSeq < first.seq ? entries : entries.filter(({ seq }) => seq > this.#appliedSeq));
  }

  #cutTo(seq: Seq): void {
    invariant(seq >= this.#namedSeq, () => `the log is cut to ${seq}, below the applied entry ${this.#namedSeq}`);
    if (seq >= this.#log.baseSeq) return this.#log.truncateAfter(seq);
    const { snapshot } = this.#start;
    const known = snapshot?.resets === this.metadata.resets && snapshot.position.seq === seq ? snapshot.position : undefined;
    this.#isBaseUnknown = known === undefined;
    this.#log.reset(seq, { epoch: known?.epoch ?? 0, id: known?.epochId ?? '' });
  }

  #reset(change: Extract<Change, { type: 'reset' }>): void {
    const { baseSeq, baseEpoch, baseEpochId, complete, requestFloor, timeMs } = change;
    this.#startAt(change);
    this.#log.reset(baseSeq, { epoch: baseEpoch, id: baseEpochId });
    this.#lacking = undefined;
    this.#requests.reset(requestFloor);
    this.#timeMs = timeMs;
    if (this.#isOutdated) this.#start.store.clear();
    this.#findStore(complete);
  }

  /** The snapshot is of a log that the replica has discarded since. Without a snapshot, so is what the store holds after a `reset`. */
  get #isOutdated(): boolean {
    return (this.#start.snapshot?.resets ?? 0) < this.metadata.resets;
  }

  #rebase(change: Extract<Change, { type: 'rebase' }>): void {
    const { baseSeq, baseEpoch, baseEpochId, entries } = change;
    if (this.#hasStore && this.#appliedSeq < this.#namedSeq)
      this.#lacking ??= { firstSeq: this.#appliedSeq + 1, lastSeq: this.#namedSeq, applied: this.appliedPosition };
    this.#startAt(change);
    this.#log.reset(baseSeq, { epoch: baseEpoch, id: baseEpochId });
    for (const entry of entries) this.#log.append(entry, baseEpochId);
    // A snapshot that was begun later has it all.
    if (this.#appliedSeq >= baseSeq) return;
    this.#requests.reset(baseSeq);
    this.#appliedSeq = baseSeq;
    if (this.#hasStore) this.#start.store.rebased();
  }

  #startAt({ baseSeq }: Extract<Change, { type: 'reset' | 'rebase' }>): void {
    this.#namedSeq = baseSeq;
    this.#isBaseUnknown = false;
  }

  /** The log has begun anew. @param isEmpty without a snapshot of this log, the store is empty as of its base. */
  #findStore(isEmpty: boolean): void {
    const { snapshot } = this.#start;
    if (snapshot?.resets === this.metadata.resets) {
      this.#appliedSeq = snapshot.position.seq;
      this.#requests.reset(snapshot.requestFloor);
      this.#requests.load(snapshot.requests);
      this.#timeMs = snapshot.timeMs;
      this.#hasStore = true;
    } else {
      this.#appliedSeq = this.#log.baseSeq;
      this.#hasStore = isEmpty && (snapshot?.resets ?? 0) <= this.metadata.resets;
    }
  }

  get #appliedMark(): LogMark | undefined {
    const { snapshot } = this.#start;
    const seq = this.#appliedSeq;
    if (snapshot?.resets === this.metadata.resets && snapshot.position.seq === seq) return snapshot.position;
    const mark = this.#isBaseUnknown ? undefined : this.#log.markAt(seq);
    return mark && { seq, epoch: mark.epoch, epochId: mark.id };
  }

  #applyThrough(seq: Seq): void {
    const { baseSeq, lastSeq } = this.#log;
    // Entries below the base are missing, which `finish` finds.
    if (!this.#hasStore || seq <= this.#appliedSeq || this.#appliedSeq < baseSeq) return;
    this.#apply(this.#log.slice(this.#appliedSeq + 1, Math.min(seq, lastSeq) - this.#appliedSeq));
  }

  /** The entries follow those that were applied. */
  #apply(entries: readonly LogEntry[]): void {
    this.#appliedSeq += entries.length;
    for (const { request, atMs } of entries) {
      if (request !== undefined) this.#requests.apply(request);
      if (atMs !== undefined) this.#timeMs = atMs;
    }
    if (this.#lacking === undefined) this.#start.store.apply(entries);
  }

  /** Drops applied entries beyond the bounds. What a snapshot has and the replica had not applied may still be cut. */
  #drop(): void {
    const { retainEntries, retainBytes } = this.#start;
    const most = Math.min(this.#namedSeq, this.#log.lastSeq, this.#hasStore ? this.#appliedSeq : Number.POSITIVE_INFINITY);
    if (most - retainEntries - this.#log.baseSeq > retainEntries / partsKept) this.#log.dropThrough(most - retainEntries);
    while (this.#log.bytes > retainBytes && this.#log.baseSeq < most)
      this.#log.dropThrough(most - Math.floor((most - this.#log.baseSeq) * (1 - 1 / partsKept)));
  }
}
