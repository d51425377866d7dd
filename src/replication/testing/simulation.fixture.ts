/**
 * One seeded schedule of faults over a virtual cluster. Safety is checked after every step; in the end the faults stop,
 * and the cluster must serve again unless no copy of the data is left.
 */
import type { Answer } from '../effect.js';
import type { ReplicaOptions } from '../options.js';
import { Random } from './random.fixture.js';
import { Scenario } from './scenario.fixture.js';
import type { Call, VirtualNode } from './virtual-node.fixture.js';

const names = ['a', 'b', 'c', 'd'];
const keys = ['k1', 'k2', 'k3'];
const faultKinds = [
  'kill',
  'restart',
  'start',
  'pause',
  'resume',
  'cut',
  'hold',
  'partition',
  'heal',
  'breakLink',
  'again',
  'dropSome',
  'disconnect',
  'reconnect',
  'expire',
  'loseAnswer',
  'holdZookeeper',
  'lag',
  'mute',
  'hangDisk',
  'freeDisks',
  'stop',
] as const;
type FaultKind = (typeof faultKinds)[number];
const healing: ReadonlySet<FaultKind> = new Set<FaultKind>(['start', 'resume', 'heal', 'reconnect', 'freeDisks']);

export interface ScheduleOptions {
  readonly seed: number;
  readonly steps: number;
}

export class Schedule {
  readonly scenario: Scenario;
  readonly trace: string[] = [];
  readonly random: Random;
  readonly #nodeNames: string[];
  readonly #calls: { readonly call: Call; readonly node: VirtualNode }[] = [];
  /** A schedule has some kinds of fault only: rare combinations come up more often that way. */
  readonly #faults: readonly FaultKind[];
  /** How much of what could happen does, before time goes on. */
  readonly #pace: number;
  #written = 0;

  constructor(seed: number, options: Partial<ReplicaOptions> = {}) {
    this.random = new Random(seed);
    this.#nodeNames = names.slice(0, 2 + this.random.below(3));
    const minInSync = this.random.chance(0.3) ? 2 : 1;
    const fewEntries = this.random.chance(0.5) ? { retainEntries: 4, maxBatchEntries: 2 } : {};
    this.scenario = new Scenario({ minInSync, ...fewEntries, ...options });
    this.#faults = faultKinds.filter((kind) => healing.has(kind) || this.random.chance(0.4));
    this.#pace = 2 + this.random.below(12);
  }

  run(steps: number): void {
    this.scenario.start(...this.#nodeNames);
    for (let step = 0; step < steps; step++) this.#step();
    this.#calm();
  }

  #step(): void {
    const { random } = this;
    const kind = random.next();
    if (kind < 0.6) return this.#progress();
    if (kind < 0.8) return this.#passTime();
    if (kind < 0.93) return this.#request();
    this.#fault();
  }

  #did(what: string): void {
    this.trace.push(`${this.scenario.cluster.nowMs} ${what}`);
  }

  #progress(): void {
    for (let count = 1 + this.random.below(this.#pace); count > 0; count--) {
      const action = this.random.pick(this.scenario.cluster.actions());
      if (action === undefined) return;
      this.#did(action.what);
      this.scenario.cluster.run(action);
    }
    const node = this.random.pick(this.scenario.cluster.nodes.filter((candidate) => candidate.disk.hangs && candidate.runs));
    if (node !== undefined && this.random.chance(0.5)) node.completeOneWrite();
  }

  #passTime(): void {
    const { cluster } = this.scenario;
    const ms = this.random.chance(0.1) ? 200 + this.random.below(600) : 10 + this.random.below(90);
    cluster.elapse(ms);
    this.#did(`${ms} ms pass`);
    for (const node of cluster.nodes) if (node.runs && this.random.chance(0.9)) cluster.tick(node);
  }

  #request(): void {
    const node = this.#someNode();
    const key = this.random.pick(keys)!;
    if (!node.runs) return;
    if (this.random.chance(0.4)) {
      this.scenario.get(node.name, key);
      return;
    }
    const value = this.random.chance(0.2) ? undefined : `v${++this.#written}`;
    const ifVersion = this.random.chance(0.2) ? node.store.versionOf(key) : undefined;
    this.#did(`write ${node.replicaId} ${key} ${value}`);
    const call = node.write(key, value, ifVersion === 0 && value === undefined ? undefined : ifVersion);
    this.#calls.push({ call, node });
    if (this.random.chance(0.9)) node.handle({ type: 'flush' });
    this.scenario.cluster.check();
  }

  /** The primary is a target as often as all others together. */
  #someNode(): VirtualNode {
    const { primary } = this.scenario;
    return this.scenario.node(primary !== undefined && this.random.chance(0.5) ? primary : this.random.pick(this.#nodeNames)!);
  }

  #fault(): void {
    const node = this.#someNode();
    const other = this.scenario.node(this.random.pick(this.#nodeNames)!);
    const what = this.random.pick(this.#faults)!;
    this.#did(`fault ${what} ${node.replicaId} ${other.replicaId}`);
    this.#faultsOn(node, other)[what]();
    this.scenario.cluster.check();
  }

  #faultsOn(node: VirtualNode, other: VirtualNode): Record<FaultKind, () => void> {
    return {
      kill: () => this.scenario.cluster.kill(node),
      restart: () => this.#restart(node),
      start: () => this.#restart(node),
      pause: () => this.scenario.pause(node.name),
      resume: () => this.#resumeAll(),
      cut: () => this.scenario.cut(node.name, other.name),
      hold: () => this.scenario.hold(node.name, other.name),
      partition: () => this.scenario.partition(node.name, other.name),
      heal: () => this.scenario.heal(),
      breakLink: () => this.scenario.breakLink(node.name, other.name),
      again: () => {
        const message = this.random.pick(this.scenario.cluster.network.sent.slice(-100));
        if (message !== undefined && this.scenario.cluster.byId(message.to)?.runs) this.scenario.receive(message);
      },
      dropSome: () => this.scenario.cluster.network.drop(() => this.random.chance(0.2)),
      disconnect: () => this.scenario.disconnect(node.name),
      reconnect: () => this.#reconnectAll(),
      expire: () => this.scenario.expire(node.name),
      loseAnswer: () => {
        node.session.loseNextAnswer = this.random.chance(0.5) ? 'applied' : 'notApplied';
      },
      holdZookeeper: () => {
        node.session.held = !node.session.held;
      },
      lag: () => {
        node.session.lag = this.random.below(3);
      },
      mute: () => {
        node.session.watchesMuted = !node.session.watchesMuted;
      },
      hangDisk: () => {
        node.disk.hangs = true;
      },
      freeDisks: () => this.#freeDisks(),
      stop: () => {
        if (node.runs && this.random.chance(0.5)) this.scenario.stop(node.name, 500 + this.random.below(5000));
      },
    };
  }

  #restart(node: VirtualNode): void {
    if (node.alive) this.scenario.cluster.kill(node);
    this.scenario.start(node.name);
  }

  #resumeAll(): void {
    for (const name of this.#nodeNames) this.scenario.resume(name);
  }

  #reconnectAll(): void {
    for (const { alive, session, name } of this.scenario.cluster.nodes) {
      if (alive && (!session.connected || !session.registered)) this.scenario.reconnect(name);
    }
  }

  #freeDisks(): void {
    for (const node of this.scenario.cluster.nodes) {
      node.disk.hangs = false;
      if (node.runs) node.completeWrites();
    }
  }

  /** The faults stop; who is stopped or dead starts again. */
  #calm(): void {
    const { scenario } = this;
    this.#did('calm');
    scenario.heal();
    this.#resumeAll();
    for (const node of scenario.cluster.nodes) {
      node.session.held = false;
      node.session.lag = 0;
      node.session.watchesMuted = false;
      node.session.loseNextAnswer = undefined;
    }
    // A server that lagged catches up, and a watch that was late fires.
    scenario.cluster.fireWatches('state');
    scenario.cluster.fireWatches('candidates');
    this.#freeDisks();
    for (const name of this.#nodeNames) if (!scenario.node(name).alive) scenario.start(name);
    this.#reconnectAll();
    scenario.advance(12_000);
    for (const name of this.#nodeNames) if (!scenario.node(name).alive) scenario.start(name);
    const holders = scenario.cluster.nodes.filter((node) => node.alive && scenario.state?.inSync.includes(node.replicaId));
    if (holders.length === 0 && scenario.state?.primary !== undefined) this.#expectOffline();
    scenario.until(() => scenario.isStable, 'the cluster does not serve again');
    const last = scenario.put(scenario.primary!, 'last', 'value');
    scenario.advance(1000);
    if (last.answers[0]?.kind !== 'written') throw new Error(`the last write is not taken: ${JSON.stringify(last.answers)}`);
    this.#checkAnswers();
  }

  /** No copy is left: everyone says so, and nothing goes on until the operator accepts the loss (R13). */
  #expectOffline(): void {
    const { scenario } = this;
    scenario.advance(3000);
    for (const name of this.#nodeNames) {
      if (!scenario.snapshot(name).offline)
        throw new Error(`${name} does not say that the shard is offline: ${scenario.describe()}`);
    }
    if (scenario.primary !== undefined) throw new Error('served without any copy of the data');
    const best = [...this.#nodeNames].sort((one, other) => {
      const [first, second] = [scenario.snapshot(one), scenario.snapshot(other)];
      if (first.complete !== second.complete) return first.complete ? -1 : 1;
      return second.lastEpoch - first.lastEpoch || second.lastSeq - first.lastSeq;
    });
    const call = scenario.force(best[0]!);
    scenario.advance(500);
    if (call.answers[0]?.kind !== 'forced') throw new Error(`the command failed: ${JSON.stringify(call.answers)}`);
  }

  /** What was definitely refused never shows, and nobody waits who could have been told. */
  #checkAnswers(): void {
    const committed = new Set<string>();
    for (const entry of this.scenario.cluster.safety.committed.values()) {
      if (entry.value !== undefined) committed.add(new TextDecoder().decode(entry.value));
    }
    for (const { call, node } of this.#calls) {
      if (node.alive && call.answers.length === 0) throw new Error(`${call.value} at ${node.replicaId} waits for ever`);
      const refused = call.answers.some((answer: Answer) => answer.kind === 'refused' && answer.refusal !== 'OUTCOME_UNKNOWN');
      if (refused && call.value !== undefined && committed.has(call.value))
        throw new Error(`${call.value} was refused and is there`);
      if (call.answers.length > 1) throw new Error(`${call.value} was answered twice`);
    }
  }
}

export function runSchedule({ seed, steps }: ScheduleOptions): Schedule {
  const schedule = new Schedule(seed);
  try {
    schedule.run(steps);
  } catch (error) {
    const tail = schedule.trace.slice(-60).join('\n');
    throw new Error(`seed ${seed}: ${(error as Error).message}\n${tail}`, { cause: error });
  }
  return schedule;
}
