/**
 * ZooKeeper and some nodes on a network that can be cut, with the check that faults wait for: every shard is in sync.
 */

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { foundCluster } from '../../local/found-cluster.js';
import { canLose } from '../../local/moving.js';
import { KvClient, KvError, type NodeStatus, type ReplicaStatus, type Topology } from '../../src/index.js';
import type { Network, Place } from '../network/network.js';
import { FaultNode } from './fault-node.js';
import { NodeDatabase } from './node-database.js';
import { missingForWhole } from './whole-sync.js';
import { startZookeepers, type ZookeeperServer } from './zookeeper-server.js';

export interface FaultClusterOptions {
  readonly network: Network;
  /** The folder for data and logs. */
  readonly folder: string;
  readonly nodes: number;
  readonly zookeepers: number;
  /** Unless `memory`, each node has a folder for its data. */
  readonly durability: 'memory' | 'interval' | 'always';
  /** Where the nodes have their applied state: `postgres` is a server for each. */
  readonly state: 'memory' | 'postgres';
  /** Further options of every node, one word each. */
  readonly extra: readonly string[];
}

const nodePort = 9090;
const root = '/kvnode-faults';
const startPatienceMs = 60_000;
const pollMs = 50;
const askDeadlineMs = 1_000;

export class FaultCluster implements AsyncDisposable {
  readonly network: Network;
  readonly nodes: readonly FaultNode[];
  readonly zookeepers: readonly ZookeeperServer[];
  /** The place of all client processes. */
  readonly clients: Place;
  /** A client for queries and for an operator's commands. */
  readonly observer: KvClient;

  static async start(options: FaultClusterOptions): Promise<FaultCluster> {
    const { network, folder, nodes: count, zookeepers: servers, durability } = options;
    const extra = [...options.extra, '--durability', durability];
    const zookeepers = await startZookeepers(network, folder, servers);
    await foundCluster(zookeepers.map(({ place, port }) => `${place.address}:${port}`).join(','), root, extra);
    const nodes: FaultNode[] = [];
    for (let index = 1; index <= count; index += 1) {
      const place = await network.addPlace(`node${index}`);
      const routes: string[] = [];
      for (const server of zookeepers) routes.push(await network.route(place, server.place, server.port));
      const logFile = join(folder, `${place.name}.log`);
      const data = durability === 'memory' ? [] : ['--data-dir', join(folder, `${place.name}-data`)];
      const words = [...extra, ...data];
      const database = options.state === 'postgres' ? await NodeDatabase.start(network.ownAddress) : undefined;
      const [zk, port] = [routes.join(','), await place.port(nodePort)];
      nodes.push(new FaultNode({ place, port, zk, root, extra: words, database, logFile }));
    }
    for (const node of nodes) node.start();
    const observer = await KvClient.connect({ nodes: nodes.map(({ address }) => address), deadlineMs: startPatienceMs });
    const clients = await network.addPlace('clients');
    return new FaultCluster(network, nodes, zookeepers, clients, observer);
  }

  private constructor(
    network: Network,
    nodes: readonly FaultNode[],
    zookeepers: readonly ZookeeperServer[],
    clients: Place,
    observer: KvClient,
  ) {
    this.network = network;
    this.nodes = nodes;
    this.zookeepers = zookeepers;
    this.clients = clients;
    this.observer = observer;
  }

  /** The status of each node, in the order of `nodes`; undefined if the node does not answer. */
  async statuses(nodes: readonly FaultNode[] = this.nodes): Promise<(NodeStatus | undefined)[]> {
    const asked = nodes.map(({ address }) => this.observer.nodeStatus(address, { deadlineMs: askDeadlineMs }));
    return (await Promise.allSettled(asked)).map((answer) => (answer.status === 'fulfilled' ? answer.value : undefined));
  }

  /** The node that reports itself as the serving primary of the first shard. */
  async primary(): Promise<FaultNode | undefined> {
    const isServing = ({ shard, role, serving }: ReplicaStatus): boolean => shard === 0 && role === 'primary' && serving;
    const statuses = await this.statuses();
    return this.nodes[statuses.findIndex((status) => status?.replicas.some(isServing))];
  }

  /** The merged topology of all nodes. @throws KvError while none answers. */
  topology(): Promise<Topology> {
    return this.observer.wholeTopology({ deadlineMs: askDeadlineMs });
  }

  /** Whether every shard has a live in-sync member outside these nodes, by the report of the other nodes. */
  async canLose(nodes: readonly FaultNode[]): Promise<boolean> {
    return canLose(
      await this.topology(),
      nodes.map(({ address }) => address),
    );
  }

  /**
   * Describes what is missing until every shard has its full in-sync set where it is placed; undefined if nothing is
   * missing.
   */
  async missingForSync(): Promise<string | undefined> {
    const statuses = await this.statuses();
    const silent = this.nodes.filter((_, index) => statuses[index] === undefined);
    if (silent.length > 0) return `no answer from ${silent.map(({ name }) => name).join(', ')}`;
    try {
      const topology = await this.topology();
      return missingForWhole(
        statuses.filter((status) => status !== undefined),
        topology,
      );
    } catch (error) {
      if (!(error instanceof KvError)) throw error;
      return `no node reports the topology: ${error.message}`;
    }
  }

  /** @returns the time that it took, in ms. @throws NotInSyncError with what was missing */
  async waitForSync(patienceMs: number): Promise<number> {
    const startMs = performance.now();
    let missing = await this.missingForSync();
    while (missing !== undefined) {
      if (performance.now() - startMs > patienceMs) throw new NotInSyncError(patienceMs, missing);
      await pause(pollMs);
      missing = await this.missingForSync();
    }
    return performance.now() - startMs;
  }

  /** Ends all processes at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.observer.close();
    await Promise.all([...this.nodes, ...this.zookeepers].map((one) => one.kill()));
    await Promise.all(this.nodes.map(({ database }) => database?.server.stop()));
  }
}

export class NotInSyncError extends Error {
  constructor(patienceMs: number, missing: string) {
    super(`after ${patienceMs / 1_000} s without faults, ${missing}`);
    this.name = 'NotInSyncError';
  }
}
