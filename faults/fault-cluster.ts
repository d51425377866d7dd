/** ZooKeeper and some nodes on a network that can be cut, and the one question that faults must ask: is all in sync? */

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { foundCluster } from '../local/found-cluster.js';
import { canLose } from '../local/moving.js';
import { KvClient, KvError, type NodeStatus, type ReplicaStatus, type Topology } from '../src/index.js';
import { FaultNode } from './fault-node.js';
import type { Network, Place } from './network.js';
import { missingForWhole } from './whole-sync.js';
import { startZookeepers, type ZookeeperServer } from './zookeeper-server.js';

export interface FaultClusterOptions {
  readonly network: Network;
  /** For data and logs. */
  readonly folder: string;
  readonly nodes: number;
  readonly zookeepers: number;
  /** Further options of every node, word by word. */
  readonly extra: readonly string[];
}

const nodePort = 9090;
const root = '/kvnode-faults';
const startPatienceMs = 60_000;
const askAgainMs = 50;
const askDeadlineMs = 1_000;

export class FaultCluster implements AsyncDisposable {
  readonly network: Network;
  readonly nodes: readonly FaultNode[];
  readonly zookeepers: readonly ZookeeperServer[];
  /** Where all client processes run. */
  readonly clients: Place;
  /** Asks nodes, and gives them the commands of an operator. */
  readonly observer: KvClient;

  static async start({ network, folder, nodes: count, zookeepers: servers, extra }: FaultClusterOptions): Promise<FaultCluster> {
    const zookeepers = await startZookeepers(network, folder, servers);
    await foundCluster(zookeepers.map(({ place, port }) => `${place.address}:${port}`).join(','), root, extra);
    const nodes: FaultNode[] = [];
    for (let index = 1; index <= count; index += 1) {
      const place = await network.addPlace(`node${index}`);
      const routes: string[] = [];
      for (const server of zookeepers) routes.push(await network.route(place, server.place, server.port));
      const logFile = join(folder, `${place.name}.log`);
      nodes.push(new FaultNode({ place, port: await place.port(nodePort), zk: routes.join(','), root, extra, logFile }));
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

  /** What each node says of itself; undefined from one that does not answer. In the order of `nodes`. */
  async statuses(nodes: readonly FaultNode[] = this.nodes): Promise<(NodeStatus | undefined)[]> {
    const asked = nodes.map(({ address }) => this.observer.nodeStatus(address, { deadlineMs: askDeadlineMs }));
    return (await Promise.allSettled(asked)).map((answer) => (answer.status === 'fulfilled' ? answer.value : undefined));
  }

  /** The node that serves the first shard now, by its own account. */
  async primary(): Promise<FaultNode | undefined> {
    const isServing = ({ shard, role, serving }: ReplicaStatus): boolean => shard === 0 && role === 'primary' && serving;
    const statuses = await this.statuses();
    return this.nodes[statuses.findIndex((status) => status?.replicas.some(isServing))];
  }

  /** As all nodes see it together. @throws KvError while none answers. */
  topology(): Promise<Topology> {
    return this.observer.wholeTopology({ deadlineMs: askDeadlineMs });
  }

  /** Whether every shard keeps a live member of its in-sync set that is none of these nodes, as the others see it. */
  async canLose(nodes: readonly FaultNode[]): Promise<boolean> {
    return canLose(
      await this.topology(),
      nodes.map(({ address }) => address),
    );
  }

  /** What is missing before every shard has its full set where it is placed, on all nodes; undefined if nothing is. */
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
      return `the topology is not told: ${error.message}`;
    }
  }

  /** @returns how long it took. @throws Error with what was missing. */
  async waitForSync(patienceMs: number): Promise<number> {
    const startMs = performance.now();
    let missing = await this.missingForSync();
    while (missing !== undefined) {
      if (performance.now() - startMs > patienceMs) throw new NotInSyncError(patienceMs, missing);
      await pause(askAgainMs);
      missing = await this.missingForSync();
    }
    return performance.now() - startMs;
  }

  /** Ends everything at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.observer.close();
    await Promise.all([...this.nodes, ...this.zookeepers].map((one) => one.kill()));
  }
}

export class NotInSyncError extends Error {
  constructor(patienceMs: number, missing: string) {
    super(`after ${patienceMs / 1_000} s without faults, ${missing}`);
    this.name = 'NotInSyncError';
  }
}
