/** What a node knows of the cluster and of itself, for all who ask: other nodes, clients, tools, people. It changes nothing. */
import type { ClusterConfig, Coordinator, NodeRegistration } from '../../coordination/index.js';
import type { LogState } from '../../logging/index.js';
import { type NodeFacts, residentBytes } from '../../metrics/index.js';
import type { Placement } from '../../placement/index.js';
import type { NodeStatus } from '../../wire/contract/kv-api.js';
import { costOfData } from '../capacity/data-account.js';
import type { MemoryBudget } from '../capacity/memory-budget.js';
import type { DescriptorUse } from '../descriptors.js';
import type { NodeShards } from '../shards/node-shards.js';
import { describeNode } from './node-status.js';
import { type Readiness, readinessOf } from './readiness.js';
import type { ClusterFacts } from './topology.js';

export interface NodeViewOptions {
  readonly nodeId: string;
  readonly address: string;
  readonly zone: string | undefined;
  readonly weight: number;
  readonly config: ClusterConfig;
  readonly memory: MemoryBudget;
  readonly coordinator: Pick<Coordinator, 'session' | 'conflict'>;
  readonly shards: NodeShards;
  readonly log: LogState;
  readonly descriptors: DescriptorUse;
  /** From when it begins to stop. */
  isStopping(): boolean;
  /** What comes in, and is not answered yet. */
  traffic(): Pick<NodeFacts, 'grpcConnections' | 'pipelines' | 'pending'>;
}

export class NodeView {
  readonly #options: NodeViewOptions;
  readonly #startedMs = performance.now();
  #registeredMs: number | undefined;
  #nodes: readonly NodeRegistration[] = [];
  #nodesVersion = 0;
  #placement: Placement | undefined;

  constructor(options: NodeViewOptions) {
    this.#options = options;
  }

  get nodes(): readonly NodeRegistration[] {
    return this.#nodes;
  }
  get placement(): Placement | undefined {
    return this.#placement;
  }
  /** Registered, and not told to stop. */
  get isLive(): boolean {
    return this.#registeredMs !== undefined && !this.#options.isStopping();
  }

  registered(): void {
    this.#registeredMs = performance.now();
  }

  learnNodes(nodes: readonly NodeRegistration[], version: number): void {
    this.#nodes = nodes;
    this.#nodesVersion = version;
  }

  learnPlacement(placement: Placement): void {
    this.#placement = placement;
  }

  /** Whether it is in sync everywhere it should be; not any more from when it begins to stop. */
  get readiness(): Readiness {
    const { nodeId, coordinator, shards } = this.#options;
    const registeredMs = this.#registeredMs;
    return readinessOf({
      ...{ nodeId, placement: this.#placement },
      ...{ stopping: this.#options.isStopping(), conflict: coordinator.conflict?.message },
      registeredForMs: registeredMs === undefined ? undefined : performance.now() - registeredMs,
      replicaAt: (shard) => shards.at(shard)?.host.standing,
    });
  }

  get cluster(): ClusterFacts {
    const { clusterId, shards: shardCount, minInSync } = this.#options.config;
    const nodesVersion = this.#nodesVersion;
    return { clusterId, shardCount, minInSync, nodes: this.#nodes, nodesVersion, placement: this.#placement };
  }

  get status(): NodeStatus {
    const { nodeId, address, zone = '', weight, config, memory, coordinator } = this.#options;
    return describeNode({
      ...{ nodeId, address, zone, weight, minInSync: config.minInSync },
      uptimeMs: performance.now() - this.#startedMs,
      ...{ session: coordinator.session, conflict: coordinator.conflict?.message },
      held: this.#held,
      ...{ memoryBytes: residentBytes(), maxMemoryBytes: memory.maxMemoryBytes },
      ...{ dataLimitBytes: memory.dataBytes, log: this.#options.log, descriptors: this.#options.descriptors },
    });
  }

  get metrics(): NodeFacts {
    const { nodeId, config, memory, coordinator, log, descriptors } = this.#options;
    const { dataBytes, retainBytes, maxMemoryBytes } = memory;
    const isPlaced = (nodes: readonly string[] | undefined): boolean => nodes?.includes(nodeId) ?? false;
    const placed = this.#placement?.shards;
    return {
      held: this.#held.map((held) => ({ ...held, placed: isPlaced(placed?.[held.shard]) })),
      placedShards: placed?.filter(isPlaced).length ?? 0,
      ...{ minInSync: config.minInSync, ready: this.readiness.ready },
      zookeeperConnected: coordinator.session === 'connected',
      ...{ nodes: this.#nodes.length, placementVersion: this.#placement?.version ?? 0 },
      ...this.#options.traffic(),
      ...{ logLinesDropped: log.droppedLines, descriptors },
      limits: { dataBytes, logBytes: retainBytes, memoryBytes: maxMemoryBytes },
    };
  }

  get #held() {
    return this.#options.shards.held.map(({ shard, host: { storage, status, lostState } }) => ({
      ...{ shard, replica: status, lostState, keys: storage.keyCount, dataBytes: costOfData(storage) },
    }));
  }
}
