/**
 * A virtual cluster for scripts, made of the parts of the simulation and watched by its safety checks. Nothing
 * happens by itself: the cluster lists what can happen next, and a script picks.
 */
import { Random } from '../../../simulation/plan/random.js';
import type { Applied } from '../../../simulation/safety/generations.js';
import { Safety } from '../../../simulation/safety/safety.js';
import type { Disk } from '../../../simulation/virtual/disk.js';
import { Ensemble } from '../../../simulation/virtual/ensemble.js';
import { EventQueue } from '../../../simulation/virtual/event-queue.js';
import type { VirtualSnapshotCall } from '../../../simulation/virtual/snapshot-call.js';
import type { Answer, Effect } from '../protocol/effect.js';
import type { Event } from '../protocol/event.js';
import type { ReplicaId } from '../protocol/ids.js';
import type { ReplicaOptions } from '../protocol/replica-options.js';
import { ScriptedWays } from './scripted-ways.fixture.js';
import { type ScriptedCall, type Surroundings, VirtualNode } from './virtual-node.fixture.js';

export interface Action {
  run(): void;
}

export const defaultOptions: Omit<ReplicaOptions, 'replicaId' | 'idSeed'> = {
  minInSync: 1,
  beaconMs: 150,
  leaseMs: 1000,
  graceMs: 1250,
  volatile: true,
  persistsAtOnce: false,
  reportsFlushes: false,
  retainEntries: 1000,
  retainBytes: 1_000_000,
  maxUncommittedEntries: 1000,
  maxUncommittedBytes: 1_000_000,
  maxRequests: 1000,
  maxRequestBytes: 1024 * 1024,
  mostRequests: 1000,
  maxBatchEntries: 100,
  maxBatchesInFlight: 2,
  maxBatchBytes: 100_000,
};

export class Cluster implements Surroundings {
  readonly queue = new EventQueue();
  readonly network = new ScriptedWays(this.queue, (index) => this.nodes[index]?.paused === true);
  readonly paths = this.network;
  /** The ZooKeeper servers. */
  readonly ensemble = new Ensemble(this.queue, { onState: (state, before) => this.safety.onState(state, before) });
  /** Every process there has been, the dead ones too. */
  readonly nodes: VirtualNode[] = [];
  /** Every call for a snapshot that there has been. */
  readonly snapshots: VirtualSnapshotCall[] = [];
  readonly chunkItems = 2;
  readonly mayServeTwoLines = true;
  /** True: snapshots make no progress. */
  snapshotsHeld = false;
  readonly safety: Safety;
  /** Calls that are not answered yet. */
  readonly waiting = new Set<ScriptedCall>();
  readonly clients = [{ name: 'the script', waiting: this.waiting }];
  readonly #options: Omit<ReplicaOptions, 'replicaId' | 'idSeed'>;
  /** By name: how far the clock of a node is ahead of the script's. */
  readonly clocksAheadMs = new Map<string, number>();
  readonly #random = new Random(1);
  /** By name: the number of replica ids that were made. */
  readonly #lives = new Map<string, number>();
  /** The disks that are left of others after a loss of power. */
  readonly #left = new Map<Disk, Disk>();
  /** The names of the nodes where the shard belongs. Undefined: no placement has been written. */
  #placed: readonly string[] | undefined;

  constructor(options: Partial<ReplicaOptions> = {}) {
    this.#options = { ...defaultOptions, ...options };
    this.safety = new Safety(this);
  }

  get minInSync(): number {
    return this.#options.minInSync;
  }
  get volatile(): boolean {
    return this.#options.volatile;
  }
  get disks(): readonly Disk[] {
    return this.nodes.map(({ disk }) => disk);
  }
  get nowMs(): number {
    return this.queue.nowMs;
  }
  get leaseMs(): number {
    return this.#options.leaseMs;
  }
  readonly driftBound = 0;

  /** A process starts empty: with a new identity, whatever ran under that name before (R1). */
  start(name: string): VirtualNode {
    return this.#run(new VirtualNode(this, this.nodes.length, name, this.#newId(name), this.#options));
  }

  /** A process starts with the data of the last one of that name, which has ended. */
  startAgain({ name, disk: lastDisk, appliedSeq }: VirtualNode): VirtualNode {
    const disk = this.#left.get(lastDisk) ?? lastDisk;
    const { replicaId } = disk;
    const recovery = disk.recover(appliedSeq, this.#random, this.#options.retainEntries);
    if (recovery.problem !== undefined) throw new Error(recovery.problem);
    const { replica: recovered, store } = recovery;
    return this.#run(new VirtualNode(this, this.nodes.length, name, replicaId, this.#options, { disk, store, recovered }));
  }

  /** The machine of a process loses power, and every write that was not flushed. */
  losePower(node: VirtualNode): void {
    this.kill(node);
    this.#left.set(
      node.disk,
      node.disk.losePower(
        () => false,
        () => this.#newId(node.name),
      ),
    );
  }

  #newId(name: string): string {
    const number = (this.#lives.get(name) ?? 0) + 1;
    this.#lives.set(name, number);
    return `${name}~${number}`;
  }

  #run(node: VirtualNode): VirtualNode {
    this.nodes.push(node);
    if (this.#placed !== undefined) node.handle({ type: 'placed', nodes: this.#placed });
    node.session.reconnect();
    return node;
  }

  place(names: readonly string[]): void {
    this.#placed = names;
    for (const node of this.nodes) node.handle({ type: 'placed', nodes: names });
  }

  kill(node: VirtualNode): void {
    node.kill(undefined, false);
  }

  byId(id: ReplicaId): VirtualNode | undefined {
    return this.nodes.findLast((node) => node.replicaId === id);
  }
  diskOf(id: ReplicaId): Disk | undefined {
    return this.byId(id)?.disk ?? [...this.#left.values()].find(({ replicaId }) => replicaId === id);
  }
  appliedBy(id: ReplicaId): Applied | undefined {
    const node = this.byId(id);
    return node && { items: node.store.items, seq: node.appliedSeq };
  }
  nodeIndexOf(id: ReplicaId): number {
    return this.nodes.findLastIndex((node) => node.replicaId === id);
  }

  /** What can happen next without time passing or a fault. In a fixed order. */
  actions(): Action[] {
    return this.queue.due().map((due) => ({ run: () => this.queue.runOne(due) }));
  }

  /** Runs the first of the actions. Returns whether there was one. */
  step(): boolean {
    return this.queue.runFirstDue();
  }

  run(action: Action): void {
    action.run();
  }

  tick(node: VirtualNode): void {
    node.handle({ type: 'tick', hasDeadlines: node.store.hasDeadlines });
  }

  /** Time passes, and nothing else happens. */
  elapse(ms: number): void {
    this.queue.nowMs += ms;
    this.safety.checkReads();
  }

  onEvent(): void {}
  onEffect(node: VirtualNode, effect: Effect): void {
    node.record(effect);
    this.safety.onEffect(node, effect);
  }
  afterEvent(node: VirtualNode, event: Event): void {
    this.safety.afterEvent(node, event);
  }
  processEnded(node: VirtualNode): void {
    this.safety.onEnded(node);
  }
  loseData(): void {}

  onAnswer(call: ScriptedCall, answer: Answer): void {
    this.waiting.delete(call);
    const value = call.value === undefined ? undefined : new TextEncoder().encode(call.value);
    if (answer.kind === 'written') this.safety.onWritten(call.process, call.key, value, answer.version, call.ttlMs);
  }
}
