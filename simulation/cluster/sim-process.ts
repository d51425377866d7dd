/**
 * A process of a seeded run. While it is paused, everything that reaches it waits. It ticks on the clock of its
 * machine, and its disk is as slow as the plan says.
 */
import {
  type Change,
  type Effect,
  keysOf,
  type LogEntry,
  type RecoveredReplica,
  type Replica,
  type ReplicaOptions,
  type RequestIdentity,
  type Transaction,
  type WriteEvent,
} from '../../src/replication/index.js';
import type { Operation } from '../../verification/index.js';
import { hasExpiry } from '../plan/expiry-plan.js';
import { Random } from '../plan/random.js';
import type { Plan } from '../plan/setup.js';
import type { DriftingClock } from '../virtual/drifting-clock.js';
import type { Ensemble } from '../virtual/ensemble.js';
import { type Found, type ProcessSurroundings, ReplicaProcess, type VirtualAnswerSink } from '../virtual/process.js';
import { seededPace } from '../virtual/session-pace.js';
import { ZookeeperSession } from '../virtual/zookeeper-session.js';
import { LaggingState } from './lagging-state.js';

export type NewReplica = (options: ReplicaOptions, nowMs: number, recovered?: RecoveredReplica, endedMs?: number) => Replica;

/** The node that a process is on, or another one. */
interface NodeOfProcess {
  readonly clock: DriftingClock;
  readonly silent: boolean;
  readonly diskHangsUntilMs: number;
  readonly stateAwayUntilMs: number;
  readonly snapshotLateMs: number;
  readonly placed: readonly string[] | undefined;
  readonly process: SimProcess | undefined;
  readonly machine: { loseConnection(forMs: number): void };
}

/** The run of one shard, as its processes see it. */
interface SimSurroundings extends ProcessSurroundings {
  readonly site: { readonly worlds: readonly unknown[] };
  readonly shard: number;
  readonly plan: Plan;
  readonly ensemble: Ensemble;
  readonly nodes: readonly NodeOfProcess[];
  readonly newReplica: NewReplica;
  readonly safety: {
    onExecuted(process: ReplicaProcess, operation: Pick<Operation, 'key' | 'call' | 'outcome'>, ttlMs: number | undefined): void;
    onSynced(process: ReplicaProcess, operation: Pick<Operation, 'key' | 'call' | 'outcome'>): void;
    onLateRead(process: ReplicaProcess): void;
  };
  countAnswer(isFirst: boolean): void;
  crashInTurn(process: SimProcess): boolean;
}

const ticksPerBeacon = 3;
/** Between two chunks of a snapshot. A joiner gives its call up after this time. */
const longestStallMs = 10_000;
/** The share of ticks with a sweep: operations are to meet due keys as well. */
const sweepShare = 0.2;
/** The share of reads of the log before which old segments are removed. */
const removedShare = 0.2;
const bounds = { retainBytes: 1_000_000, maxRequestBytes: 1_000_000, maxUncommittedBytes: 1_000_000, maxBatchBytes: 100_000 };

export class SimProcess extends ReplicaProcess<SimSurroundings> {
  /** As people read it: with its shard, where there are several. */
  readonly label: string;
  readonly session: ZookeeperSession;
  readonly clock: DriftingClock;
  readonly random: Random;
  /** It dies in the middle of a turn, after this number of further effects. */
  effectsLeft: number | undefined;
  /** Undefined: the applied state is in memory. */
  readonly behind: LaggingState | undefined;
  readonly #inbox: (() => void)[] = [];
  /** Undefined: no key of this schedule expires. */
  readonly #sweeps: Random | undefined;
  #flushDue = false;
  #diskBusy = false;
  #syncDue = false;
  /** The last write that is done, and not reported: the database has to take something first. */
  #unreported: number | undefined;

  constructor(world: SimSurroundings, nodeIndex: number, replicaId: string, number: number, found: Found) {
    const { clock, placed } = world.nodes[nodeIndex]!;
    const options = optionsOf(world.plan, replicaId, number);
    super(
      world,
      nodeIndex,
      replicaId,
      world.newReplica(options, clock.read(world.queue.nowMs), found.recovered, found.endedMs),
      found,
    );
    const { seed, setup } = world.plan;
    this.label = world.site.worlds.length > 1 ? `${world.shard}/${replicaId}` : replicaId;
    this.clock = clock;
    this.random = Random.of(seed, 10_000 + number);
    this.#sweeps = hasExpiry(seed) ? Random.of(seed, 20_000 + number) : undefined;
    this.session = new ZookeeperSession(
      world.queue,
      world.ensemble,
      this,
      seededPace(this.random, setup.sessionMs),
      setup.sessionMs,
    );
    const { queue, plan, nodes } = world;
    const around = { queue, lag: plan.setup.lag!, node: nodes[nodeIndex]!, random: Random.of(seed, 30_000 + number) };
    this.behind = found.disk.database && new LaggingState(this, found.disk.database, around);
    this.#tickLater();
    if (placed !== undefined) this.later(0, () => this.handle({ type: 'placed', nodes: placed }));
  }

  get nowMs(): number {
    return this.clock.read(this.world.queue.nowMs);
  }

  run(work: () => void): void {
    if (!this.alive) return;
    if (this.paused) this.#inbox.push(work);
    else work();
  }

  /** Writes of one turn are replicated together. */
  write(write: Omit<WriteEvent, 'type' | 'token' | 'storedVersion' | 'storedExpiresAtMs'>, sink: VirtualAnswerSink): void {
    const { version: storedVersion, expiresAtMs: storedExpiresAtMs } = this.store.itemOf(write.key);
    this.handle({ type: 'write', token: sink, storedVersion, storedExpiresAtMs, ...write });
    this.#flushLater();
  }

  /** Reports the keys that are due, at a primary (R17). */
  sweep(): void {
    const keys = this.replica.isPrimary ? this.store.due(this.replica.timeMs(this.nowMs)) : [];
    if (keys.length === 0) return;
    this.handle({ type: 'due', token: () => {}, keys });
    this.#flushLater();
  }

  transact(
    transaction: Transaction,
    rest: { request?: RequestIdentity | undefined; sync?: boolean },
    sink: VirtualAnswerSink,
  ): void {
    const stored = new Map(keysOf(transaction).map((key) => [key, this.store.itemOf(key)]));
    this.handle({ type: 'transact', token: sink, transaction, stored, ...rest });
    this.#flushLater();
  }

  #flushLater(): void {
    if (this.#flushDue) return;
    this.#flushDue = true;
    this.later(this.random.next(), () => {
      this.#flushDue = false;
      this.handle({ type: 'flush' });
    });
  }

  /** A read that is answered behind the writes of its key. */
  readInOrder(key: string, sink: VirtualAnswerSink): void {
    this.handle({ type: 'orderedRead', token: sink, key, storedExpiresAtMs: this.store.itemOf(key).expiresAtMs });
    if (this.replica.uncommittedVersion(key) !== undefined) this.#flushLater();
  }

  /** With its machine. */
  pause(): void {
    this.paused = true;
    this.session.fallSilent();
  }

  /** The process handles in order what has arrived. A tick comes somewhere in between. */
  resume(): void {
    if (!this.alive || !this.paused) return;
    this.paused = false;
    this.session.speakAgain();
    const waiting = this.#inbox.splice(0);
    waiting.splice(this.random.below(waiting.length + 1), 0, () => this.#tick());
    for (const work of waiting) this.run(work);
  }

  loseConnection(forMs: number): void {
    this.world.nodes[this.nodeIndex]!.machine.loseConnection(forMs);
  }
  chunkDelayMs(): number {
    const { queue, plan, nodes } = this.world;
    const awayMs = this.behind === undefined ? 0 : nodes[this.nodeIndex]!.stateAwayUntilMs - queue.nowMs;
    return Math.min(Math.max(0, awayMs), longestStallMs) + this.random.next() * 4 * plan.setup.delayMs;
  }

  /** Calls once what is stored under these keys is known. `isLate`: other work may have been done meanwhile. */
  whenRows(keys: readonly string[], work: (isLate: boolean) => void): void {
    if (this.behind === undefined) work(false);
    else this.behind.whenRows(keys, work);
  }

  /** Its znode says whether its database gives an answer (R12), as soon as ZooKeeper takes that. */
  #reportState(): void {
    const { ensemble, queue, plan } = this.world;
    if (this.behind === undefined || !this.session.connected || ensemble.awayUntilMs > queue.nowMs) return;
    ensemble.markImpaired(this.replicaId, this.behind.unansweredMs > plan.setup.lag!.timeoutMs);
  }

  #tick(): void {
    this.#reportState();
    this.handle({ type: 'tick', hasDeadlines: this.#sweeps !== undefined && this.store.hasDeadlines });
  }

  #tickLater(): void {
    const tickMs = this.world.plan.setup.beaconMs / ticksPerBeacon;
    this.world.queue.after(this.clock.trueMsOf(tickMs), () => {
      if (!this.alive) return;
      if (!this.paused) this.#tick();
      if (!this.paused && this.#sweeps?.chance(sweepShare)) this.sweep();
      this.#tickLater();
    });
  }

  protected override diesBefore(): boolean {
    return this.effectsLeft !== undefined && this.effectsLeft-- <= 0 && this.world.crashInTurn(this);
  }

  /** Now and then what is to be read has just been removed, or is while it is read. */
  protected override readLog(effect: Extract<Effect, { type: 'readLog' }>): void {
    if (this.random.chance(removedShare)) this.removeSegments(this.random.below(this.disk.changeCount + 1));
    super.readLog(effect);
  }

  /** What has been written is flushed after a while, together with what is written until then. */
  #syncLater(): void {
    const { queue, plan } = this.world;
    const { syncMs } = plan.setup;
    if (syncMs === undefined || this.#syncDue) return;
    this.#syncDue = true;
    queue.after(syncMs * (0.5 + this.random.next()), () => this.#sync());
  }

  #sync(): void {
    if (!this.alive) return;
    const { queue, nodes } = this.world;
    const { diskHangsUntilMs } = nodes[this.nodeIndex]!;
    if (diskHangsUntilMs > queue.nowMs) return queue.after(diskHangsUntilMs - queue.nowMs, () => this.#sync());
    const write = this.disk.sync();
    this.#syncDue = false;
    if (write !== undefined) this.run(() => this.#flushed(write));
  }

  #flushed(write: number): void {
    this.handle({ type: 'flushed', write });
    this.behind?.logFlushed();
  }

  /** Acknowledges nothing more while the database takes nothing. */
  #persisted(write: number): void {
    if (this.behind?.isFull === true) {
      this.#unreported = write;
      // The database may wait for the next flush of the log.
      this.flushLog();
      return this.behind.whenRoom(() => this.#persisted(this.#unreported!));
    }
    this.handle({ type: 'persisted', write });
  }

  protected override applied(entries: readonly LogEntry[]): void {
    this.behind?.apply(entries);
  }

  diskReleased(): void {
    this.disk.release();
    this.#writeLater();
  }

  /** Sometimes what was persisted last is written only after that, and flushed at the next interval. */
  protected override flushLog(): void {
    const { queue, plan } = this.world;
    queue.after(plan.setup.diskMs * (0.5 + 2 * this.random.next()), () => this.#sync());
  }

  /** In memory every write is durable at once. On disk there is one flush at a time: writes that arrive meanwhile form the next one. */
  protected override diskAccepted(change: Change): void {
    this.behind?.change(change);
    if (this.world.plan.setup.volatile) this.disk.flush();
    else this.#writeLater();
  }

  #writeLater(): void {
    const { queue, plan, nodes } = this.world;
    if (this.#diskBusy) return;
    this.#diskBusy = true;
    const node = nodes[this.nodeIndex]!;
    const flush = (): void => {
      if (!this.alive) return;
      if (node.diskHangsUntilMs > queue.nowMs) return queue.after(node.diskHangsUntilMs - queue.nowMs, flush);
      const write = this.disk.flush();
      this.#diskBusy = false;
      if (write === undefined) return;
      this.run(() => this.#persisted(write));
      if (plan.setup.syncMs === undefined) this.run(() => this.behind?.logFlushed());
      else if (this.disk.hasUnflushed) this.#syncLater();
      else this.run(() => this.#flushed(write));
    };
    queue.after(plan.setup.diskMs * (0.3 + this.random.next()), flush);
  }
}

function optionsOf({ seed, setup }: Plan, replicaId: string, number: number): ReplicaOptions {
  const { minInSync, beaconMs, leaseMs, graceMs, volatile, syncMs } = setup;
  const { retainEntries, maxBatchEntries, maxBatchesInFlight, maxUncommittedEntries } = setup;
  return {
    replicaId,
    idSeed: `${replicaId}/${number}/`,
    minInSync,
    beaconMs,
    leaseMs,
    graceMs,
    volatile,
    persistsAtOnce: volatile,
    reportsFlushes: syncMs !== undefined,
    retainEntries,
    maxBatchEntries,
    maxBatchesInFlight,
    maxUncommittedEntries,
    maxRequests: seed % 3 === 0 ? 2 : 1000,
    mostRequests: 1000,
    ...bounds,
  };
}
