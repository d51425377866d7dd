/**
 * A virtual cluster for scripts, made of the parts of the simulation. Nothing happens by itself: it lists what could happen next, and a
 * script picks. After every step the invariants are checked.
 */

import { Ensemble } from '../../../simulation/virtual/ensemble.js';
import { EventQueue } from '../../../simulation/virtual/event-queue.js';
import type { SnapshotCall } from '../../../simulation/virtual/snapshot-call.js';
import type { Answer, Effect } from '../protocol/effect.js';
import type { ReplicaId } from '../protocol/ids.js';
import type { ReplicaOptions } from '../protocol/replica-options.js';
import type { ShardState } from '../protocol/shard-state.js';
import { Safety } from './safety.fixture.js';
import { ScriptedWays } from './scripted-ways.fixture.js';
import { type Call, type Surroundings, VirtualNode } from './virtual-node.fixture.js';

export interface Action {
  run(): void;
}

export const defaultOptions: Omit<ReplicaOptions, 'replicaId' | 'idSeed'> = {
  minInSync: 1,
  beaconMs: 150,
  leaseMs: 1000,
  graceMs: 1250,
  volatile: true,
  retainEntries: 1000,
  retainBytes: 1_000_000,
  maxUncommittedEntries: 1000,
  maxUncommittedBytes: 1_000_000,
  maxBatchEntries: 100,
  maxBatchesInFlight: 2,
  maxBatchBytes: 100_000,
};

export class Cluster implements Surroundings {
  readonly queue = new EventQueue();
  readonly network = new ScriptedWays(this.queue, (index) => this.nodes[index]?.paused === true);
  readonly paths = this.network;
  /** What ZooKeeper holds. */
  readonly register = new Ensemble(this.queue, { onState: (state) => this.#onState(state) });
  readonly safety = new Safety();
  /** Every process there has been, the dead ones too. */
  readonly nodes: VirtualNode[] = [];
  readonly dumps: SnapshotCall[] = [];
  readonly chunkItems = 2;
  /** True: snapshots make no progress. */
  dumpsHeld = false;
  /** Names; undefined: nothing has been said. */
  #placed: readonly string[] | undefined;
  readonly #options: Omit<ReplicaOptions, 'replicaId' | 'idSeed'>;

  constructor(options: Partial<ReplicaOptions> = {}) {
    this.#options = { ...defaultOptions, ...options };
  }

  get nowMs(): number {
    return this.queue.nowMs;
  }
  get snapshotsHeld(): boolean {
    return this.dumpsHeld;
  }

  /** A process starts empty: with a new identity, whatever ran under that name before (R1). */
  start(name: string): VirtualNode {
    const lives = this.nodes.filter((node) => node.name === name).length;
    const node = new VirtualNode(this, this.nodes.length, name, `${name}~${lives + 1}`, this.#options);
    this.nodes.push(node);
    if (this.#placed !== undefined) node.handle({ type: 'placed', nodes: this.#placed });
    node.session.reconnect();
    return node;
  }

  place(names: readonly string[]): void {
    this.#placed = names;
    for (const node of this.nodes) node.handle({ type: 'placed', nodes: names });
    this.check();
  }

  kill(node: VirtualNode): void {
    node.kill(undefined, false);
  }

  byId(id: ReplicaId): VirtualNode | undefined {
    return this.nodes.find((node) => node.replicaId === id);
  }
  nodeIndexOf(id: ReplicaId): number {
    return this.nodes.findIndex((node) => node.replicaId === id);
  }

  /** What could happen next without time passing or a fault. In a fixed order. */
  actions(): Action[] {
    return this.queue.due().map((due) => ({ run: () => this.queue.runOne(due) }));
  }

  /** Runs the first of them. Whether there was one. */
  step(): boolean {
    const hasRun = this.queue.runFirstDue();
    if (hasRun) this.check();
    return hasRun;
  }

  run(action: Action): void {
    action.run();
    this.check();
  }

  check(): void {
    this.safety.check(this.nodes, this.register, this.nowMs);
  }

  tick(node: VirtualNode): void {
    node.handle({ type: 'tick' });
    this.check();
  }

  /** Time passes, and nothing else happens. */
  elapse(ms: number): void {
    this.queue.nowMs += ms;
    this.check();
  }

  onEvent(): void {}
  afterEvent(): void {}
  processEnded(): void {}
  loseData(): void {}

  onEffect(node: VirtualNode, effect: Effect): void {
    node.record(effect);
    switch (effect.type) {
      case 'apply':
        return this.safety.onApplied(node, effect.entries);
      case 'persist':
        if (effect.change.type === 'rebase') this.safety.goOnFrom(effect.change.baseSeq);
        if (effect.change.type === 'reset' && effect.change.complete) this.safety.beginEmpty(effect.change.baseSeq);
        return;
      case 'roleChanged':
        if (effect.role === 'primary') this.safety.onPrimary(node.replica.epochId, node.replicaId);
        return;
      case 'released':
        return this.safety.onReleased(node, this.register);
    }
  }

  onAnswer(call: Call, answer: Answer): void {
    if (answer.kind === 'written') this.safety.onWritten(call, answer.version);
  }

  /** A history has ended: the next one begins empty. */
  #onState(state: ShardState | undefined): void {
    if (state !== undefined && state.primary === undefined) this.safety.beginEmpty(state.seqFloor - 1);
  }
}
