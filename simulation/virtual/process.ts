/**
 * One process: a replica, its store and its disk, its links and its session, and the shell around it that carries out
 * effects in order. When it is killed, everything is gone that it had not handed over. A subclass decides what
 * becomes of its work while it is paused, and when its disk completes writes.
 */
import type { Answer, Change, Effect, Event, LogEntry, Message, RecoveredReplica, Replica } from '../../src/replication/index.js';
import type { Disk } from './disk.js';
import { Knowledge } from './knowledge.js';
import { type LinkSurroundings, VirtualLinks } from './peer-links.js';
import { type SnapshotSurroundings, VirtualSnapshotCall } from './snapshot-call.js';
import type { Store } from './store.js';
import type { Stream } from './stream.js';
import type { ZookeeperSession } from './zookeeper-session.js';

/** Receives the answer to a write. It is the token of the write's event, and comes back with the answer. */
export type VirtualAnswerSink = (answer: Answer) => void;

/** The run around a process. */
export interface ProcessSurroundings extends LinkSurroundings, SnapshotSurroundings {
  readonly nodes: readonly {
    /** Its machine is off: nothing answers there, not even a refusal. */
    readonly silent: boolean;
    readonly snapshotLateMs: number;
    readonly process: ReplicaProcess | undefined;
  }[];
  onEvent(process: ReplicaProcess, event: Event): void;
  /** Before the effect is carried out. */
  onEffect(process: ReplicaProcess, effect: Effect): void;
  afterEvent(process: ReplicaProcess, event: Event): void;
  processEnded(process: ReplicaProcess, clean: boolean): void;
  /** What the disk of that node held is gone for good. */
  loseData(nodeIndex: number): void;
}

/** What a process starts with. */
export interface Found {
  readonly disk: Disk;
  readonly store: Store;
  readonly recovered?: RecoveredReplica;
  /** The end of the earlier process, on the clock of its machine. Undefined: it is not known. */
  readonly endedMs?: number | undefined;
}

const answerTypes: ReadonlySet<string> = new Set(['beaconAnswer', 'syncAnswer', 'appendAnswer', 'higherEpoch', 'otherHistory']);

export abstract class ReplicaProcess<World extends ProcessSurroundings = ProcessSurroundings> {
  readonly world: World;
  readonly nodeIndex: number;
  readonly replicaId: string;
  readonly replica: Replica;
  readonly knowledge: Knowledge;
  readonly store: Store;
  readonly disk: Disk;
  readonly links: VirtualLinks;
  abstract readonly session: ZookeeperSession;
  /** The calls that it serves, by joiner and number. */
  readonly snapshotCalls = new Map<string, VirtualSnapshotCall>();
  /** What has reached the store; behind the replica's own account if the process dies within a turn. */
  appliedSeq: number;
  /** It began with the data of an earlier process. */
  readonly isRestarted: boolean;
  alive = true;
  paused = false;
  stopping = false;
  historyHeld: string | undefined;
  /** The time of the shard that it has logged last (R17). */
  loggedTimeMs: number;
  /** It has discarded what it had, and the snapshot that takes its place is not complete. */
  laysSnapshot: boolean;
  readonly #heardOn = new Map<string, Stream>();
  readonly #gone: (() => void)[] = [];

  constructor(world: World, nodeIndex: number, replicaId: string, replica: Replica, { disk, store, recovered }: Found) {
    this.world = world;
    this.nodeIndex = nodeIndex;
    this.replicaId = replicaId;
    this.store = store;
    this.disk = disk;
    this.appliedSeq = recovered?.appliedSeq ?? 0;
    this.historyHeld = recovered?.complete ? recovered.line?.history : undefined;
    this.laysSnapshot = recovered?.complete === false;
    this.loggedTimeMs = recovered?.loggedTimeMs ?? 0;
    this.isRestarted = recovered !== undefined;
    this.replica = replica;
    this.knowledge = new Knowledge(replica);
    this.links = new VirtualLinks(world, this);
  }

  /** On the clock of its machine. */
  abstract get nowMs(): number;
  get runs(): boolean {
    return this.alive && !this.paused;
  }

  /** Work of this process: done now, or when it runs again, or never. */
  abstract run(work: () => void): void;
  /** Its connection to ZooKeeper, and those of all that share its machine. */
  abstract loseConnection(forMs: number): void;
  /** Between two chunks of a snapshot that it serves. */
  abstract chunkDelayMs(): number;

  later(delayMs: number, work: () => void, isHeld?: () => boolean): void {
    this.world.queue.after(delayMs, () => this.run(work), isHeld);
  }

  handle(event: Event): void {
    if (!this.alive) return;
    this.world.onEvent(this, event);
    this.knowledge.onEvent(event);
    this.replica.handle(event, this.nowMs);
    this.carryOut();
    this.world.afterEvent(this, event);
  }

  /** From another process, on a stream that answers go back on. */
  receive(message: Message, stream: Stream): void {
    this.#heardOn.set(message.from, stream);
    this.handle({ type: 'message', message });
  }

  /** `lingerMs`: what it had handed to its machine still arrives within this time; undefined: it does not. */
  kill(lingerMs: number | undefined, clean: boolean): void {
    if (!this.alive) return;
    this.alive = false;
    this.links.close(lingerMs);
    for (const stream of this.#heardOn.values()) stream.break(lingerMs);
    this.session.close(clean);
    this.world.processEnded(this, clean);
    if (!this.#isSilent) for (const tell of this.#gone) tell();
  }
  /** Calls once the process has ended and its machine says so. */
  whenGone(tell: () => void): void {
    if (this.alive) this.#gone.push(tell);
    else if (!this.#isSilent) tell();
  }
  get #isSilent(): boolean {
    return this.world.nodes[this.nodeIndex]!.silent;
  }

  protected carryOut(): void {
    for (let effects = this.replica.takeEffects(); effects.length > 0 && this.alive; effects = this.replica.takeEffects()) {
      for (const effect of effects) {
        if (this.diesBefore()) return;
        this.world.onEffect(this, effect);
        this.#do(effect);
        if (!this.alive) return;
      }
    }
  }

  /** Whether it has died in the middle of its turn. */
  protected diesBefore(): boolean {
    return false;
  }
  protected readLog({ to, epochId, number, firstSeq, throughSeq, maxEntries }: Extract<Effect, { type: 'readLog' }>): void {
    const entries = this.disk.read(firstSeq, throughSeq, maxEntries);
    const id = { to, epochId, number, firstSeq };
    this.handle(entries === undefined ? { type: 'logUnavailable', ...id } : { type: 'logRead', ...id, entries });
  }
  /** Old segments of its log are removed, with up to this number of changes. */
  removeSegments(changes: number): void {
    const seq = this.disk.removeSegments(changes, this.appliedSeq);
    this.handle({ type: 'logTrimmed', seq });
  }
  /** The disk has accepted a write. */
  protected diskAccepted(_change: Change): void {}
  protected applied(_entries: readonly LogEntry[]): void {}
  /** What has been written is to be flushed at once. */
  protected flushLog(): void {}
  protected answer(token: unknown, answer: Answer): void {
    (token as VirtualAnswerSink)(answer);
  }
  protected send(message: Message): void {
    if (answerTypes.has(message.body.type)) this.#heardOn.get(message.to)?.answer(message);
    else this.links.send(message);
  }
  protected callForSnapshot(request: Extract<Effect, { type: 'requestSnapshot' }>): VirtualSnapshotCall {
    return new VirtualSnapshotCall(this.world, this, request);
  }

  #do(effect: Effect): void {
    switch (effect.type) {
      case 'persist':
        this.store.change(effect.change);
        this.disk.write(effect.write, effect.change, this.appliedSeq);
        if (effect.change.type === 'reset' || effect.change.type === 'rebase') this.appliedSeq = effect.change.baseSeq;
        if (effect.change.type === 'reset' || effect.change.type === 'time') this.loggedTimeMs = effect.change.timeMs;
        return this.diskAccepted(effect.change);
      case 'flushLog':
        return this.flushLog();
      case 'apply':
        this.appliedSeq = effect.entries.at(-1)!.seq;
        this.store.apply(effect.entries);
        return this.applied(effect.entries);
      case 'applyLater':
        return this.later(0, () => this.handle({ type: 'applyRest' }));
      case 'answer':
        return this.answer(effect.token, effect.answer);
      case 'send':
        return this.send(effect.message);
      case 'links':
        return this.links.set(effect.to);
      case 'writeState':
        return this.session.write(effect.proposal, effect.expectedVersion, effect.next);
      case 'refreshState':
        return this.session.refresh(effect.afterWrite);
      case 'holds':
        this.historyHeld = effect.history;
        return this.session.announce();
      case 'requestSnapshot':
        this.callForSnapshot(effect).start();
        return;
      case 'serveSnapshot':
        return this.snapshotCalls.get(`${effect.to} ${effect.number}`)?.serve(effect);
      case 'refuseSnapshot':
        return this.snapshotCalls.get(`${effect.to} ${effect.number}`)?.fail();
      case 'readLog':
        return this.later(this.chunkDelayMs(), () => this.readLog(effect));
      case 'released':
        this.kill(0, true);
        return this.world.loseData(this.nodeIndex);
      case 'stopped':
        return this.kill(0, effect.clean);
    }
  }
}
