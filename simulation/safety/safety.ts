/**
 * The safety checks of one shard. They must hold after every event, whatever the faults, and throw a violation that
 * names the contradiction. Each check looks only at what an event may have changed, so that checks cost no more than
 * events.
 */
import type { Answer, Effect, Event, KeyWrite, LogEntry, ShardState } from '../../src/replication/index.js';
import { type CallPart, type Operation, partsOf, writtenVersion } from '../../verification/index.js';
import type { Ensemble } from '../virtual/ensemble.js';
import type { ReplicaProcess } from '../virtual/process.js';
import { checkCleanStop, checkDeparture, checkGiven, checkMoved, checkRelease } from './departure-checks.js';
import { Forks } from './forks.js';
import { Generations, type GenerationsRun } from './generations.js';
import { HistoryModel, isSame } from './history-model.js';
import { Holders } from './holders.js';
import { TooFew } from './min-in-sync-check.js';
import { checkReaders, checkStoredAnswer } from './read-checks.js';
import { sameBytes } from './same-bytes.js';
import { TimeCheck } from './time-check.js';
import { require } from './violation.js';

/** The run of one shard, as its checks see it. */
interface CheckedRun extends GenerationsRun {
  readonly minInSync: number;
  /** Replicas live in memory. */
  readonly volatile: boolean;
  /** Scripts: the operator may let two lines be served at once. */
  readonly mayServeTwoLines?: boolean;
  readonly leaseMs: number;
  /** The rates of clocks lie between 1 - bound and 1 + bound. */
  readonly driftBound: number;
  readonly ensemble: Ensemble;
  readonly clients: readonly { readonly name: string; readonly waiting: Iterable<{ readonly process: ReplicaProcess }> }[];
}

/** Events with which a primary appends: also a read, where it deletes a due key first (R17). */
const mayAppend: ReadonlySet<Event['type']> = new Set(['write', 'transact', 'orderedRead', 'due']);

export class Safety {
  readonly model = new HistoryModel();
  readonly generations: Generations;
  readonly #world: CheckedRun;
  readonly #tooFew: TooFew;
  readonly #forks: Forks;
  readonly #primaries = new Set<ReplicaProcess>();
  readonly #primaryOf = new Map<string, string>();
  readonly #committerOf = new Map<string, ReplicaProcess>();
  readonly #holders: Holders;
  readonly #time: TimeCheck;
  #holdersDue = false;
  #storeDue = false;

  constructor(world: CheckedRun) {
    this.#world = world;
    this.#tooFew = new TooFew(world.minInSync);
    this.#time = new TimeCheck(world);
    this.#forks = new Forks(world);
    this.#holders = new Holders(this.model);
    this.generations = new Generations(world, this.model, this.#forks);
  }

  get generation(): number {
    return this.model.generation;
  }

  /** `state` was written in ZooKeeper. */
  onState(state: ShardState | undefined, before: ShardState | undefined): void {
    this.#holdersDue = true;
    if (state === undefined) return;
    this.#time.onState(state, before);
    require(state.epoch >= (before?.epoch ?? 0), () => `the epoch goes back from ${before?.epoch} to ${state.epoch}`);
    require(state.seqFloor >= (before?.seqFloor ?? 1), () => `the seq floor goes back to ${state.seqFloor}`);
    if (state.primary === undefined) {
      require(before?.inSync.length === 1, () => `a history ends with ${before?.inSync.join(', ')} in sync`);
      return this.model.beginWith(new Map(), state.seqFloor - 1, state.epoch);
    }
    require(state.inSync.includes(state.primary), () => `${state.primary} is primary and not in sync`);
    this.generations.onState(state, state.primary, before);
    this.#checkHolders();
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
    return [...this.#primaries].filter((primary) => !this.#forks.isKeeper(primary.disk));
  }

  checkReads(): void {
    const readers = checkReaders(this.#readers, this.model, this.#world.mayServeTwoLines === true);
    const [reader] = readers;
    if (reader !== undefined && readers.length === 1 && reader.disk.generation === this.generation)
      this.#time.observe(reader, this.generation);
  }

  /** A write is acknowledged: it is committed as it was requested. `value` undefined: a delete. `ttlMs` undefined: it never expires. */
  onWritten(process: ReplicaProcess, key: string, value: Uint8Array | undefined, version: number, ttlMs?: number): void {
    if (this.#forks.isKeeper(process.disk)) return;
    const entry = this.model.ever.get(version);
    const write = entry?.writes.find((one) => one.key === key);
    require(write !== undefined && sameBytes(write.value, value), () =>
      `a write of ${key} is acknowledged as ${version}, which is another`);
    if (write !== undefined) requireExpiry(entry, write, ttlMs);
  }

  /**
   * An operation of a client is answered: what it wrote is what its entry holds. A retry gets the results of the execution, too
   * (R16). `ttlMs`: of its puts.
   */
  onExecuted(process: ReplicaProcess, operation: Pick<Operation, 'key' | 'call' | 'outcome'>, ttlMs: number | undefined): void {
    const version = writtenVersion(operation);
    if (version === 0 || this.#forks.isKeeper(process.disk)) return;
    const entry = this.model.ever.get(version);
    const last = new Map(partsOf(operation).flatMap((part) => (part.call.kind === 'get' ? [] : [[part.key, part]])));
    for (const [key, part] of last) {
      const write = entry?.writes.find((one) => one.key === key);
      const mayWriteNothing = part.call.kind === 'delete' || part.call.kind === 'getAndDelete';
      require(write === undefined ? mayWriteNothing : wroteThis(part, write.value), () =>
        `a write of ${key} is acknowledged as ${version}, which is another`);
      if (write !== undefined) requireExpiry(entry, write, part.call.kind === 'put' ? ttlMs : undefined);
    }
  }

  /** An operation with `sync` is answered: no member of the in-sync set loses what it wrote without power. */
  onSynced(process: ReplicaProcess, operation: Pick<Operation, 'key' | 'call' | 'outcome'>): void {
    const version = writtenVersion(operation);
    const { state, isOlder } = this.#world.ensemble;
    if (version === 0 || isOlder || process.disk.generation !== this.generation) return;
    for (const id of state?.inSync ?? []) {
      const disk = this.#world.diskOf(id);
      require(disk === undefined || disk.destroyed || disk.flushedSeq >= version || disk.baseSeq >= version, () =>
        `a write with sync is answered as ${version}, and ${id} has flushed only up to ${disk?.flushedSeq}`);
    }
  }

  /** A row that has come from a database is shown to a client. */
  onLateRead({ replica, replicaId, nowMs }: ReplicaProcess): void {
    const refusal = replica.refusalOfRead(nowMs);
    require(refusal === undefined, () => `${replicaId} shows what it has stored, though ${refusal}`);
  }

  onEnded(process: ReplicaProcess): void {
    this.#primaries.delete(process);
    this.#tooFew.leavesOffice(process);
  }

  afterEvent(process: ReplicaProcess, event: Event): void {
    this.#time.afterEvent(process, event);
    if (mayAppend.has(event.type)) this.#tooFew.afterWrite(process);
    if (this.#primaries.has(process) && !this.#forks.isKeeper(process.disk)) this.checkReads();
    if (this.#storeDue) {
      this.#storeDue = false;
      const isCurrent = process.disk.generation === this.generation && !process.laysSnapshot;
      if (isCurrent) this.model.checkStore(process.store, process.replica.commitIndex, process.replicaId);
      this.#checkRecognised(process);
    }
    if (this.#holdersDue || this.#holders.wasCut(process.disk)) this.#checkHolders();
  }

  /** What a restart would recognise is what the replica recognises (R16). A primary also recognises what is in its log. */
  #checkRecognised({ replica, replicaId, store, nowMs }: ReplicaProcess): void {
    const { role, requests } = replica.status(nowMs);
    require(role === 'primary' || requests === store.requests.count, () =>
      `${replicaId} recognises ${requests} requests, and its store has ${store.requests.count}`);
  }

  #checkHolders(): void {
    this.#holdersDue = false;
    const { state, isOlder } = this.#world.ensemble;
    const isWhole = !isOlder && state !== undefined && !this.#forks.isBehind(state);
    if (isWhole) for (const id of state.inSync) this.#holders.check(this.#world.diskOf(id));
  }

  #onApply(process: ReplicaProcess, entries: readonly LogEntry[]): void {
    this.#storeDue = true;
    this.#tooFew.onApply(process, entries);
    for (const entry of entries) {
      const known = this.model.ever.get(entry.seq);
      const mayDiffer = this.#mayCommit(process, entry) || this.#forks.isKeeper(process.disk);
      require(known === undefined || isSame(known, entry) || mayDiffer, () =>
        `${process.replicaId} applies another entry ${entry.seq}, of epoch ${entry.epoch}, than was committed there in epoch ${known?.epoch}`);
      if (this.model.isCommitted(entry.seq) && process.disk.generation === this.generation) continue;
      if (process.disk.generation !== this.generation) {
        // A deposed primary may learn late that all members held an entry, which is lost with the rest of its history
        // (R13).
        require(known !== undefined || this.model.hasForgotten || this.#primaries.has(process), () =>
          `${process.replicaId} applies ${entry.seq} before a primary`);
        this.model.noteLost(entry);
        this.#noteLost(process, entries, entry);
        continue;
      }
      require(this.#mayCommit(process, entry), () => `${process.replicaId} applies ${entry.seq} before a primary has`);
      this.#noteCommitter(process, entry);
      this.model.commit(entry, this.#world.queue.nowMs);
      this.#holdersDue = true;
    }
  }

  #noteLost({ store, disk }: ReplicaProcess, entries: readonly LogEntry[], entry: LogEntry): void {
    if (entry.atMs === undefined && entry.request !== undefined) return;
    for (const write of entry.writes) {
      const earlier = entries.filter(({ seq }) => seq < entry.seq).flatMap(({ writes }) => writes);
      const before = earlier.findLast(({ key }) => key === write.key) ?? store.items.get(write.key);
      this.model.expiry.noteLost(entry, write, before?.value, disk.generation, this.#world.queue.nowMs);
    }
  }

  /**
   * Only one process is the first to commit the entries of an epoch: a primary that starts again never resumes its
   * epoch (R8).
   */
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
    this.#time.takesOffice(process);
    this.#tooFew.takesOffice(process, epoch);
    const { epochId } = process.replica;
    const other = this.#primaryOf.get(epochId) ?? process.replicaId;
    require(other === process.replicaId, () => `${other} and ${process.replicaId} are primaries of epoch ${epoch}`);
    this.#primaryOf.set(epochId, process.replicaId);
  }

  #onServing(process: ReplicaProcess): void {
    this.#tooFew.serves(process);
    this.generations.onServing(process);
  }

  #onAnswer(process: ReplicaProcess, answer: Answer): void {
    if ((answer.kind !== 'written' && answer.kind !== 'transacted') || answer.version === 0)
      return checkStoredAnswer(process, answer, this.model);
    if (this.#forks.isKeeper(process.disk)) return;
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

function wroteThis({ call, result }: CallPart, value: Uint8Array | undefined): boolean {
  const text = value && new TextDecoder().decode(value);
  if (result?.kind === 'sum') return text === result.value;
  if (result?.kind === 'length') return value?.length === result.valueBytes;
  return text === (call.kind === 'put' || call.kind === 'getAndSet' ? call.value : undefined);
}

function requireExpiry(entry: LogEntry | undefined, { key, expiresAtMs }: KeyWrite, ttlMs: number | undefined): void {
  const lastsMs = expiresAtMs === undefined ? undefined : expiresAtMs - (entry?.atMs ?? 0);
  const isAsAsked = ttlMs === undefined ? lastsMs === undefined : lastsMs === ttlMs || lastsMs === ttlMs + 1;
  require(isAsAsked, () => `${key} is to expire after ${ttlMs} ms, and does so after ${lastsMs}`);
}
