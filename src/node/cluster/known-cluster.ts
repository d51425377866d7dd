/** What this node knows of the cluster from ZooKeeper: which nodes there are, and where the shards are placed. */
import type { ClusterConfig, NodeRegistration, VersionedPlacement } from '../../coordination/index.js';
import type { Placement } from '../../placement/index.js';
import type { ClusterFacts } from './topology.js';

export class KnownCluster {
  readonly #config: ClusterConfig;
  #nodes: readonly NodeRegistration[] = [];
  #nodesVersion = 0;
  #drainingIds: readonly string[] = [];
  #placement: Placement | undefined;

  constructor(config: ClusterConfig) {
    this.#config = config;
  }

  get nodes(): readonly NodeRegistration[] {
    return this.#nodes;
  }

  /** Whether the node is drained, registered or not. */
  isDraining(nodeId: string): boolean {
    return this.#drainingIds.includes(nodeId);
  }

  get placement(): Placement | undefined {
    return this.#placement;
  }

  get facts(): ClusterFacts {
    const { clusterId, shards: shardCount, minInSync } = this.#config;
    const nodesVersion = this.#nodesVersion;
    const drainingIds = this.#drainingIds;
    return { clusterId, shardCount, minInSync, nodes: this.#nodes, nodesVersion, drainingIds, placement: this.#placement };
  }

  onNodes(nodes: readonly NodeRegistration[], version: number, drainingIds: readonly string[]): void {
    this.#nodes = nodes;
    this.#drainingIds = drainingIds;
    this.#nodesVersion = version;
  }

  /** A placement that ZooKeeper has lost still shows where the data is: the controller writes it again. */
  onPlacement(read: VersionedPlacement | undefined): void {
    if (read !== undefined) this.#placement = read.placement;
  }
}
