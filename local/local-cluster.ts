/**
 * A whole cluster on this machine, for the demo and the cluster tests: one ZooKeeper and some nodes, each a process on
 * a free port, below a new root znode.
 */
import { createHash, randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { FormatRange } from '../src/formats.js';
import { KvClient } from '../src/index.js';
import type { NodeStatus, Topology } from '../src/wire/contract/kv-api.js';
import { foundCluster } from './found-cluster.js';
import { NodeProcess, type NodeProcessOptions } from './node-process.js';
import { isInSync } from './ring.js';
import { type LocalZookeeper, startZooKeeper } from './zookeeper.js';

export interface LocalClusterOptions {
  /** Default 3. */
  readonly nodes?: number;
  /** Default 1, so that most tests deal with one primary. */
  readonly shards?: number;
  /** Further options of every node, one word each. */
  readonly extra?: readonly string[];
  /** See `NodeProcessOptions`. */
  readonly nodeOptions?: readonly string[];
  /** See `NodeProcessOptions`. */
  readonly launcher?: readonly string[];
  /** See `NodeProcessOptions`; the cluster is founded with the newest one. */
  readonly formats?: FormatRange;
  /** Default: a ZooKeeper of its own, which ends with the cluster. */
  readonly zookeeper?: LocalZookeeper;
  /**
   * Keeps the data: each node has a folder in it, and a ZooKeeper of the cluster's own has one. A later cluster with the same folder
   * continues with the data. Default: the data ends with the processes.
   */
  readonly dataDir?: string | undefined;
  /** Default true: `start` resolves when all nodes are in sync. */
  readonly waitForInSync?: boolean;
}

const defaultNodes = 3;
const defaultShards = 1;
/** Bytes that distinguish the roots of clusters. */
const rootBytes = 6;
const defaultPatienceMs = 30_000;
const askAgainMs = 20;
const askDeadlineMs = 2_000;

export class LocalCluster implements AsyncDisposable {
  readonly zookeeper: LocalZookeeper;
  readonly root: string;
  readonly #dataDir: string | undefined;
  readonly #extra: readonly string[];
  readonly #nodeOptions: readonly string[];
  readonly #launcher: readonly string[];
  readonly #formats: FormatRange | undefined;
  readonly #ownsZookeeper: boolean;
  #nodes: NodeProcess[] = [];
  #observer: Promise<KvClient> | undefined;

  /** @throws Error with the logs of the nodes if they do not start; then all processes have been ended */
  static async start(options: LocalClusterOptions = {}): Promise<LocalCluster> {
    const dataFolder = options.dataDir && join(options.dataDir, 'zookeeper');
    const zookeeper = options.zookeeper ?? (await startZooKeeper({ dataFolder }));
    const cluster = new LocalCluster(zookeeper, options);
    const count = options.nodes ?? defaultNodes;
    try {
      await foundCluster(zookeeper.address, cluster.root, cluster.#extra, options.formats);
      // Nodes start one after the other, so that the first node is the first primary, as a reader of the output
      // expects.
      for (let started = 0; started < count; started += 1) await cluster.addNode();
      if (options.waitForInSync !== false) await cluster.waitForInSync(count);
      return cluster;
    } catch (error) {
      await cluster.kill();
      throw error;
    }
  }

  private constructor(zookeeper: LocalZookeeper, options: LocalClusterOptions) {
    this.zookeeper = zookeeper;
    const { dataDir } = options;
    // A running ZooKeeper may hold several clusters, each with its folder.
    const name = dataDir === undefined ? randomBytes(rootBytes) : createHash('sha256').update(resolve(dataDir)).digest();
    this.root = `/kvnode-${name.subarray(0, rootBytes).toString('hex')}`;
    this.#dataDir = dataDir;
    this.#extra = [
      ...['--shards', String(options.shards ?? defaultShards)],
      ...(dataDir === undefined || options.extra?.includes('--durability') ? [] : ['--durability', 'always']),
      ...(options.extra ?? []),
    ];
    this.#nodeOptions = options.nodeOptions ?? [];
    this.#launcher = options.launcher ?? [];
    this.#formats = options.formats;
    this.#ownsZookeeper = options.zookeeper === undefined;
  }

  /** Every node that was started, even those that have ended and were not restarted. */
  get nodes(): readonly NodeProcess[] {
    return this.#nodes;
  }

  get addresses(): string[] {
    return this.#nodes.filter((node) => node.running).map((node) => node.address);
  }

  async addNode(extra: readonly string[] = []): Promise<NodeProcess> {
    const node = await NodeProcess.start({
      zk: this.zookeeper.address,
      root: this.root,
      extra: [...this.#extra, ...this.#dataOptions(), ...extra],
      nodeOptions: this.#nodeOptions,
      launcher: this.#launcher,
      ...(this.#formats && { formats: this.#formats }),
    });
    this.#nodes.push(node);
    return node;
  }

  /** Its id is not that of its port: after the next start of the cluster it has another one. */
  #dataOptions(): string[] {
    if (this.#dataDir === undefined) return [];
    const name = `node-${this.#nodes.length + 1}`;
    return ['--id', name, '--data-dir', join(this.#dataDir, name)];
  }

  /** Starts a new process on the port of an ended node, empty unless the cluster keeps its data. It replaces the old one in `nodes`. */
  async restart(node: NodeProcess, changes: Partial<NodeProcessOptions> = {}): Promise<NodeProcess> {
    const again = await node.restart(changes);
    this.#nodes = this.#nodes.map((one) => (one === node ? again : one));
    return again;
  }

  /** Opens a client, which the caller must close. */
  connect(): Promise<KvClient> {
    return KvClient.connect({ nodes: this.addresses });
  }

  async topology(): Promise<Topology> {
    const client = await this.#observe();
    return client.wholeTopology({ deadlineMs: askDeadlineMs });
  }

  /** The status of each running node. */
  async statuses(): Promise<NodeStatus[]> {
    try {
      return await this.#statuses();
    } catch {
      // A connection may be one to the process before a restart.
      await this.disconnect();
      return this.#statuses();
    }
  }

  async #statuses(): Promise<NodeStatus[]> {
    const client = await this.#observe();
    return Promise.all(this.addresses.map((address) => client.nodeStatus(address, { deadlineMs: askDeadlineMs })));
  }

  /** Waits for the node that serves shard 0 as primary. */
  async primary(timeoutMs = defaultPatienceMs): Promise<NodeProcess> {
    const serves = (topology: Topology) => this.#primaryIn(topology) !== undefined;
    return this.#primaryIn(await this.waitUntil('a running node serves as primary', serves, timeoutMs))!;
  }

  /** Undefined: none serves. Or this is the report of a node that has not heard of the death of the primary yet. */
  #primaryIn({ shards: [shard] }: Topology): NodeProcess | undefined {
    if (shard?.serving !== true) return undefined;
    return this.#nodes.find((one) => one.running && one.address === shard.primaryAddress);
  }

  /** A running node that is not primary. */
  async backup(): Promise<NodeProcess> {
    const primary = await this.primary();
    const node = this.#nodes.find((one) => one.running && one !== primary);
    if (node === undefined) throw new Error('there is no node but the primary');
    return node;
  }

  /**
   * Waits until every shard serves with exactly `count` live in-sync replicas, or with all placed ones if these are
   * fewer.
   */
  waitForInSync(count: number, timeoutMs = defaultPatienceMs): Promise<Topology> {
    return this.waitUntil(`${count} replicas are in sync`, (topology) => isInSync(topology, count), timeoutMs);
  }

  /**
   * Reads the topology until it fulfils the condition. @throws Error with the last topology and the logs of all nodes
   */
  async waitUntil(
    what: string,
    holds: (topology: Topology) => boolean,
    timeoutMs = defaultPatienceMs,
    readAgainMs = askAgainMs,
  ): Promise<Topology> {
    const endMs = performance.now() + timeoutMs;
    let last: Topology | undefined;
    let problem: unknown;
    while (performance.now() < endMs) {
      try {
        last = await this.topology();
        if (holds(last)) return last;
      } catch (error) {
        problem = error;
        await this.disconnect();
      }
      await pause(readAgainMs);
    }
    const seen = last === undefined ? String(problem) : JSON.stringify(last.shards, undefined, 2);
    throw new Error(`waited ${timeoutMs} ms until ${what}; last seen: ${seen}\n${this.logs()}`);
  }

  /** The end of every node's log, for a failure report. */
  logs(): string {
    return this.#nodes.map((node, index) => `node ${index + 1}${node.running ? '' : ' (ended)'}:\n${node.log.tail()}`).join('\n');
  }

  /** Stops all nodes at once, as planned stops, and then ZooKeeper. */
  async stop(): Promise<void> {
    await this.#end((node) => {
      node.thaw();
      return node.stop();
    });
  }

  /** Kills all processes at once. */
  async kill(): Promise<void> {
    await this.#end((node) => node.kill());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  /** Closes this object's own client, so that the next query connects to the nodes that run then. */
  async disconnect(): Promise<void> {
    const observer = this.#observer;
    this.#observer = undefined;
    await observer?.then(
      (client) => client.close(),
      () => {},
    );
  }

  async #end(endNode: (node: NodeProcess) => Promise<unknown>): Promise<void> {
    await this.disconnect();
    await Promise.allSettled(this.#nodes.map(endNode));
    if (this.#ownsZookeeper) await this.zookeeper.stop();
  }

  #observe(): Promise<KvClient> {
    this.#observer ??= this.connect();
    return this.#observer;
  }
}
