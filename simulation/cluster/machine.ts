/**
 * A machine with a name, an address, a clock and at most one node process. The process has a replica of each shard
 * that the node holds. They live, freeze and die together, and what is on the disk outlives them.
 */

import type { DriftingClock } from '../virtual/drifting-clock.js';
import { Agent, type AgentSurroundings } from './agent.js';
import type { SimProcess } from './sim-process.js';

/** The run of one shard, as a machine sees it. */
interface ShardOnMachines {
  readonly nodes: readonly { readonly process: SimProcess | undefined; placed: readonly string[] | undefined }[];
  start(index: number): void;
}

/** The run of all shards, as a machine sees it. */
interface MachineSurroundings extends AgentSurroundings {
  readonly worlds: readonly (AgentSurroundings['worlds'][number] & ShardOnMachines)[];
  keepBusy(forMs: number): void;
}

const defaultDownMs = 300;
/** How often a leaving node looks whether its shards are elsewhere. */
const lookAgainMs = 50;

export class Machine {
  readonly index: number;
  readonly name: string;
  readonly clock: DriftingClock;
  /** Nothing answers here, not even a refusal: the machine is off. */
  silent = false;
  diskHangsUntilMs = 0;
  /** Its database answers nothing before that. */
  stateAwayUntilMs = 0;
  /** The time until a process starts here again. */
  downMs = defaultDownMs;
  /** Its process runs, or is frozen. */
  isUp = false;
  /** Its process ends because the machine has lost power. */
  hasLostPower = false;
  /** It has announced that it leaves. */
  isLeaving = false;
  /** Its replicas stop, and no new one starts. */
  isStopping = false;
  /** Undefined where nodes do not place shards by themselves. */
  agent: Agent | undefined;
  isPaused = false;
  readonly #site: MachineSurroundings;
  #isCrashing = false;
  /** Grows with each pause, so that the end of an earlier pause does not end a later one. */
  #pauses = 0;

  constructor(site: MachineSurroundings, index: number, name: string, clock: DriftingClock) {
    this.#site = site;
    this.index = index;
    this.name = name;
    this.clock = clock;
  }

  get processes(): SimProcess[] {
    return this.#site.worlds.flatMap(({ nodes }) => nodes[this.index]!.process ?? []);
  }
  get sessions() {
    return [...(this.agent === undefined ? [] : [this.agent.session]), ...this.processes.map(({ session }) => session)];
  }

  start(): void {
    if (this.isUp) return;
    this.isUp = true;
    this.silent = false;
    if (this.#site.rules !== undefined) this.agent = new Agent(this.#site, this);
    for (const world of this.#site.worlds) world.start(this.index);
  }

  crash(lingerMs: number | undefined, losesPower = false): void {
    if (!this.isUp) return;
    this.#isCrashing = true;
    this.hasLostPower = losesPower;
    for (const process of this.processes) process.kill(lingerMs, false);
    this.#isCrashing = false;
    this.hasLostPower = false;
    this.#goDown(false);
  }

  pause(forMs: number): void {
    if (!this.isUp || this.isPaused) return;
    this.isPaused = true;
    const pause = ++this.#pauses;
    this.agent?.pause();
    for (const process of this.processes) process.pause();
    this.#site.queue.after(forMs, () => pause === this.#pauses && this.resume());
  }
  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.agent?.resume();
    for (const process of this.processes) process.resume();
  }

  loseConnection(forMs: number): void {
    for (const session of this.sessions) session.disconnect(forMs);
  }

  /** As a node does on SIGTERM: its shards move elsewhere first, as long as there is another node and time. */
  stop(withinMs: number): void {
    const deadlineMs = this.#site.queue.nowMs + this.clock.trueMsOf(withinMs);
    if (this.agent === undefined) return this.#stopAll(deadlineMs);
    this.isLeaving = true;
    this.agent.run(() => this.agent?.session.announce());
    this.#leave(deadlineMs - (deadlineMs - this.#site.queue.nowMs) / 2, deadlineMs);
  }

  #leave(untilMs: number, deadlineMs: number): void {
    const { agent } = this;
    if (agent === undefined || !this.isLeaving) return;
    const { queue } = this.#site;
    const mayWait = agent.paused || (agent.session.connected && agent.othersStay && queue.nowMs < untilMs);
    if (this.processes.length > 0 && mayWait)
      queue.after(lookAgainMs, () => this.agent === agent && this.#leave(untilMs, deadlineMs));
    else this.#stopAll(deadlineMs);
  }

  #stopAll(deadlineMs: number): void {
    this.isStopping = true;
    const { queue } = this.#site;
    for (const process of this.processes) {
      process.stopping = true;
      process.run(() => {
        process.session.announce();
        process.handle({ type: 'stop', deadlineMs: this.clock.read(queue.nowMs) + (deadlineMs - queue.nowMs) });
      });
    }
    if (this.processes.length === 0) this.#goDown(true);
  }

  /** A replica has ended. It starts again if the shard still belongs here. */
  replicaEnded(world: ShardOnMachines): void {
    if (this.#isCrashing) return;
    if (!this.isStopping) return this.#site.queue.after(this.#takeDownMs(), () => world.start(this.index));
    if (this.processes.length === 0) this.#goDown(true);
  }

  #goDown(clean: boolean): void {
    this.isUp = false;
    this.isPaused = false;
    this.isLeaving = false;
    this.isStopping = false;
    this.agent?.close(clean);
    this.agent = undefined;
    if (this.#site.rules !== undefined) for (const { nodes } of this.#site.worlds) nodes[this.index]!.placed = [];
    this.#site.queue.after(this.#takeDownMs(), () => this.start());
  }

  #takeDownMs(): number {
    const { downMs } = this;
    this.#site.keepBusy(downMs);
    this.downMs = defaultDownMs;
    return downMs;
  }
}
