/**
 * One process: a replica, its store and its links, and the shell around it that carries out effects in order. While it is
 * paused everything that reaches it waits; when it is killed everything that it had not handed over is gone.
 */
import type { Answer, Effect, Event, Message, RecoveredReplica, Replica, ReplicaOptions } from '../../src/replication/index.js';
import { Random } from '../plan/random.js';
import type { Plan } from '../plan/setup.js';
import type { Disk } from './disk.js';
import type { DriftingClock } from './drifting-clock.js';
import type { Ensemble } from './ensemble.js';
import type { EventQueue } from './event-queue.js';
import { Knowledge } from './knowledge.js';
import type { Paths } from './paths.js';
import { PeerLinks } from './peer-links.js';
import { seededPace } from './session-pace.js';
import { type DumpTraffic, requestSnapshot } from './snapshot-call.js';
import type { Store } from './store.js';
import type { Stream } from './stream.js';
import { ZookeeperSession } from './zookeeper-session.js';

/** Whoever waits for the answer to a write; what is asked for under a token comes back with it. */
export type AnswerSink = (answer: Answer) => void;

export type NewReplica = (options: ReplicaOptions, nowMs: number, recovered?: RecoveredReplica) => Replica;

/** The node that a process is on, or another one. */
interface NodeOfProcess {
  readonly clock: DriftingClock;
  readonly silent: boolean;
  readonly diskHangsUntilMs: number;
  readonly dumpLateMs: number;
  readonly placed: readonly string[] | undefined;
  readonly process: SimProcess | undefined;
  readonly machine: { loseConnection(forMs: number): void };
}

/** The run of one shard, as its processes see it. */
interface ProcessSurroundings {
  readonly site: { readonly worlds: readonly unknown[] };
  readonly shard: number;
  readonly plan: Plan;
  readonly queue: EventQueue;
  readonly paths: Paths;
  readonly ensemble: Ensemble;
  readonly nodes: readonly NodeOfProcess[];
  readonly newReplica: NewReplica;
  readonly safety: { afterEvent(process: SimProcess, event: Event): void };
  nodeIndexOf(replicaId: string): number;
  countAnswer(isFirst: boolean): void;
  onEvent(process: SimProcess, event: Event): void;
  onEffect(process: SimProcess, effect: Effect): void;
  processEnded(process: SimProcess, clean: boolean): void;
  loseData(index: number): void;
  crashInTurn(process: SimProcess): boolean;
}

const answerTypes: ReadonlySet<string> = new Set(['beaconAnswer', 'syncAnswer', 'appendAnswer', 'higherEpoch', 'otherHistory']);
const ticksPerBeacon = 3;

export class SimProcess {
  readonly world: ProcessSurroundings;
  readonly nodeIndex: number;
  readonly replicaId: string;
  /** As people are told of it: with its shard, where there are several. */
  readonly label: string;
  readonly replica: Replica;
  readonly knowledge: Knowledge;
  readonly store: Store;
  readonly disk: Disk;
  readonly links: PeerLinks;
  readonly session: ZookeeperSession;
  readonly clock: DriftingClock;
  readonly random: Random;
  /** Calls to Dump under way: served to others, by their joiner. */
  readonly dumps = new Map<string, DumpTraffic>();
  /** What has reached the store; behind the replica's own account if it dies within a turn. */
  appliedSeq: number;
  alive = true;
  paused = false;
  stopping = false;
  historyHeld: string | undefined;
  /** It has discarded what it had, and the dump that takes its place is not complete. */
  laysDump: boolean;
  /** It dies in the middle of a turn, after so many more effects. */
  effectsLeft: number | undefined;
  readonly #inbox: (() => void)[] = [];
  readonly #heardOn = new Map<string, Stream>();
  readonly #gone: (() => void)[] = [];
  #flushDue = false;
  #diskBusy = false;

  constructor(
    world: ProcessSurroundings,
    nodeIndex: number,
    replicaId: string,
    number: number,
    found: { disk: Disk; store: Store; recovered?: RecoveredReplica },
  ) {
    this.world = world;
    this.nodeIndex = nodeIndex;
    this.replicaId = replicaId;
    this.label = world.site.worlds.length > 1 ? `${world.shard}/${replicaId}` : replicaId;
    this.clock = world.nodes[nodeIndex]!.clock;
    this.random = Random.of(world.plan.seed, 10_000 + number);
    this.store = found.store;
    this.disk = found.disk;
    this.appliedSeq = found.recovered?.appliedSeq ?? 0;
    this.historyHeld = found.recovered?.complete ? found.recovered.line?.history : undefined;
    this.laysDump = found.recovered?.complete === false;
    const { setup } = world.plan;
    const {
      minInSync,
      beaconMs,
      leaseMs,
      graceMs,
      volatile,
      retainEntries,
      maxBatchEntries,
      maxBatchesInFlight,
      maxUncommittedEntries,
    } = setup;
    const bounds = { retainBytes: 1_000_000, maxUncommittedBytes: 1_000_000, maxBatchBytes: 100_000 };
    const options = {
      replicaId,
      idSeed: `${replicaId}/${number}/`,
      minInSync,
      beaconMs,
      leaseMs,
      graceMs,
      volatile,
      retainEntries,
      maxBatchEntries,
      maxBatchesInFlight,
      maxUncommittedEntries,
    };
    this.replica = world.newReplica({ ...options, ...bounds }, this.nowMs, found.recovered);
    this.knowledge = new Knowledge(this.replica);
    this.links = new PeerLinks(world, this);
    this.session = new ZookeeperSession(
      world.queue,
      world.ensemble,
      this,
      seededPace(this.random, setup.sessionMs),
      setup.sessionMs,
    );
    this.#tickLater();
    const { placed } = world.nodes[nodeIndex]!;
    if (placed !== undefined) this.later(0, () => this.handle({ type: 'placed', nodes: placed }));
  }

  /** On this machine's clock. */
  get nowMs(): number {
    return this.clock.read(this.world.queue.nowMs);
  }
  get runs(): boolean {
    return this.alive && !this.paused;
  }

  /** Work of this process: done now, or when it runs again, or never. */
  run(work: () => void): void {
    if (!this.alive) return;
    if (this.paused) this.#inbox.push(work);
    else work();
  }
  later(delayMs: number, work: () => void): void {
    this.world.queue.after(delayMs, () => this.run(work));
  }

  handle(event: Event): void {
    if (!this.alive) return;
    this.world.onEvent(this, event);
    this.knowledge.onEvent(event);
    this.replica.handle(event, this.nowMs);
    this.#carryOut();
    this.world.safety.afterEvent(this, event);
  }

  /** From another process, on a stream that answers go back on. */
  receive(message: Message, stream: Stream): void {
    this.#heardOn.set(message.from, stream);
    this.handle({ type: 'message', message });
  }

  /** Writes of one turn are replicated together. */
  write(write: Omit<Extract<Event, { type: 'write' }>, 'type' | 'token' | 'storedVersion'>, sink: AnswerSink): void {
    this.handle({ type: 'write', token: sink, storedVersion: this.store.versionOf(write.key), ...write });
    if (this.#flushDue) return;
    this.#flushDue = true;
    this.later(this.random.next(), () => {
      this.#flushDue = false;
      this.handle({ type: 'flush' });
    });
  }

  /** Behind the writes of its key. */
  readInOrder(key: string, sink: AnswerSink): void {
    this.handle({ type: 'orderedRead', token: sink, key });
  }

  /** With its machine. */
  pause(): void {
    this.paused = true;
    this.session.fallSilent();
  }

  /** What has arrived is handled in order; a tick comes somewhere in between. */
  resume(): void {
    if (!this.alive || !this.paused) return;
    this.paused = false;
    this.session.speakAgain();
    const waiting = this.#inbox.splice(0);
    waiting.splice(this.random.below(waiting.length + 1), 0, () => this.handle({ type: 'tick' }));
    for (const work of waiting) this.run(work);
  }

  /** `lingerMs`: what it had handed to its machine still arrives within so long; undefined: it does not. */
  kill(lingerMs: number | undefined, clean: boolean): void {
    if (!this.alive) return;
    this.alive = false;
    this.links.close(lingerMs);
    for (const stream of this.#heardOn.values()) stream.break(lingerMs);
    this.session.close(clean);
    this.world.processEnded(this, clean);
    if (!this.world.nodes[this.nodeIndex]!.silent) for (const tell of this.#gone) tell();
  }
  whenGone(tell: () => void): void {
    if (this.alive) this.#gone.push(tell);
    else if (!this.world.nodes[this.nodeIndex]!.silent) tell();
  }

  loseConnection(forMs: number): void {
    this.world.nodes[this.nodeIndex]!.machine.loseConnection(forMs);
  }

  #tickLater(): void {
    const tickMs = this.world.plan.setup.beaconMs / ticksPerBeacon;
    this.world.queue.after(this.clock.trueMsOf(tickMs), () => {
      if (!this.alive) return;
      if (!this.paused) this.handle({ type: 'tick' });
      this.#tickLater();
    });
  }

  #carryOut(): void {
    for (let effects = this.replica.takeEffects(); effects.length > 0 && this.alive; effects = this.replica.takeEffects()) {
      for (const effect of effects) {
        if (this.effectsLeft !== undefined && this.effectsLeft-- <= 0 && this.world.crashInTurn(this)) return;
        this.world.onEffect(this, effect);
        this.#do(effect);
        if (!this.alive) return;
      }
      this.#flushMemory();
    }
  }

  #do(effect: Effect): void {
    switch (effect.type) {
      case 'persist':
        this.store.change(effect.change);
        this.disk.write(effect.write, effect.change, this.appliedSeq);
        if (effect.change.type === 'reset' || effect.change.type === 'rebase') this.appliedSeq = effect.change.baseSeq;
        if (!this.world.plan.setup.volatile) this.#writeLater();
        return;
      case 'apply':
        this.appliedSeq = effect.entries.at(-1)!.seq;
        return this.store.apply(effect.entries);
      case 'answer':
        return (effect.token as AnswerSink)(effect.answer);
      case 'send': {
        const { message } = effect;
        if (answerTypes.has(message.body.type)) this.#heardOn.get(message.to)?.answer(message);
        else this.links.send(message);
        return;
      }
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
        return requestSnapshot(this.world, this, effect);
      case 'serveSnapshot':
        return this.dumps.get(`${effect.to} ${effect.number}`)?.serve(effect);
      case 'refuseSnapshot':
        return this.dumps.get(`${effect.to} ${effect.number}`)?.fail();
      case 'released':
        this.kill(0, true);
        return this.world.loseData(this.nodeIndex);
      case 'stopped':
        return this.kill(0, effect.clean);
    }
  }

  /** In memory every write is durable at once, and reported after the effects of the turn. */
  #flushMemory(): void {
    if (!this.world.plan.setup.volatile) return;
    const write = this.disk.flush();
    if (write !== undefined && this.alive) this.replica.handle({ type: 'persisted', write }, this.nowMs);
  }

  /** One flush at a time; what comes meanwhile forms the next. */
  #writeLater(): void {
    if (this.#diskBusy) return;
    this.#diskBusy = true;
    const node = this.world.nodes[this.nodeIndex]!;
    const { queue, plan } = this.world;
    const flush = (): void => {
      if (!this.alive) return;
      if (node.diskHangsUntilMs > queue.nowMs) return queue.after(node.diskHangsUntilMs - queue.nowMs, flush);
      const write = this.disk.flush();
      this.#diskBusy = false;
      if (write !== undefined) this.run(() => this.handle({ type: 'persisted', write }));
    };
    queue.after(plan.setup.diskMs * (0.3 + this.random.next()), flush);
  }
}
