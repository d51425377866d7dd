/** One shard in one run: its replicas, its part of ZooKeeper, its placement, and its safety checks. */
import type { Placement as DecidedPlacement } from '../../src/placement/index.js';
import type { Effect, Event } from '../../src/replication/index.js';
import type { Moment } from '../plan/decision.js';
import { Random } from '../plan/random.js';
import type { Placing, Plan } from '../plan/setup.js';
import type { Applied } from '../safety/generations.js';
import { Safety } from '../safety/safety.js';
import { require } from '../safety/violation.js';
import { Disk } from '../virtual/disk.js';
import { Ensemble } from '../virtual/ensemble.js';
import type { EventQueue } from '../virtual/event-queue.js';
import type { Paths } from '../virtual/paths.js';
import { Store } from '../virtual/store.js';
import { VirtualDatabase } from '../virtual/virtual-database.js';
import type { Machine } from './machine.js';
import { momentOf } from './moments.js';
import { belongsTo, ShardPlacement } from './shard-placement.js';
import type { HistoryItem, SimClient } from './sim-client.js';
import { nodeIndexOf, SimNode } from './sim-node.js';
import { type NewReplica, SimProcess } from './sim-process.js';
import type { Trace } from './trace.js';

/** The wait before another attempt to start a replica on a paused machine. */
const startRetryMs = 200;
/** Of the writes that were not flushed when the power was lost, each is left with this chance. */
const survivingShare = 0.7;
/** Each shard draws from random sequences of its own. */
const sequencesPerShard = 100_000;

/** The run of all shards, as the run of one sees it. */
interface WorldSurroundings {
  readonly plan: Plan;
  readonly queue: EventQueue;
  readonly paths: Paths;
  readonly trace: Trace;
  readonly random: Random;
  readonly newReplica: NewReplica;
  readonly rules: Placing | undefined;
  readonly registry: Ensemble<DecidedPlacement>;
  readonly machines: readonly Machine[];
  readonly worlds: readonly unknown[];
  readonly clients: readonly SimClient[];
  readonly history: readonly HistoryItem[];
  /** Events that replicas have handled, ticks left out. */
  handled: number;
  worldOf(key: string): unknown;
  nextProcess(): number;
  keepBusy(forMs: number): void;
  onMoment: (moment: Moment, victim: SimProcess) => void;
}

export class World {
  readonly site: WorldSurroundings;
  readonly shard: number;
  readonly plan: Plan;
  readonly queue: EventQueue;
  readonly random: Random;
  readonly paths: Paths;
  readonly trace: Trace;
  readonly newReplica: NewReplica;
  readonly ensemble: Ensemble;
  readonly safety: Safety;
  readonly placement: ShardPlacement;
  readonly nodes: readonly SimNode[];
  readonly #disks = new Map<string, Disk>();

  constructor(site: WorldSurroundings, shard: number) {
    const { plan, queue, paths, trace, newReplica } = site;
    this.site = site;
    this.shard = shard;
    this.plan = plan;
    this.queue = queue;
    this.paths = paths;
    this.trace = trace;
    this.newReplica = newReplica;
    this.random = shard === 0 ? site.random : Random.of(plan.seed, shard * sequencesPerShard);
    this.safety = new Safety(this);
    this.placement = new ShardPlacement(this);
    this.ensemble = new Ensemble(queue, this.safety);
    // A node that learns the placement by itself holds nothing before that.
    this.nodes = site.machines.map((machine) => new SimNode(machine, site.rules === undefined ? undefined : []));
  }

  /** ZooKeeper has lost `state`, and no operator has decided how to go on. */
  get isStateLost(): boolean {
    return this.ensemble.state === undefined && this.ensemble.wasLost;
  }
  get running(): SimProcess[] {
    return this.nodes.flatMap(({ process }) => (process?.runs ? [process] : []));
  }
  get history(): HistoryItem[] {
    return this.site.history.filter(({ shard }) => shard === this.shard);
  }
  get keys(): string[] {
    const all = Array.from({ length: this.plan.setup.keys }, (_, key) => `k${key}`);
    return all.filter((key) => this.site.worldOf(key) === this);
  }
  get clients(): readonly SimClient[] {
    return this.site.clients;
  }

  nodeIndexOf(replicaId: string): number {
    return nodeIndexOf(replicaId);
  }
  processOf(replicaId: string): SimProcess | undefined {
    const process = this.nodes[nodeIndexOf(replicaId)]?.process;
    return process?.replicaId === replicaId ? process : undefined;
  }
  /** The entries that a replica has applied, or will have applied at the latest when it starts again. */
  appliedBy(replicaId: string): Applied | undefined {
    const process = this.processOf(replicaId);
    if (process !== undefined) return { items: process.store.items, seq: process.appliedSeq };
    const kept = this.nodes[nodeIndexOf(replicaId)]?.kept;
    if (kept?.disk.replicaId !== replicaId) return undefined;
    const seq = Math.min(kept.appliedSeq, kept.disk.lastSeq);
    return { items: kept.disk.storeAt(seq).items, seq };
  }
  diskOf(replicaId: string): Disk | undefined {
    return this.#disks.get(replicaId);
  }
  get disks(): readonly Disk[] {
    return [...this.#disks.values()];
  }
  get minInSync(): number {
    return this.plan.setup.minInSync;
  }
  get leaseMs(): number {
    return this.plan.setup.leaseMs;
  }
  get driftBound(): number {
    return this.plan.setup.driftBound;
  }
  get volatile(): boolean {
    return this.plan.setup.volatile;
  }
  get chunkItems(): number {
    return this.plan.setup.chunkItems;
  }
  countAnswer(isFirst: boolean): void {
    require(isFirst, () => 'a write is answered twice');
  }

  /**
   * Starts a replica with the data that was kept. Without any it starts empty, under a new id, and only where the
   * shard belongs.
   */
  start(index: number): void {
    const node = this.nodes[index]!;
    const { machine } = node;
    if (node.process !== undefined || !machine.isUp || machine.isStopping) return;
    if (node.kept === undefined && !belongsTo(node)) return;
    if (machine.isPaused) return this.queue.after(startRetryMs, () => this.start(index));
    const { kept } = node;
    const recovery = kept?.disk.recover(kept.appliedSeq, this.random, this.plan.setup.retainEntries);
    if (recovery?.problem !== undefined) {
      this.#throwAway(node, recovery.problem);
      return this.start(index);
    }
    const number = this.site.nextProcess();
    if (kept === undefined || recovery === undefined) {
      const replicaId = newId(node);
      if (this.plan.setup.lag?.isLagging[index] === true) node.database ??= new VirtualDatabase();
      const disk = new Disk(replicaId, this.plan.setup.syncMs !== undefined, node.database);
      disk.generation = this.safety.generation;
      this.#disks.set(replicaId, disk);
      node.process = new SimProcess(this, index, replicaId, number, { disk, store: new Store() });
    } else {
      const { replica, store } = recovery;
      node.process = new SimProcess(this, index, kept.disk.replicaId, number, {
        disk: kept.disk,
        store,
        recovered: replica,
        endedMs: kept.endedMs,
      });
    }
    this.trace.add(
      index,
      () => `starts as ${node.process?.label}${kept === undefined ? '' : `, with what it had: up to ${kept.disk.lastSeq}`}`,
    );
  }

  /** A node has learnt where the shard belongs. Undefined: it has learnt that there is no placement. */
  tellPlaced(index: number, placed: readonly string[] | undefined): void {
    const node = this.nodes[index]!;
    node.placed = placed;
    const { process } = node;
    if (process === undefined) this.start(index);
    else if (placed !== undefined) process.run(() => process.handle({ type: 'placed', nodes: placed }));
  }

  /** The database does not fit the log. The replica goes on as one without data, under a new id (R1). */
  #throwAway(node: SimNode, problem: string): void {
    const { disk } = node.kept!;
    require(disk.isHarmed, () => `${disk.replicaId} cannot use what it has, though nothing of it was harmed: ${problem}`);
    this.trace.add(node.index, () => `throws away ${disk.replicaId}: ${problem}`);
    disk.destroyed = true;
    node.kept = undefined;
  }

  processEnded(process: SimProcess, clean: boolean): void {
    process.behind?.close();
    const node = this.nodes[process.nodeIndex]!;
    node.process = undefined;
    this.safety.onEnded(process);
    this.trace.add(process.nodeIndex, () => `${process.label} ends${clean ? ', as planned' : ''}`);
    if (this.plan.setup.volatile) this.loseData(process.nodeIndex, process.disk);
    else {
      if (clean) process.disk.flush();
      else if (!node.machine.hasLostPower) process.disk.crash(process.random);
      if (clean) process.disk.sync();
      node.kept = { disk: process.disk, appliedSeq: process.appliedSeq, endedMs: process.nowMs };
      if (node.machine.hasLostPower) this.losePower(node.index, true);
    }
    node.machine.replicaEnded(this);
  }

  /** What was not flushed at this node is lost, or a part of it. @param hasRun its process has ended by that. */
  losePower(index: number, hasRun = false): void {
    const node = this.nodes[index]!;
    const { disk } = node.kept ?? {};
    node.database?.losePower(this.random);
    if (disk !== undefined && (hasRun || disk.hasUnflushed))
      this.#keep(
        node,
        disk.losePower(
          () => this.random.chance(survivingShare),
          () => newId(node),
        ),
      );
  }

  /** The newest part of what the disk of this node holds cannot be read any more. */
  damage(index: number): void {
    const node = this.nodes[index]!;
    const left = node.kept?.disk.damage(this.random, () => newId(node));
    if (left !== undefined) this.#keep(node, left);
  }

  /** An older backup takes the place of the database of this node. */
  restoreState(index: number): void {
    const { database, kept } = this.nodes[index]!;
    if (kept !== undefined && database?.restore(this.random) === true) kept.disk.isHarmed = true;
  }

  #keep(node: SimNode, disk: Disk): void {
    this.#disks.set(disk.replicaId, disk);
    node.kept = node.kept && { ...node.kept, disk, appliedSeq: Math.min(node.kept.appliedSeq, disk.lastSeq) };
  }

  /** The data on its disk is gone for good. */
  loseData(index: number, disk = this.nodes[index]!.kept?.disk): void {
    this.nodes[index]!.kept = undefined;
    this.nodes[index]!.database = undefined;
    if (disk !== undefined) disk.destroyed = true;
  }

  /** Crashes the machine between two effects of one turn. */
  crashInTurn(process: SimProcess): boolean {
    process.effectsLeft = undefined;
    this.nodes[process.nodeIndex]!.machine.crash(process.random.chance(0.5) ? process.random.below(50) : undefined);
    return true;
  }

  onEvent(process: SimProcess, event: Event): void {
    this.trace.event(process, event);
    if (event.type !== 'tick') this.site.handled += 1;
  }

  afterEvent(process: SimProcess, event: Event): void {
    this.safety.afterEvent(process, event);
  }

  onEffect(process: SimProcess, effect: Effect): void {
    this.trace.effect(process, effect);
    // The fault that loses this answer may have been armed long ago.
    const lost = effect.type === 'writeState' ? process.session.loseNext : undefined;
    if (lost !== undefined) this.site.keepBusy((lost.lateMs ?? 0) + (lost.reconnectMs ?? 0));
    this.safety.onEffect(process, effect);
    const moment = momentOf(process, effect);
    if (moment !== undefined) this.site.onMoment(moment, process);
  }
}

/** A replica id that no data has had before (R1). */
function newId(node: SimNode): string {
  return `${node.name}~${++node.ids}`;
}
