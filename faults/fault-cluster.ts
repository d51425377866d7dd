/** ZooKeeper and some nodes on a network that can be cut, and the one question that faults must ask: is all in sync? */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { KvClient, type NodeStatus, type ReplicaStatus } from '../src/index.js';
import { FaultNode } from './fault-node.js';
import type { Network, Place } from './network.js';
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
  readonly #observer: KvClient;

  static async start({ network, folder, nodes: count, zookeepers: servers, extra }: FaultClusterOptions): Promise<FaultCluster> {
    const zookeepers = await startZookeepers(network, folder, servers);
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
    this.#observer = observer;
  }

  /** What each node says of itself; undefined from one that does not answer. In the order of `nodes`. */
  async statuses(): Promise<(NodeStatus | undefined)[]> {
    const asked = this.nodes.map(({ address }) => this.#observer.nodeStatus(address, { deadlineMs: askDeadlineMs }));
    return (await Promise.allSettled(asked)).map((answer) => (answer.status === 'fulfilled' ? answer.value : undefined));
  }

  /** The node that serves now, by its own account. */
  async primary(): Promise<FaultNode | undefined> {
    const statuses = await this.statuses();
    return this.nodes[statuses.findIndex((status) => status?.replicas[0]?.role === 'primary' && status.replicas[0].serving)];
  }

  /**
   * What is missing before every node is in sync; undefined if they are. By the account of every node and of the
   * primary's view of its peers: the in-sync set in ZooKeeper may name replicas that are dead, and be read late.
   */
  async missingForSync(): Promise<string | undefined> {
    const replicas = (await this.statuses()).map((status) => status?.replicas[0]);
    const silent = this.nodes.filter((_, index) => replicas[index] === undefined);
    if (silent.length > 0) return `no answer from ${silent.map(({ name }) => name).join(', ')}`;
    const all = replicas.filter((replica) => replica !== undefined);
    const primaries = all.filter(({ role }) => role === 'primary');
    const [primary] = primaries;
    if (primary === undefined || primaries.length > 1) return `${primaries.length} primaries: ${describe(all)}`;
    if (!primary.serving) return `the primary does not serve: ${describe(all)}`;
    if (all.some(({ epoch }) => epoch !== primary.epoch)) return `several epochs: ${describe(all)}`;
    const others = all.filter((replica) => replica !== primary);
    const inSync = others.every(({ replicaId }) => primary.peers.some((peer) => peer.replicaId === replicaId && peer.inSync));
    return inSync && others.every(({ complete }) => complete) ? undefined : `not in sync: ${describe(all)}`;
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
    await this.#observer.close();
    await Promise.all([...this.nodes, ...this.zookeepers].map((one) => one.kill()));
  }
}

export class NotInSyncError extends Error {
  constructor(patienceMs: number, missing: string) {
    super(`after ${patienceMs / 1_000} s without faults, ${missing}`);
    this.name = 'NotInSyncError';
  }
}

function describe(replicas: readonly ReplicaStatus[]): string {
  return replicas
    .map(({ replicaId, role, epoch, serving, complete, lastSeq, commitIndex, offline, peers }) => {
      const flags = [serving && 'serving', complete || 'incomplete', offline && 'offline'].filter(
        (flag) => typeof flag === 'string',
      );
      const seen = peers.map((peer) => `${peer.replicaId} ${peer.phase}${peer.inSync ? ' in sync' : ''}`).join(', ');
      return `${replicaId} ${role} epoch ${epoch} seq ${lastSeq}/${commitIndex} ${flags.join(' ')} [${seen}]`;
    })
    .join('; ');
}
