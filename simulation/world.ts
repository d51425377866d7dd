/**
 * Everything there is in one run: nodes, network, ZooKeeper, clients, and the time. What happens next is decided by the
 * plan and its seed alone.
 */
import { type Effect, type Event, type RecoveredReplica, Replica, type ReplicaOptions } from '../src/replication/index.js';
import type { Operation } from '../verification/index.js';
import type { Moment } from './decision.js';
import { Disk } from './disk.js';
import { DriftingClock } from './drifting-clock.js';
import { Ensemble } from './ensemble.js';
import { EventQueue } from './event-queue.js';
import { momentOf } from './moments.js';
import { Paths } from './paths.js';
import { belongsTo, Placement } from './placement.js';
import type { Plan } from './plan.js';
import { Random } from './random.js';
import { Safety } from './safety.js';
import { SimClient } from './sim-client.js';
import { nodeIndexOf, nodeName, type SimNode } from './sim-node.js';
import { SimProcess } from './sim-process.js';
import { Store, type StoredItem } from './store.js';
import { Trace } from './trace.js';
import { require } from './violation.js';

export type NewReplica = (options: ReplicaOptions, nowMs: number, recovered?: RecoveredReplica) => Replica;

export interface HistoryItem {
  readonly operation: Operation;
  /** Generations of the history (R13): when it began, and when it was answered. */
  readonly startedIn: number;
  readonly answeredIn: number;
}

/** Before a node that would be empty is started again where ZooKeeper has lost everything: the operator decides first. */
const startRetryMs = 200;
const defaultDownMs = 300;

export class World {
  readonly plan: Plan;
  readonly queue = new EventQueue();
  readonly random: Random;
  readonly paths: Paths;
  readonly ensemble: Ensemble;
  readonly safety: Safety;
  readonly placement: Placement;
  readonly nodes: readonly SimNode[];
  readonly clients: readonly SimClient[];
  readonly history: HistoryItem[] = [];
  readonly trace: Trace;
  readonly newReplica: NewReplica;
  /** Called at each moment that an ambush may wait for. */
  onMoment: (moment: Moment, process: SimProcess) => void = () => {};
  /** Faults that struck, and when the last of them will be over. */
  faults = 0;
  busyUntilMs = 0;
  /** Events that replicas have handled, ticks left out. */
  handled = 0;
  readonly #disks = new Map<string, Disk>();
  #processes = 0;
  #values = 0;

  constructor(plan: Plan, newReplica: NewReplica = (...given) => new Replica(...given), recording = false) {
    const { seed, setup } = plan;
    this.plan = plan;
    this.newReplica = newReplica;
    this.trace = new Trace(this.queue, recording);
    this.random = Random.of(seed, 1);
    this.paths = new Paths(this.queue, seed, setup.delayMs);
    this.safety = new Safety(this);
    this.placement = new Placement(this);
    this.ensemble = new Ensemble(this.queue, this.safety);
    const newClock = (): DriftingClock =>
      new DriftingClock(this.random.below(1_000_000), 1 + (2 * this.random.next() - 1) * setup.driftBound);
    this.nodes = setup.firstStartsMs.map((_, index) => ({
      ...{ index, name: nodeName(index), clock: newClock(), process: undefined, ids: 0, kept: undefined },
      ...{ silent: false, diskHangsUntilMs: 0, dumpLateMs: 0, downMs: defaultDownMs },
      ...{ placed: undefined, placedVersion: 0 },
    }));
    this.clients = Array.from({ length: setup.clients }, (_, number) => new SimClient(this, number));
    setup.firstStartsMs.forEach((atMs, index) => void this.queue.after(atMs, () => this.start(index)));
  }

  /** ZooKeeper has lost what it held, and nobody has decided how to go on. */
  get isStateLost(): boolean {
    return this.ensemble.state === undefined && this.ensemble.history.some(({ znode }) => znode !== undefined);
  }
  get running(): SimProcess[] {
    return this.nodes.flatMap(({ process }) => (process?.runs ? [process] : []));
  }

  nodeIndexOf(replicaId: string): number {
    return nodeIndexOf(replicaId);
  }
  processOf(replicaId: string): SimProcess | undefined {
    const process = this.nodes[nodeIndexOf(replicaId)]?.process;
    return process?.replicaId === replicaId ? process : undefined;
  }
  /** What a replica has applied, or will have when it starts again at the latest. */
  appliedBy(replicaId: string): { readonly items: ReadonlyMap<string, StoredItem>; readonly seq: number } | undefined {
    const process = this.processOf(replicaId);
    if (process !== undefined) return { items: process.store.items, seq: process.appliedSeq };
    const kept = this.nodes[nodeIndexOf(replicaId)]?.kept;
    if (kept?.replicaId !== replicaId) return undefined;
    const seq = Math.min(kept.appliedSeq, kept.disk.lastSeq);
    return { items: kept.disk.storeAt(seq).items, seq };
  }
  diskOf(replicaId: string): Disk | undefined {
    return this.#disks.get(replicaId);
  }
  uniqueValue(): string {
    return `v${++this.#values}`;
  }
  countAnswer(isFirst: boolean): void {
    require(isFirst, () => 'a write is answered twice');
  }

  /** With what was kept, or else empty and under a new id: then only where the shard belongs. */
  start(index: number): void {
    const node = this.nodes[index]!;
    if (node.process !== undefined) return;
    const { kept } = node;
    if (kept === undefined && !belongsTo(node)) return;
    const isEmpty = kept === undefined || kept.disk.epoch === 0;
    if (isEmpty && this.isStateLost) return this.queue.after(startRetryMs, () => this.start(index));
    node.silent = false;
    const number = ++this.#processes;
    if (kept === undefined) {
      const disk = new Disk();
      disk.generation = this.safety.generation;
      const replicaId = `${node.name}~${++node.ids}`;
      this.#disks.set(replicaId, disk);
      node.process = new SimProcess(this, index, replicaId, number, { disk, store: new Store() });
    } else {
      const { replica, store } = kept.disk.recover(kept.appliedSeq, this.random, this.plan.setup.retainEntries < 100);
      node.process = new SimProcess(this, index, kept.replicaId, number, { disk: kept.disk, store, recovered: replica });
    }
    this.trace.add(
      index,
      () => `starts as ${node.process?.replicaId}${kept === undefined ? '' : `, with what it had: up to ${kept.disk.lastSeq}`}`,
    );
  }

  processEnded(process: SimProcess, clean: boolean): void {
    const node = this.nodes[process.nodeIndex]!;
    node.process = undefined;
    this.safety.onEnded(process);
    this.trace.add(process.nodeIndex, () => `${process.replicaId} ends${clean ? ', as planned' : ''}`);
    if (this.plan.setup.volatile) this.loseData(process.nodeIndex, process.disk);
    else {
      if (clean) process.disk.flush();
      else process.disk.crash(process.random);
      node.kept = { disk: process.disk, replicaId: process.replicaId, appliedSeq: process.appliedSeq };
    }
    this.keepBusy(node.downMs);
    this.queue.after(node.downMs, () => this.start(node.index));
    node.downMs = defaultDownMs;
  }

  /** What its disk held is gone for good. */
  loseData(index: number, disk = this.nodes[index]!.kept?.disk): void {
    this.nodes[index]!.kept = undefined;
    if (disk !== undefined) disk.destroyed = true;
  }

  /** Between two effects of one turn. Whether it did. */
  crashInTurn(process: SimProcess): boolean {
    process.effectsLeft = undefined;
    if (this.isStateLost) return false;
    process.kill(process.random.chance(0.5) ? process.random.below(50) : undefined, false);
    return true;
  }

  keepBusy(forMs: number): void {
    this.busyUntilMs = Math.max(this.busyUntilMs, this.queue.nowMs + forMs);
  }

  onEvent(process: SimProcess, event: Event): void {
    this.trace.event(process, event);
    if (event.type !== 'tick') this.handled += 1;
  }

  onEffect(process: SimProcess, effect: Effect): void {
    this.trace.effect(process, effect);
    // A lost answer was armed long ago, maybe.
    const lost = effect.type === 'writeState' ? process.session.loseNext : undefined;
    if (lost !== undefined) this.keepBusy((lost.lateMs ?? 0) + lost.reconnectMs);
    this.safety.onEffect(process, effect);
    const moment = momentOf(process, effect);
    if (moment !== undefined) this.onMoment(moment, process);
  }

  runUntil(endMs: number): void {
    while (this.queue.runNext(endMs));
  }
}
