/**
 * The state of one replica, and the few primitives that every part of the protocol uses. Deterministic: each event carries the
 * time, and everything that is to happen outside is emitted as an effect.
 */

import type { Change, Effect, Note, RoleName } from '../protocol/effect.js';
import type { CandidateFact } from '../protocol/event.js';
import { type Epoch, type EpochId, type HistoryId, nodeIdOf, type ReplicaId, type Seq } from '../protocol/ids.js';
import { type EpochMark, endOf, hasSeenFewerRemovals, type Line, removalsOf } from '../protocol/lineage.js';
import type { LogEntry } from '../protocol/log-entry.js';
import type { EpochRun } from '../protocol/log-position.js';
import type { Body, Message } from '../protocol/message.js';
import type { ReplicaOptions } from '../protocol/replica-options.js';
import type { ShardState } from '../protocol/shard-state.js';
import { Durability } from './durability.js';
import { invariant } from './invariant.js';
import { Log } from './log.js';
import { RequestTable } from './request-table.js';
import { newFollower, type Role } from './role.js';
import { ShardClock } from './shard-clock.js';
import { type ProposalPurpose, StateRegister } from './state-register.js';
import { StoredLog } from './stored-log.js';

const noEntries: readonly LogEntry[] = [];

export class Core {
  readonly options: ReplicaOptions;
  /** Id of the node that this replica is on. */
  readonly node: string;
  effects: Effect[] = [];
  /** Monotonic time of the event that is being handled. */
  nowMs: number;
  role: Role = newFollower();

  readonly log = new Log();
  /** What the storage has of the log, also below the base of the log here. */
  stored = new StoredLog();
  /** The requests that are recognised (R16): those applied, at a primary also those in its log. */
  readonly requests = new RequestTable();
  /** The shard's time (R17). */
  readonly clock = new ShardClock();
  readonly durability: Durability;
  readonly register = new StateRegister();
  /** The history that this replica follows; undefined: it knows none. With data, it follows that of the data only (R1). */
  history: HistoryId | undefined;
  /** The highest known epoch of that history; 0 for none. */
  epoch: Epoch = 0;
  epochId: EpochId = '';
  /** The removals from the in-sync set that it knows of in that epoch, unless the data here is of that epoch: then `line` counts them. */
  epochRemovals = 0;
  /** The line that the data here belongs to (R1). Undefined: there is no complete copy. */
  line: Line | undefined;
  /** This replica has proposed a birth, does not know the outcome, and has withdrawn the proposal (R3). */
  mayHaveBegun = false;
  /** The `state` read last is of this line, which is not that of the data here (R13). */
  foundHistory: Line | undefined;
  /** The write that makes the epoch durable. */
  #epochWrite = 0;
  /** The write that makes the line durable. */
  #lineWrite = 0;
  #mintedIds = 0;
  /** Number of the newest Sync seen in this epoch; 0 for none. Older ones are void, even after a failed claim. */
  syncNumber = 0;
  commitIndex: Seq = 0;
  /** Applied to the store; <= commitIndex. */
  appliedSeq: Seq = 0;
  /** The latest time that an applied entry shows (R17): every later primary knows it as well. */
  appliedTimeMs = 0;
  /** The time of the shard that a restart finds in any case (R17). */
  loggedTimeMs = 0;
  /** False while a snapshot is being written to the store. */
  complete = true;
  /** The write that makes a finished snapshot complete on disk, too. */
  completingWrite = 0;

  candidates: readonly CandidateFact[] = [];
  /** The database of this replica gives no answer (R12). Derived from `candidates` when they change, because every message needs it. */
  isImpaired = false;
  /** Ids of the nodes that are to hold the shard, the preferred primary's first; undefined: all (R15). */
  placed: readonly string[] | undefined;
  placedMs = 0;
  /** Derived from `placed` when it changes, because every message needs them. */
  isPlacedHere = true;
  isPreferredHere = false;
  /** When the newest beacon of this epoch was sent, by its primary's clock, that was not answered with `leaving` (R15). */
  stayedMs = Number.NEGATIVE_INFINITY;
  /** When it last handed over to the preferred primary, and for how long it had waited for that (R15). */
  yielded: { readonly epoch: Epoch; readonly atMs: number; readonly waitMs: number } | undefined;
  sessionConnected = false;
  stopping: { readonly deadlineMs: number } | undefined;
  stopped = false;

  /** An earlier process had this identity. A claim of that process may still succeed (R4). */
  readonly isRestarted: boolean;
  readonly #startedMs: number;
  /** Its earlier process answered no beacon after that. */
  readonly #endedMs: number;
  /** When loyalty to a primary was last renewed: start, a new epoch, an answered beacon (R4). */
  loyalSinceMs: number;
  /** When it last ceased to be primary: other replicas in line claim before it does (R4). */
  steppedDownMs = Number.NEGATIVE_INFINITY;
  lastTickMs: number;
  /** Nothing is under way: see quiescence.ts. */
  isQuiescent = false;
  /** When this process last woke from a stall: it must receive the messages of that time before it claims (R4). */
  wokeMs: number;
  offlineSinceMs: number | undefined;
  offlineNotedMs: number | undefined;
  /** When it last requested a reading that proves what it shows (R7). */
  proofAskedMs = Number.NEGATIVE_INFINITY;
  /** Messages that wait until the epoch that they brought is durable; the latest of each type. */
  readonly deferred = new Map<Body['type'], Message>();

  /** @param endedMs of a restarted replica: its earlier process had ended by then. `recovery.ts` gives it what that process had. */
  constructor(options: ReplicaOptions, nowMs: number, isRestarted = false, endedMs = nowMs) {
    this.options = options;
    this.durability = new Durability(options.reportsFlushes);
    this.node = nodeIdOf(options.replicaId);
    this.nowMs = nowMs;
    this.#startedMs = nowMs;
    this.#endedMs = Math.min(nowMs, endedMs);
    this.loyalSinceMs = nowMs;
    this.lastTickMs = nowMs;
    this.wokeMs = nowMs;
    this.isRestarted = isRestarted;
  }

  get self(): ReplicaId {
    return this.options.replicaId;
  }
  /**
   * `loyalSinceMs` without the wait for beacons after a restart. That wait is for a primary that serves: where `state` names this
   * very replica, every other primary has been replaced (R4).
   */
  get lastLoyalMs(): number {
    return this.loyalSinceMs < this.#startedMs ? this.#endedMs : this.loyalSinceMs;
  }
  /** The copy is complete, and will still be after a crash. */
  get isDurablyComplete(): boolean {
    return this.complete && this.durability.doneNumber >= this.completingWrite;
  }
  takeCandidates(candidates: readonly CandidateFact[]): void {
    this.candidates = candidates;
    this.isImpaired = candidates.some(({ replicaId, impaired }) => replicaId === this.self && impaired);
  }
  get isInSync(): boolean {
    return this.register.state?.inSync.includes(this.self) ?? false;
  }
  get roleName(): RoleName {
    if (this.role.kind !== 'follower') return this.role.kind;
    return this.isInSync ? 'backup' : 'joiner';
  }
  /** The replica is empty, and has never known a history of this shard (R3). */
  get isNew(): boolean {
    return this.history === undefined && this.log.lastSeq === 0;
  }
  /** The replica will still know its epoch after a crash (R8). */
  get isEpochDurable(): boolean {
    return this.durability.doneNumber >= this.#epochWrite;
  }
  /** The line, with the removals from the in-sync set that it counts, is still known after a crash (R7). */
  get isLineDurable(): boolean {
    return this.durability.doneNumber >= this.#lineWrite;
  }
  /** `state` was read on the present connection to ZooKeeper, and no proposal is outstanding (R7). */
  get mayWriteState(): boolean {
    return this.sessionConnected && this.register.isFresh && this.register.proposal === undefined;
  }

  /** The shard's time at the event that is being handled (R17). */
  get timeMs(): number {
    return this.clock.at(this.nowMs);
  }

  /** Mints the id of a history or an epoch. */
  mintId(): string {
    return `${this.options.idSeed}${(this.#mintedIds++).toString(36)}`;
  }

  setEpoch(history: HistoryId, mark: EpochMark): void {
    this.history = history;
    this.epoch = mark.epoch;
    this.epochId = mark.id;
    this.epochRemovals = removalsOf(mark);
    this.#epochWrite = this.#persistEpoch(history);
  }

  #persistEpoch(history: HistoryId): number {
    const { epoch, epochId, epochRemovals: removals } = this;
    return this.persist({ type: 'epoch', history, epoch, epochId, removals });
  }

  /** From now on the data here belongs to this line. */
  setLine(line: Line): void {
    const held = this.line;
    const { state } = this.register;
    // What is known of the removals in its newest epoch stays known (R7).
    let { lineage } = line;
    for (const known of [held, state])
      if (known !== undefined && hasSeenFewerRemovals({ lineage }, known)) lineage = known.lineage;
    this.line = { history: line.history, lineage };
    const isSameEpoch = held?.history === line.history && endOf(held).id === endOf(line).id;
    if (isSameEpoch && !hasSeenFewerRemovals(held, { lineage })) return;
    this.#lineWrite = this.persist({ type: 'line', line: this.line });
    if (held?.history !== line.history) this.emit({ type: 'holds', history: line.history });
  }

  /**
   * `state` shows more removals in an epoch: no line that began before them is followed from now on, and this replica claims from
   * no older `state` (R7).
   */
  noteRemovals(state: ShardState): void {
    const { line } = this;
    if (line !== undefined && hasSeenFewerRemovals(line, state)) this.setLine({ history: line.history, lineage: state.lineage });
    const end = endOf(state);
    if (end.id !== this.epochId || removalsOf(end) <= this.epochRemovals) return;
    if (line !== undefined && endOf(line).id === end.id) return;
    this.epochRemovals = removalsOf(end);
    this.#persistEpoch(state.history);
  }

  emit(effect: Effect): void {
    this.effects.push(effect);
  }
  note(note: Note): void {
    this.effects.push({ type: 'note', note });
  }
  send(to: ReplicaId, body: Body): void {
    const { history = '', epoch, epochId, self } = this;
    this.effects.push({ type: 'send', message: { history, epoch, epochId, from: self, to, body } });
  }

  /** Proposes a change of `state` (R7). There must be no other proposal. */
  propose(purpose: ProposalPurpose, next: ShardState): void {
    const { number, expectedVersion } = this.register.propose(purpose, next, this.nowMs);
    this.emit({ type: 'writeState', proposal: number, expectedVersion, next });
  }

  /** Returns the number of the write. */
  persist(change: Change, promise: { readonly lastSeq?: Seq } = {}): number {
    const write = this.durability.begin(this.nowMs, promise);
    this.stored.add(change);
    this.effects.push({ type: 'persist', write, change });
    return write;
  }

  /** @param knownRuns the epochs of the entries. Default: they are looked up. */
  persistAppended(entries: readonly LogEntry[], knownRuns?: readonly EpochRun[]): void {
    if (entries.length === 0) return;
    const lastSeq = entries[entries.length - 1]!.seq;
    const runs = knownRuns ?? this.log.runsOf(entries[0]!.seq, lastSeq);
    this.persist({ type: 'append', entries, runs }, { lastSeq });
  }

  /** Discards store, log and recognised requests (R10, R13). Only a snapshot has a lower floor of requests than its base (R16). */
  reset(baseSeq: Seq, base: EpochMark, complete: boolean, requestFloor = baseSeq): number {
    this.log.reset(baseSeq, base);
    this.requests.reset(requestFloor);
    if (this.line !== undefined) this.emit({ type: 'holds', history: undefined });
    this.line = undefined;
    this.complete = complete;
    this.commitIndex = baseSeq;
    this.appliedSeq = baseSeq;
    this.durability.cutTo(0);
    const { epoch: baseEpoch, id: baseEpochId } = base;
    const timeMs = this.appliedTimeMs;
    this.loggedTimeMs = timeMs;
    return this.persist({ type: 'reset', baseSeq, baseEpoch, baseEpochId, complete, requestFloor, timeMs }, { lastSeq: baseSeq });
  }

  /**
   * Nothing is applied before it commits (R6), and nothing while chunks of a snapshot are still to come (R10).
   * @returns the entries that are applied
   */
  applyCommitted(maxEntries = Number.POSITIVE_INFINITY): readonly LogEntry[] {
    if (this.appliedSeq >= this.commitIndex) return noEntries;
    invariant(
      this.commitIndex <= this.log.lastSeq,
      () => `commit index ${this.commitIndex} beyond the log's end ${this.log.lastSeq}`,
    );
    const entries = this.log.slice(this.appliedSeq + 1, Math.min(maxEntries, this.commitIndex - this.appliedSeq));
    this.appliedSeq += entries.length;
    for (const { request, atMs } of entries) {
      if (request !== undefined) this.requests.apply(request);
      if (atMs !== undefined) this.appliedTimeMs = atMs;
    }
    this.effects.push({ type: 'apply', entries });
    return entries;
  }

  isCandidate(id: ReplicaId): boolean {
    return this.candidates.some((candidate) => candidate.replicaId === id);
  }
}
