/**
 * The parts of a run that all shards share: the machines and the ways between them, the registered nodes and
 * `placement` in ZooKeeper, the clients, and the time. The plan and its seed alone decide what happens next.
 */
import { Control } from '../../src/controller/control.js';
import type { NodeRegistration } from '../../src/coordination/index.js';
import type { Placement } from '../../src/placement/index.js';
import { Replica } from '../../src/replication/index.js';
import type { Moment } from '../plan/decision.js';
import { Random } from '../plan/random.js';
import type { Plan } from '../plan/setup.js';
import { PlacementWatch } from '../safety/placement-watch.js';
import { DriftingClock } from '../virtual/drifting-clock.js';
import { Ensemble } from '../virtual/ensemble.js';
import { EventQueue } from '../virtual/event-queue.js';
import { Paths } from '../virtual/paths.js';
import type { Agent, NewControl } from './agent.js';
import { Machine } from './machine.js';
import { type HistoryItem, SimClient } from './sim-client.js';
import { nodeName } from './sim-node.js';
import type { NewReplica, SimProcess } from './sim-process.js';
import { Trace } from './trace.js';
import { World } from './world.js';

export interface SiteOptions {
  readonly newReplica?: NewReplica | undefined;
  readonly newControl?: NewControl | undefined;
  readonly recording?: boolean | undefined;
}

export class Site {
  readonly plan: Plan;
  readonly queue = new EventQueue();
  readonly random: Random;
  readonly paths: Paths;
  readonly machines: readonly Machine[];
  readonly worlds: readonly World[];
  /** The registered nodes, and `placement`. */
  readonly registry: Ensemble<Placement>;
  readonly watch: PlacementWatch | undefined;
  readonly clients: readonly SimClient[];
  readonly history: HistoryItem[] = [];
  readonly trace: Trace;
  readonly newReplica: NewReplica;
  readonly newControl: NewControl;
  /** Called at each moment that an ambush may wait for. */
  onMoment: (moment: Moment, victim: SimProcess | Agent) => void = () => {};
  /** Faults that struck, and when the last of them will be over. */
  faults = 0;
  busyUntilMs = 0;
  /** Events that replicas have handled, ticks left out. */
  handled = 0;
  #processes = 0;
  #values = 0;

  constructor(plan: Plan, { newReplica, newControl, recording = false }: SiteOptions = {}) {
    const { seed, setup } = plan;
    this.plan = plan;
    this.newReplica = newReplica ?? ((...given) => new Replica(...given));
    this.newControl = newControl ?? ((...given) => new Control(...given));
    this.trace = new Trace(this.queue, recording);
    this.random = Random.of(seed, 1);
    this.paths = new Paths(this.queue, seed, setup.delayMs);
    const newClock = (): DriftingClock =>
      new DriftingClock(this.random.below(1_000_000), 1 + (2 * this.random.next() - 1) * setup.driftBound);
    this.machines = setup.firstStartsMs.map((_, index) => new Machine(this, index, nodeName(index), newClock()));
    this.watch = setup.placing === undefined ? undefined : new PlacementWatch(this);
    this.registry = new Ensemble<Placement>(this.queue, this.watch ?? { onState: () => {} });
    this.worlds = Array.from({ length: setup.shards }, (_, shard) => new World(this, shard));
    this.clients = Array.from({ length: setup.clients }, (_, number) => new SimClient(this, number));
    setup.firstStartsMs.forEach((atMs, index) => void this.queue.after(atMs, () => this.machines[index]!.start()));
  }

  /** How nodes place shards. Undefined: the placement comes from outside. */
  get rules() {
    return this.plan.setup.placing;
  }
  /** ZooKeeper has lost a `state`, and no operator has decided how to go on. */
  get isStateLost(): boolean {
    return this.worlds.some(({ isStateLost }) => isStateLost);
  }
  get running(): SimProcess[] {
    return this.worlds.flatMap(({ running }) => running);
  }

  /** Keys are `k0`, `k1` and so on. */
  worldOf(key: string): World {
    return this.worlds[Number(key.slice(1)) % this.worlds.length]!;
  }

  registrationOf(nodeId: string, leaving: boolean): NodeRegistration {
    const { zones = [], weights = [] } = this.rules ?? {};
    const index = this.machines.findIndex(({ name }) => name === nodeId);
    return { nodeId, address: nodeId, zone: zones[index], weight: weights[index], leaving };
  }

  nextProcess(): number {
    return ++this.#processes;
  }
  uniqueValue(): string {
    return `v${++this.#values}`;
  }

  onPlacementWrite(agent: Agent, next: Placement): void {
    this.trace.add(agent.nodeIndex, () => `writes placement ${JSON.stringify(next)}`);
    const lost = agent.session.loseNext;
    if (lost !== undefined) this.keepBusy((lost.lateMs ?? 0) + (lost.reconnectMs ?? 0));
    this.onMoment('placement', agent);
  }

  keepBusy(forMs: number): void {
    this.busyUntilMs = Math.max(this.busyUntilMs, this.queue.nowMs + forMs);
  }
  runUntil(endMs: number): void {
    while (this.queue.runNext(endMs));
  }
}
