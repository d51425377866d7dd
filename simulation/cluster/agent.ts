/**
 * The part of a node's process that serves all its shards: it registers the node, learns the placement, and runs the
 * controller as real nodes do, so that `place()` moves the shards.
 */

import { createHash } from 'node:crypto';
import type { Control, ControllerTask } from '../../src/controller/control.js';
import type { NodeRegistration } from '../../src/coordination/index.js';
import { type Placement, type PlacementNode, place } from '../../src/placement/index.js';
import { Random } from '../plan/random.js';
import type { Placing, Plan } from '../plan/setup.js';
import type { DriftingClock } from '../virtual/drifting-clock.js';
import type { Ensemble } from '../virtual/ensemble.js';
import type { EventQueue } from '../virtual/event-queue.js';
import type { SessionEvent, SessionOwner } from '../virtual/session-owner.js';
import { seededPace } from '../virtual/session-pace.js';
import { ZookeeperSession } from '../virtual/zookeeper-session.js';

export type NewControl = (nodeId: string, replaceAfterMs: number, connected: boolean) => Control;

/** The machine that the process runs on. */
interface MachineOfAgent {
  readonly name: string;
  readonly index: number;
  readonly clock: DriftingClock;
  readonly isLeaving: boolean;
  loseConnection(forMs: number): void;
}

/** The run of all shards, as the process of a node sees it. */
export interface AgentSurroundings {
  readonly plan: Plan;
  readonly queue: EventQueue;
  readonly registry: Ensemble<Placement>;
  readonly rules: Placing | undefined;
  readonly newControl: NewControl;
  readonly watch: { onComputed(placement: Placement, nodes: readonly PlacementNode[]): void } | undefined;
  readonly worlds: readonly { readonly shard: number; tellPlaced(index: number, placed: readonly string[] | undefined): void }[];
  nextProcess(): number;
  registrationOf(nodeId: string, leaving: boolean): NodeRegistration;
  onPlacementWrite(agent: Agent, next: Placement): void;
}

/** Computing a placement takes at most this long. Other work runs meanwhile. */
const computeMs = 20;

export class Agent implements SessionOwner<Placement> {
  readonly replicaId: string;
  readonly nodeIndex: number;
  readonly session: ZookeeperSession<Placement>;
  readonly random: Random;
  alive = true;
  paused = false;
  /** As far as this node knows, another node stays that can take its shards. */
  othersStay = false;
  readonly #site: AgentSurroundings;
  readonly #machine: MachineOfAgent;
  readonly #control: Control;
  #placement: Placement | undefined;
  #inbox: (() => void)[] = [];
  #proposals = 0;
  /** Each event voids the timers that were set before it. */
  #turn = 0;

  constructor(site: AgentSurroundings, machine: MachineOfAgent) {
    const { seed, setup } = site.plan;
    this.#site = site;
    this.#machine = machine;
    this.replicaId = machine.name;
    this.nodeIndex = machine.index;
    this.random = Random.of(seed, 50_000 + site.nextProcess());
    this.#control = site.newControl(machine.name, site.rules!.replaceAfterMs, false);
    this.session = new ZookeeperSession(
      site.queue,
      site.registry,
      this,
      seededPace(this.random, setup.sessionMs),
      setup.sessionMs,
      true,
    );
  }

  get stopping(): boolean {
    return this.#machine.isLeaving;
  }
  get nowMs(): number {
    return this.#machine.clock.read(this.#site.queue.nowMs);
  }

  run(work: () => void): void {
    if (!this.alive) return;
    if (this.paused) this.#inbox.push(work);
    else work();
  }

  handle(event: SessionEvent<Placement>): void {
    const nowMs = this.nowMs;
    switch (event.type) {
      case 'session':
        return this.#carryOut(this.#control.onSession(event.connected, nowMs));
      case 'candidates': {
        const nodes = event.candidates.map(({ replicaId, stopping }) => this.#site.registrationOf(replicaId, stopping));
        this.othersStay = nodes.some(({ nodeId, leaving }) => nodeId !== this.replicaId && leaving !== true);
        return this.#carryOut(this.#control.onNodes(nodes, nowMs));
      }
      case 'stateRead':
        this.#learn(event.state);
        return this.#carryOut(this.#control.onPlacement({ version: event.version, placement: event.state }, nowMs));
      case 'stateMissing':
        this.#learn(undefined);
        return this.#carryOut(this.#control.onPlacement(undefined, nowMs));
      case 'proposalResult':
        return this.#carryOut(this.#control.onWritten(event.outcome, nowMs));
    }
  }

  pause(): void {
    this.paused = true;
    this.session.fallSilent();
  }
  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.session.speakAgain();
    for (const work of this.#inbox.splice(0)) this.run(work);
  }
  loseConnection(forMs: number): void {
    this.#machine.loseConnection(forMs);
  }
  close(clean: boolean): void {
    this.alive = false;
    this.session.close(clean);
  }

  /** A missing placement changes nothing for a node that knows one. A node that knows none holds every shard. */
  #learn(placement: Placement | undefined): void {
    if (placement === undefined && this.#placement !== undefined) return;
    this.#placement = placement;
    for (const world of this.#site.worlds) world.tellPlaced(this.nodeIndex, placement?.shards[world.shard]);
  }

  #carryOut(tasks: readonly ControllerTask[]): void {
    const turn = ++this.#turn;
    for (const task of tasks) {
      if (!this.alive) return;
      if (task.kind === 'wake') this.#wake(task.afterMs, () => turn === this.#turn);
      else this.#do(task);
    }
  }

  #do(task: Exclude<ControllerTask, { kind: 'wake' }>): void {
    if (task.kind === 'refresh') return this.session.refresh();
    if (task.kind === 'write') {
      this.#site.onPlacementWrite(this, task.next);
      if (this.alive) this.session.write(++this.#proposals, task.expectedVersion, task.next);
      return;
    }
    const next = place(task.previous, task.nodes, { ...this.#site.rules!, shardCount: this.#site.worlds.length, sha256 });
    this.#site.watch?.onComputed(next, task.nodes);
    this.#site.queue.after(this.random.next() * computeMs, () =>
      this.run(() => this.#carryOut(this.#control.onComputed(next, this.nowMs))),
    );
  }

  #wake(afterMs: number, isDue: () => boolean): void {
    this.#site.queue.after(Math.max(1, this.#machine.clock.trueMsOf(afterMs)), () =>
      this.run(() => isDue() && this.#carryOut(this.#control.onTime(this.nowMs))),
    );
  }
}

export function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}
