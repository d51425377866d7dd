/**
 * A cluster of whole nodes in one test: everything of `KvNode` except its sockets, its native ZooKeeper client and the
 * clock. These three are replaced by a virtual network, the ZooKeeper in memory, and simulated time, all controlled by
 * a seed.
 */
import { pino } from 'pino';
import { vi } from 'vitest';
import { Random } from '../../simulation/plan/random.js';
import type { Edit } from '../unit/variants/variant-lab.js';
import { VirtualNetwork } from './network.js';
import { loadShell, type ShellModules } from './shell-modules.js';
import { advance, asProcess, beginVirtualTime, endVirtualTime, SimulatedProcess, worldTimer } from './virtual-time.js';

type KvNode = Awaited<ReturnType<ShellModules['KvNode']['start']>>;
type ZnodeClient = ReturnType<InstanceType<ShellModules['MemoryZookeeper']>['connect']>;

export const shardCount = 2;

/** Short times make short schedules; the relations between them are those of the defaults. */
const timing = { beaconMs: 50, leaseMs: 400, graceMs: 500, sessionMs: 2_000 } as const;

export interface ShellNode {
  readonly address: string;
  process: SimulatedProcess;
  node: KvNode | undefined;
  zookeeper: ZnodeClient | undefined;
}

export class ShellCluster {
  readonly random: Random;
  readonly network: VirtualNetwork;
  readonly nodes: readonly ShellNode[];
  /** The errors of nodes that ended by themselves. */
  readonly failures: Error[] = [];
  readonly #modules: ShellModules;
  readonly #memory: InstanceType<ShellModules['MemoryZookeeper']>;

  private constructor(seed: number, count: number, modules: ShellModules) {
    this.random = Random.of(seed, 0);
    this.network = new VirtualNetwork(Random.of(seed, 1), modules.grpcServices);
    this.#modules = modules;
    this.#memory = new modules.MemoryZookeeper();
    this.nodes = Array.from({ length: count }, (_, at) => ({
      address: `127.0.0.1:${9001 + at}`,
      process: new SimulatedProcess(`n${at}`),
      node: undefined,
      zookeeper: undefined,
    }));
  }

  /** Opens a cluster of the shell as it is, or with lines broken on purpose. The caller must `close` it. */
  static async open(seed: number, count: number, edits: readonly Edit[] = []): Promise<ShellCluster> {
    beginVirtualTime();
    let cluster: ShellCluster | undefined;
    const modules = await loadShell(Random.of(seed, 2), edits, () => cluster!);
    cluster = new ShellCluster(seed, count, modules);
    return cluster;
  }

  close(): void {
    for (const { process } of this.nodes) process.crash();
    endVirtualTime();
    vi.restoreAllMocks();
  }

  /** Starts the node in a new process, perhaps after a crash. */
  start(shellNode: ShellNode, incarnation = 0): Promise<void> {
    const process = new SimulatedProcess(shellNode.process.name);
    shellNode.process = process;
    const [host, port] = shellNode.address.split(':');
    const given = { zk: 'virtual:2181', host, port: Number(port), shards: shardCount, replicas: 3, vnodes: 16, ...timing };
    const { values } = this.#modules.resolveOptions({ commandLine: given, environment: {} });
    const logger = pino({ level: globalThis.process.env.SHELL_LOG ?? 'silent', base: { node: process.name, incarnation } });
    return asProcess(process, async () => {
      const node = await this.#modules.KvNode.start({ ...values, maxMemory: 256 * 1024 * 1024, logger });
      shellNode.node = node;
      void node.closed.then((error) => error !== undefined && process.isAlive && this.failures.push(error));
    });
  }

  /** Ends the process at once. ZooKeeper notices that when its session expires. */
  crash(shellNode: ShellNode): void {
    const { process, zookeeper } = shellNode;
    process.crash();
    this.network.crashed(process);
    shellNode.node = undefined;
    worldTimer(() => zookeeper?.expire(), timing.sessionMs);
  }

  expireSession(shellNode: ShellNode): void {
    shellNode.zookeeper?.expire();
  }

  /** Stalls the process. The node's session expires if the stall is longer than the session timeout. */
  cutFromZookeeper({ zookeeper }: ShellNode, ms: number): void {
    zookeeper?.suspend();
    if (ms > timing.sessionMs) worldTimer(() => zookeeper?.expire(), timing.sessionMs);
    worldTimer(() => zookeeper?.resume(), ms);
  }

  connectZookeeper(process: SimulatedProcess): ZnodeClient {
    const client = this.#memory.connect(timing.sessionMs);
    const shellNode = this.nodes.find((one) => one.process === process)!;
    shellNode.zookeeper = client;
    const listen = client.listen.bind(client);
    // The process that changes a znode runs this code. The reaction must run in the watcher's process.
    client.listen = (listener) =>
      listen({
        onConnected: (...parameters) => process.run(() => listener.onConnected(...parameters)),
        onSuspended: () => process.run(() => listener.onSuspended()),
        onExpired: () => process.run(() => listener.onExpired()),
        onChanged: (path) => process.run(() => listener.onChanged(path)),
      });
    return client;
  }

  /** The in-sync sets of all shards, as ZooKeeper holds them; undefined for a shard that has not begun. */
  inSyncSets(): readonly (readonly string[] | undefined)[] {
    return [0, 1].map((shard) => {
      const znode = this.#memory.tree.get(`/kvstore/shards/${shard}/state`);
      return znode && (JSON.parse(znode.data.toString()).inSync as string[]);
    });
  }

  /** True if every shard keeps an in-sync member on a node that lives, if this node crashes now. */
  mayCrash(victim: ShellNode): boolean {
    const live = this.nodes.filter((one) => one !== victim && one.process.isAlive).map(({ address }) => address);
    return this.inSyncSets().every((set) => set?.some((member) => live.some((address) => member.startsWith(`${address}~`))));
  }

  isWhole(): boolean {
    const ready = this.nodes.every(({ node }) => node?.readiness.ready === true);
    return ready && this.inSyncSets().every((set) => set?.length === this.nodes.length);
  }

  /** Advances until the condition holds. @throws if it does not within `limitMs` of simulated time. */
  async until(condition: () => boolean, what: string, limitMs = 60_000): Promise<void> {
    for (let passedMs = 0; !condition(); passedMs += 50) {
      if (passedMs >= limitMs)
        throw new Error(`${what}: not within ${limitMs} ms; in sync: ${JSON.stringify(this.inSyncSets())}`);
      await advance(50);
    }
  }
}
