/**
 * The state of one replica, and the few primitives that every part of the protocol uses. Deterministic: time comes in
 * with each event, everything that is to happen outside goes out as an effect.
 */
import { Durability } from './durability.js';
import type { Change, Effect, Note, RoleName } from './effect.js';
import type { CandidateFact } from './event.js';
import { invariant } from './invariant.js';
import { Log } from './log.js';
import type { LogEntry } from './log-entry.js';
import type { Body, Message } from './message.js';
import type { ReplicaOptions } from './options.js';
import type { RecoveredReplica } from './recovered.js';
import { newFollower, type Role } from './role.js';
import { type Epoch, nodeIdOf, type ReplicaId, type Seq } from './shard-state.js';
import { StateRegister } from './state-register.js';

export class Core {
  readonly options: ReplicaOptions;
  /** Id of the node that this replica is on. */
  readonly node: string;
  readonly effects: Effect[] = [];
  /** Monotonic; of the event being handled. */
  nowMs: number;
  role: Role = newFollower();

  readonly log = new Log();
  readonly durability = new Durability();
  readonly register = new StateRegister();
  /** The highest epoch known; 0 for none. */
  epoch: Epoch = 0;
  /** Number of the newest Sync seen in this epoch; 0 for none. Older ones are void, even after a failed claim. */
  syncNumber = 0;
  commitIndex: Seq = 0;
  /** Applied to the store; <= commitIndex. */
  appliedSeq: Seq = 0;
  /** False while a dump is being laid. */
  complete = true;
  /** The write that makes a laid dump complete on disk too. */
  completingWrite = 0;

  candidates: readonly CandidateFact[] = [];
  /** Ids of the nodes that are to hold the shard, the preferred primary's first; undefined: all (R15). */
  placed: readonly string[] | undefined;
  placedMs = 0;
  /** Of this replica, as `placed` tells: asked with every message. */
  isPlacedHere = true;
  isPreferredHere = false;
  /** When the newest beacon of this epoch was sent, by its primary's clock, that was not answered with `leaving` (R15). */
  stayedMs = Number.NEGATIVE_INFINITY;
  /** When it last handed over to the preferred primary, having waited so long for it (R15). */
  yielded: { readonly epoch: Epoch; readonly atMs: number; readonly waitMs: number } | undefined;
  sessionConnected = false;
  stopping: { readonly deadlineMs: number } | undefined;
  stopped = false;

  /** An earlier process had this identity, and may have claims on their way (R4). */
  readonly isRestarted: boolean;
  /** When loyalty to a primary was last renewed: start, a new epoch, an answered beacon (R4). */
  loyalSinceMs: number;
  /** When it last ceased to be primary: others that may succeed it go first (R4). */
  steppedDownMs = Number.NEGATIVE_INFINITY;
  lastTickMs: number;
  /** See rest.ts. */
  atRest = false;
  /** When this process last woke from a pause: what is said to it meanwhile must be heard before it claims (R4). */
  wokeMs: number;
  offlineSinceMs: number | undefined;
  offlineNotedMs: number | undefined;
  /** Messages that wait for the epoch they adopted to be durable; the latest of each type. */
  readonly deferred = new Map<Body['type'], Message>();

  constructor(options: ReplicaOptions, nowMs: number, recovered?: RecoveredReplica) {
    this.options = options;
    this.node = nodeIdOf(options.replicaId);
    this.nowMs = nowMs;
    this.loyalSinceMs = nowMs;
    this.lastTickMs = nowMs;
    this.wokeMs = nowMs;
    this.isRestarted = recovered !== undefined;
    if (recovered !== undefined) this.#recover(recovered);
  }

  /** A follower with the log that was left, whatever it was before: what is above the applied part may yet be cut. */
  #recover({ epoch, complete, baseSeq, baseEpoch, entries, appliedSeq }: RecoveredReplica): void {
    this.epoch = epoch;
    this.complete = complete;
    this.log.reset(baseSeq, baseEpoch);
    for (const entry of entries) this.log.append(entry);
    invariant(
      appliedSeq >= baseSeq && appliedSeq <= this.log.lastSeq,
      () => `applied up to ${appliedSeq}, outside the log found`,
    );
    this.commitIndex = appliedSeq;
    this.appliedSeq = appliedSeq;
    this.durability.foundDurable(this.log.lastSeq, epoch);
  }

  get self(): ReplicaId {
    return this.options.replicaId;
  }
  /** Complete, and still so after a crash. */
  get isDurablyComplete(): boolean {
    return this.complete && this.durability.doneNumber >= this.completingWrite;
  }
  get isInSync(): boolean {
    return this.register.state?.inSync.includes(this.self) ?? false;
  }
  get roleName(): RoleName {
    if (this.role.kind !== 'follower') return this.role.kind;
    return this.isInSync ? 'backup' : 'joiner';
  }
  /** Empty, and has never known an epoch of this cluster (R3). */
  get isNew(): boolean {
    return this.epoch === 0 && this.log.lastSeq === 0;
  }

  emit(effect: Effect): void {
    this.effects.push(effect);
  }
  note(note: Note): void {
    this.effects.push({ type: 'note', note });
  }
  send(to: ReplicaId, body: Body): void {
    this.effects.push({ type: 'send', message: { epoch: this.epoch, from: this.self, to, body } });
  }

  /** Returns the number of the write. */
  persist(change: Change, promise: { readonly lastSeq?: Seq; readonly epoch?: Epoch } = {}): number {
    const write = this.durability.begin(this.nowMs, promise);
    this.effects.push({ type: 'persist', write, change });
    return write;
  }

  persistAppended(entries: readonly LogEntry[]): void {
    const last = entries.at(-1);
    if (last !== undefined) this.persist({ type: 'append', entries }, { lastSeq: last.seq });
  }

  /** Discards store and log (R10, R13). What the log held is lost to this replica. */
  reset(baseSeq: Seq, baseEpoch: Epoch, complete: boolean): number {
    this.log.reset(baseSeq, baseEpoch);
    this.complete = complete;
    this.commitIndex = baseSeq;
    this.appliedSeq = baseSeq;
    this.durability.cutTo(0);
    return this.persist({ type: 'reset', baseSeq, baseEpoch, complete }, { lastSeq: baseSeq });
  }

  /**
   * The log starts again above `baseSeq` (R13, a raised seq floor). What is applied stays; the rest comes along as entries of
   * this epoch: what has been lost may have used their seqs for other writes, so these count as no version any more.
   */
  rebase(baseSeq: Seq, epoch: Epoch): void {
    const unapplied = this.log.slice(this.appliedSeq + 1, this.log.lastSeq - this.appliedSeq);
    const entries = unapplied.map(({ key, value }, index) => ({ seq: baseSeq + 1 + index, epoch, key, value }));
    this.log.reset(baseSeq, epoch);
    for (const entry of entries) this.log.append(entry);
    this.commitIndex = baseSeq;
    this.appliedSeq = baseSeq;
    this.persist({ type: 'rebase', baseSeq, baseEpoch: epoch, entries }, { lastSeq: this.log.lastSeq });
  }

  /** Nothing is applied before it commits (R6), and nothing while a dump's chunks are still coming (R10). */
  applyCommitted(): void {
    if (this.appliedSeq >= this.commitIndex) return;
    invariant(
      this.commitIndex <= this.log.lastSeq,
      () => `commit index ${this.commitIndex} beyond the log's end ${this.log.lastSeq}`,
    );
    const entries = this.log.slice(this.appliedSeq + 1, this.commitIndex - this.appliedSeq);
    this.appliedSeq = this.commitIndex;
    this.effects.push({ type: 'apply', entries });
  }

  isCandidate(id: ReplicaId): boolean {
    return this.candidates.some((candidate) => candidate.replicaId === id);
  }
}
