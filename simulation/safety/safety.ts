/**
 * What must hold after every event, whatever the faults. Each violation throws, naming what contradicts what. Only what an
 * event may have changed is looked at again, so that the checks cost no more than the events.
 */
import type { Answer, Effect, Event, LogEntry, ShardState } from '../../src/replication/index.js';
import type { Disk } from '../virtual/disk.js';
import type { Ensemble } from '../virtual/ensemble.js';
import type { EventQueue } from '../virtual/event-queue.js';
import type { ReplicaProcess } from '../virtual/process.js';
import { Store, type StoredItem } from '../virtual/store.js';
import { checkCleanStop, checkDeparture, checkGiven, checkMoved, checkRelease } from './departure-checks.js';
import { Forks } from './forks.js';
import { HistoryModel, isSame, sameBytes } from './history-model.js';
import { Holders } from './holders.js';
import { TooFew } from './min-in-sync-check.js';
import { checkReaders, checkStoredAnswer } from './read-checks.js';
import { require } from './violation.js';

/** From here on every version is above what may have been lost (R13). */
const forcedGap = 2 ** 32;

export interface Applied {
  readonly items: ReadonlyMap<string, StoredItem>;
  readonly seq: number;
}

/** The run of one shard, as its checks see it. */
interface CheckedRun {
  readonly minInSync: number;
  /** Replicas live in memory. */
  readonly volatile: boolean;
  /** Scripts: the operator may let two lines be served at once. */
  readonly mayServeTwoLines?: boolean;
  readonly queue: EventQueue;
  readonly ensemble: Ensemble;
  readonly disks: readonly Disk[];
  readonly clients: readonly { readonly name: string; readonly waiting: Iterable<{ readonly process: ReplicaProcess }> }[];
  appliedBy(replicaId: string): Applied | undefined;
  diskOf(replicaId: string): Disk | undefined;
}

export class Safety {
  readonly model = new HistoryModel();
  /** What a generation began with, once its first primary served; the first began empty. */
  readonly beginnings = new Map<
    number,
    { readonly atMs: number; readonly items: ReadonlyMap<string, { value: Uint8Array; version: number }> }
  >();
  readonly #world: CheckedRun;
  readonly #tooFew: TooFew;
  readonly #forks: Forks;
  readonly #primaries = new Set<ReplicaProcess>();
  readonly #primaryOf = new Map<string, string>();
  readonly #committerOf = new Map<string, ReplicaProcess>();
  readonly #holders: Holders;
  #holdersDue = false;
  #storeDue = false;
  #acceptsFork = false;

  constructor(world: CheckedRun) {
    this.#world = world;
    this.#tooFew = new TooFew(world.minInSync);
    this.#forks = new Forks(world);
    this.#holders = new Holders(this.model);
  }

  get generation(): number {
    return this.model.generation;
  }

  /** `state` was written in ZooKeeper. */
  onState(state: ShardState | undefined, before: ShardState | undefined): void {
    this.#holdersDue = true;
    if (state === undefined) return;
    require(state.epoch >= (before?.epoch ?? 0), () => `the epoch goes back from ${before?.epoch} to ${state.epoch}`);
    require(state.seqFloor >= (before?.seqFloor ?? 1), () => `the seq floor goes back to ${state.seqFloor}`);
    if (state.primary === undefined) {
      require(before?.inSync.length === 1, () => `a history ends with ${before?.inSync.join(', ')} in sync`);
      return this.model.beginWith(new Map(), state.seqFloor - 1, state.epoch);
    }
    require(state.inSync.includes(state.primary), () => `${state.primary} is primary and not in sync`);
    this.#forks.noteRemovals(state);
    const isForced = state.seqFloor >= (before?.seqFloor ?? 1) + forcedGap;
    const isFork = !isForced && (this.#forks.isFork(state, before) || (this.#acceptsFork && state.epoch > (before?.epoch ?? 0)));
    if (isFork) this.#acceptsFork = false;
    if (isForced) this.#beginWith(state, state.primary, this.#world.appliedBy(state.primary));
    if (isFork) this.#forks.keep(state, this.model.order);
    if (isFork) this.#beginWith(state, state.primary, this.#committedAt(state.primary));
    if (!isForced && !isFork) this.#maybeBeginAgain(state, state.primary);
    if (isForced) this.#forks.onForced(state);
    if (isFork) this.#forks.begin(state, this.generation);
  }

  /** Before a primary has served the fork, another member with more data may become its next primary: the fork then begins with that data. */
  #maybeBeginAgain(state: ShardState, primary: string): void {
    const found = this.#world.appliedBy(primary);
    if (this.beginnings.has(this.generation) || !this.#forks.isOf(state, this.generation) || found === undefined) return;
    if (found.seq > this.model.lastCommitted) this.model.goOnWith(found.items, found.seq);
  }

  /** The history goes on with what one replica holds. */
  #beginWith(state: ShardState, primary: string, found: Applied | undefined): void {
    const disk = this.#world.diskOf(primary);
    if (this.#world.ensemble.wentBack) this.model.forgetVersions();
    if (disk?.complete && found !== undefined) this.model.beginWith(found.items, found.seq, state.epoch);
    else this.model.beginWith(new Map(), state.seqFloor - 1, state.epoch);
    if (disk !== undefined) disk.generation = this.generation;
  }

  /** What a replica holds of that which any other that may follow it knows to be committed. */
  #committedAt(replicaId: string): Applied | undefined {
    const disk = this.#world.diskOf(replicaId);
    const applied = this.#world.appliedBy(replicaId);
    if (disk === undefined || applied === undefined) return applied;
    const store = new Store(applied.items);
    let { seq } = applied;
    const others = this.#world.disks.filter((other) => !other.destroyed && !this.#forks.isKeeper(other));
    const knownSeq = Math.max(seq, ...others.map((other) => this.#world.appliedBy(other.replicaId)?.seq ?? 0));
    for (const entry of this.model.order) {
      if (entry.seq > knownSeq) break;
      if (entry.seq !== seq + 1 || disk.entryAt(entry.seq)?.epoch !== entry.epoch) continue;
      store.apply([entry]);
      seq = entry.seq;
    }
    return { items: store.items, seq };
  }

  onEffect(process: ReplicaProcess, effect: Effect): void {
    const { minInSync, volatile } = this.#world;
    this.#forks.onEffect(process, effect);
    if (effect.type === 'apply') this.#onApply(process, effect.entries);
    else if (effect.type === 'roleChanged') this.#onRole(process, effect.role === 'primary', effect.epoch);
    else if (effect.type === 'note' && effect.note.kind === 'serving') this.#onServing(process);
    else if (effect.type === 'answer') this.#onAnswer(process, effect.answer);
    else if (effect.type === 'persist') this.#onPersist(process, effect.change);
    else if (effect.type === 'writeState') {
      if (process.knowledge.onProposal(effect)) checkDeparture(process, effect, minInSync, volatile);
    } else if (effect.type === 'note' && effect.note.kind === 'membersProposed') {
      checkGiven(process, effect.note.added);
      checkMoved(process, effect.note.removed);
    } else if (effect.type === 'send' && effect.message.body.type === 'dumpInvite') checkGiven(process, [effect.message.to]);
    else if (effect.type === 'released') {
      this.#nobodyIsLeftWaiting(process);
      checkCleanStop(process, this.#primaries.has(process), volatile);
      const { state, isOlder } = this.#world.ensemble;
      checkRelease(process, isOlder ? [] : (state?.inSync ?? []));
    } else if (effect.type === 'stopped') {
      this.#nobodyIsLeftWaiting(process);
      if (effect.clean) checkCleanStop(process, this.#primaries.has(process), volatile);
    }
  }

  get #readers(): ReplicaProcess[] {
    return [...this.#primaries].filter((primary) => !this.#forks.isKeeper(primary));
  }

  checkReads(): void {
    checkReaders(this.#readers, this.model, this.#world.mayServeTwoLines === true);
  }

  /** A write is acknowledged: it is committed as it was requested. `value` undefined: a delete. */
  onWritten(process: ReplicaProcess, key: string, value: Uint8Array | undefined, version: number): void {
    if (this.#forks.isKeeper(process)) return;
    const entry = this.model.ever.get(version);
    require(entry?.key === key && sameBytes(entry.value, value), () =>
      `a write of ${key} is acknowledged as ${version}, which is another`);
  }

  /** Scripts: ZooKeeper has forgotten an epoch, and a replica that cannot know of it claims. What only that epoch knew is lost. */
  acceptFork(): void {
    this.#acceptsFork = true;
  }

  onEnded(process: ReplicaProcess): void {
    this.#primaries.delete(process);
    this.#tooFew.leavesOffice(process);
  }

  afterEvent(process: ReplicaProcess, event: Event): void {
    if (event.type === 'write') this.#tooFew.afterWrite(process);
    if (this.#primaries.has(process) && !this.#forks.isKeeper(process)) this.checkReads();
    if (this.#storeDue) {
      this.#storeDue = false;
      const isCurrent = process.disk.generation === this.generation && !process.laysSnapshot;
      if (isCurrent) this.model.checkStore(process.store, process.replica.commitIndex, process.replicaId);
    }
    if (this.#holdersDue || this.#holders.wasCut(process.disk)) {
      this.#holdersDue = false;
      const { state, isOlder } = this.#world.ensemble;
      const isWhole = !isOlder && state !== undefined && !this.#forks.isBehind(state);
      if (isWhole) for (const id of state.inSync) this.#holders.check(this.#world.diskOf(id));
    }
  }

  #onApply(process: ReplicaProcess, entries: readonly LogEntry[]): void {
    this.#storeDue = true;
    this.#tooFew.onApply(process, entries);
    for (const entry of entries) {
      const known = this.model.ever.get(entry.seq);
      require(known === undefined || isSame(known, entry) || this.#mayCommit(process, entry), () =>
        `${process.replicaId} applies another entry ${entry.seq}, of epoch ${entry.epoch}, than was committed there in epoch ${known?.epoch}`);
      if (this.model.isCommitted(entry.seq) && process.disk.generation === this.generation) continue;
      if (process.disk.generation !== this.generation) {
        // A deposed primary that hears late that all had held it: lost with the rest of its history (R13).
        require(known !== undefined || this.model.hasForgotten || this.#primaries.has(process), () =>
          `${process.replicaId} applies ${entry.seq} before a primary`);
        this.model.noteLost(entry);
        continue;
      }
      require(this.#mayCommit(process, entry), () => `${process.replicaId} applies ${entry.seq} before a primary has`);
      this.#noteCommitter(process, entry);
      this.model.commit(entry);
      this.#holdersDue = true;
    }
  }

  /** What an epoch wrote is committed first by one process: a primary that starts again never resumes its epoch (R8). */
  #noteCommitter(process: ReplicaProcess, { epoch }: LogEntry): void {
    if (process.replica.epoch !== epoch) return;
    const { epochId } = process.replica;
    const committer = this.#committerOf.get(epochId) ?? process;
    require(committer === process, () => `${committer.replicaId} and ${process.replicaId} have both committed in epoch ${epoch}`);
    this.#committerOf.set(epochId, process);
  }

  #mayCommit(process: ReplicaProcess, { seq }: LogEntry): boolean {
    const isCurrent = process.disk.generation === this.generation && !this.model.isCommitted(seq);
    // Its role may have begun or ended in this very turn.
    const { replica, replicaId } = process;
    const wasNamed = this.#world.ensemble.state?.primary === replicaId;
    return isCurrent && (wasNamed || this.#primaries.has(process) || replica.isPrimaryIn(replica.epoch));
  }

  #onRole(process: ReplicaProcess, isPrimary: boolean, epoch: number): void {
    if (!isPrimary) {
      this.onEnded(process);
      return;
    }
    this.#primaries.add(process);
    this.#tooFew.takesOffice(process, epoch);
    const { epochId } = process.replica;
    const other = this.#primaryOf.get(epochId) ?? process.replicaId;
    require(other === process.replicaId, () => `${other} and ${process.replicaId} are primaries of epoch ${epoch}`);
    this.#primaryOf.set(epochId, process.replicaId);
  }

  #onServing(process: ReplicaProcess): void {
    this.#tooFew.serves(process);
    if (this.generation === 0 || this.beginnings.has(this.generation) || process.disk.generation !== this.generation) return;
    this.beginnings.set(this.generation, { atMs: this.#world.queue.nowMs, items: new Map(process.store.items) });
  }

  #onAnswer(process: ReplicaProcess, answer: Answer): void {
    if (answer.kind !== 'written') return checkStoredAnswer(process, answer);
    if (this.#forks.isKeeper(process)) return;
    const { version } = answer;
    require(this.model.ever.has(version), () => `a write is acknowledged as ${version}, which is not committed`);
    if (this.model.isCommitted(version)) this.model.lastVisible = Math.max(this.model.lastVisible, version);
  }

  #nobodyIsLeftWaiting(process: ReplicaProcess): void {
    const left = this.#world.clients.find(({ waiting }) => [...waiting].some((ticket) => ticket.process === process));
    require(left === undefined, () => `${process.replicaId} has stopped and leaves ${left?.name} waiting`);
  }

  #onPersist(process: ReplicaProcess, change: Extract<Effect, { type: 'persist' }>['change']): void {
    if (change.type === 'rebase' && process.disk.generation === this.generation) {
      this.model.goOnWith(process.store.items, change.baseSeq);
    }
    if (change.type === 'reset') {
      process.laysSnapshot = !change.complete;
      process.disk.generation = this.model.generationOf(process.replica.epoch);
    }
    if (change.type === 'complete') {
      process.laysSnapshot = false;
      this.#storeDue = true;
    }
  }
}
