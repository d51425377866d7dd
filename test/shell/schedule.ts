/** Runs one seeded schedule of faults over a cluster of whole nodes, under load, and checks its history. */
import { Random } from '../../simulation/plan/random.js';
import { checkHistory, type FinalState, isClean, type Operation } from '../../verification/index.js';
import type { Edit } from '../unit/variants/variant-lab.js';
import { Load } from './load.js';
import { ShellCluster, type ShellNode } from './shell-cluster.js';
import { advance } from './virtual-time.js';

const nodeCount = 3;
const steps = 60;
const faults = [
  'stall',
  'stallLong',
  'goOn',
  'cut',
  'cutBoth',
  'heal',
  'reset',
  'reset',
  'isolate',
  'crash',
  'restart',
  'expire',
] as const;

export interface ScheduleReport {
  readonly operations: number;
  readonly answered: number;
  readonly dumps: number;
  readonly pages: number;
  readonly faults: Readonly<Record<string, number>>;
  /** The last operations, with their times. */
  readonly last: readonly Operation[];
}

/** A promise of the shell was broken. Any other error is a fault of the harness, or of code that cannot run at all. */
export class BrokenPromise extends Error {}

/** @throws BrokenPromise naming the broken promise and the seed */
export async function runSchedule(seed: number, edits: readonly Edit[] = []): Promise<ScheduleReport> {
  const cluster = await ShellCluster.open(seed, nodeCount, edits);
  try {
    return await new Schedule(seed, cluster).run();
  } catch (error) {
    if (!(error instanceof BrokenPromise)) throw error;
    throw new BrokenPromise(`seed ${seed}: ${error.message}`, { cause: error });
  } finally {
    cluster.close();
  }
}

class Schedule {
  readonly #cluster: ShellCluster;
  readonly #random: Random;
  readonly #dumpRandom: Random;
  readonly #scanRandom: Random;
  readonly #load: Load;
  readonly #faults: Record<string, number> = {};
  /** The errors of nodes that could not start: ZooKeeper or the other nodes may be out of reach. */
  readonly #startFailures: Error[] = [];
  #incarnations = 0;

  constructor(seed: number, cluster: ShellCluster) {
    this.#cluster = cluster;
    this.#random = Random.of(seed, 3);
    this.#dumpRandom = Random.of(seed, 5);
    this.#scanRandom = Random.of(seed, 6);
    this.#load = new Load(cluster, Random.of(seed, 4));
  }

  async run(): Promise<ScheduleReport> {
    const cluster = this.#cluster;
    for (const node of cluster.nodes) void this.#start(node);
    await cluster.until(() => cluster.isWhole(), 'the cluster does not come up');
    for (let step = 0; step < steps; step++) {
      this.#operate();
      if (this.#random.chance(0.25)) this.#fault();
      await advance(this.#random.between(5, 250));
    }
    await this.#calm();
    return this.#judge();
  }

  #operate(): void {
    for (let count = this.#random.between(0, 4); count > 0; count--) this.#load.unary();
    if (this.#dumpRandom.chance(0.3)) this.#load.dump(this.#dumpRandom);
    if (this.#scanRandom.chance(0.5)) this.#load.scan(this.#scanRandom);
    if (this.#random.chance(0.4)) this.#load.pipeline(this.#random.between(1, 6), this.#random.between(1, 120));
  }

  #fault(): void {
    const { nodes, network } = this.#cluster;
    const node = this.#random.pick(nodes);
    const other = this.#random.pick(nodes.filter((one) => one !== node));
    const kind = this.#random.pick(faults);
    this.#faults[kind] = (this.#faults[kind] ?? 0) + 1;
    switch (kind) {
      case 'stall':
      case 'stallLong':
        node.process.stall();
        setTimeout(() => node.process.goOn(), this.#random.between(20, kind === 'stall' ? 300 : 3_000));
        return;
      case 'goOn':
        for (const { process } of nodes) process.goOn();
        return;
      case 'cut':
        network.cut(node.process.name, other.process.name);
        return;
      case 'cutBoth':
        network.cut(node.process.name, other.process.name);
        network.cut(other.process.name, node.process.name);
        return;
      case 'heal':
        network.heal();
        return;
      case 'reset':
        network.reset(node.process);
        return;
      case 'isolate':
        this.#isolate(node);
        return;
      case 'crash':
        if (node.process.isAlive && this.#cluster.mayCrash(node)) this.#cluster.crash(node);
        return;
      case 'restart':
        for (const one of nodes) if (!one.process.isAlive) void this.#start(one);
        return;
      case 'expire':
        if (node.process.isRunning) this.#cluster.expireSession(node);
    }
  }

  /** Cuts a node off from all but clients, for longer than a lease or than a session. */
  #isolate(node: ShellNode): void {
    const { nodes, network } = this.#cluster;
    for (const other of nodes.filter((one) => one !== node)) {
      network.cut(node.process.name, other.process.name);
      network.cut(other.process.name, node.process.name);
    }
    this.#cluster.cutFromZookeeper(node, this.#random.between(300, 4_000));
  }

  #start(node: ShellNode): Promise<void> {
    // A node that cannot start now is started again at the end.
    return this.#cluster.start(node, ++this.#incarnations).catch((error: unknown) => {
      this.#startFailures.push(error as Error);
      this.#cluster.crash(node);
    });
  }

  /** Ends every fault. Then every shard must get its full set again and serve. */
  async #calm(): Promise<void> {
    const cluster = this.#cluster;
    cluster.network.heal();
    for (const { process } of cluster.nodes) process.goOn();
    const isWhole = (): boolean => {
      for (const node of cluster.nodes) if (!node.process.isAlive) void this.#start(node);
      return cluster.isWhole();
    };
    await cluster.until(isWhole, 'the cluster does not recover', 120_000).catch((error: Error) => {
      throw new BrokenPromise(error.message, { cause: error });
    });
    await advance(5_000);
  }

  async #judge(): Promise<ScheduleReport> {
    const { history, disorder, lackedByShown, shownTooEarly, dumps, pages, keys } = this.#load;
    const final = await this.#finalState(keys);
    const report = checkHistory(history, final);
    if (!isClean(report)) throw new BrokenPromise(describe(report));
    if (disorder.length > 0) throw new BrokenPromise(`results out of order: ${disorder.join('; ')}`);
    if (lackedByShown.length > 0) throw new BrokenPromise(lackedByShown.join('; '));
    if (shownTooEarly.length > 0) throw new BrokenPromise(shownTooEarly.join('; '));
    const [failure] = this.#cluster.failures;
    if (failure !== undefined) throw new BrokenPromise(`a node ended: ${failure.message}`, { cause: failure });
    const unexpected = this.#startFailures.find((error) => !(error instanceof Error && 'code' in error));
    if (unexpected !== undefined) throw unexpected;
    const answered = history.filter(({ outcome }) => outcome.kind !== 'unknown' && outcome.kind !== 'refused').length;
    return { operations: history.length, answered, dumps, pages, faults: this.#faults, last: history.slice(-20) };
  }

  async #finalState(keys: readonly string[]): Promise<FinalState> {
    const final = new Map<string, { value: string; version: number } | undefined>();
    const before = this.#load.history.length;
    for (let round = 0; final.size < keys.length && round < 20; round++) {
      for (const key of keys) if (!final.has(key)) this.#load.unary(key, { kind: 'get' });
      await advance(2_000);
      for (const { key, call, outcome } of this.#load.history.slice(before) as readonly Operation[]) {
        if (call.kind !== 'get') continue;
        if (outcome.kind === 'found') final.set(key, { value: outcome.value, version: outcome.version });
        if (outcome.kind === 'missing') final.set(key, undefined);
      }
    }
    if (final.size < keys.length) throw new BrokenPromise('the cluster does not serve reads at the end');
    return final;
  }
}

function describe({ violations, undecided, lost, wrongSums, invented }: ReturnType<typeof checkHistory>): string {
  return [
    ...violations.map(({ explanation }) => explanation),
    ...undecided.map(({ keys, reason }) => `${keys.join(', ')}: undecided, ${reason}`),
    ...lost.map((one) => `lost: ${JSON.stringify(one)}`),
    ...wrongSums.map(({ key, reason }) => `counter ${key}: ${reason}`),
    ...invented.map((one) => `invented: ${JSON.stringify(one)}`),
  ].join('\n');
}
