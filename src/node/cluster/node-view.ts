/** What a node shows of itself: its readiness, its status, and the facts behind its metrics. */
import type { ClusterConfig, Coordinator, NodeRegistration } from '../../coordination/index.js';
import type { ClusterFormat } from '../../formats.js';
import type { LogState } from '../../logging/index.js';
import { type NodeFacts, residentBytes } from '../../metrics/index.js';
import type { Placement } from '../../placement/index.js';
import type { NodeStatus } from '../../wire/contract/kv-api.js';
import { costOfData } from '../capacity/data-cost.js';
import type { DescriptorUse } from '../capacity/descriptors.js';
import type { DiskUse } from '../capacity/disk-use.js';
import type { MemoryBudget } from '../capacity/memory-budget.js';
import type { DatabaseHealth } from '../data/node-data.js';
import type { Lifecycle } from '../lifecycle.js';
import type { NodeShards } from '../shards/node-shards.js';
import type { KnownCluster } from './known-cluster.js';
import { describeNode } from './node-status.js';
import { type Readiness, readinessOf } from './readiness.js';

export interface NodeViewOptions {
  readonly nodeId: string;
  readonly address: string;
  readonly zone: string | undefined;
  readonly weight: number;
  readonly config: ClusterConfig;
  readonly format: ClusterFormat;
  readonly budget: MemoryBudget;
  readonly lifecycle: Lifecycle;
  readonly cluster: KnownCluster;
  readonly coordinator: Pick<Coordinator, 'session' | 'conflict'>;
  readonly shards: NodeShards;
  readonly log: LogState;
  readonly descriptors: DescriptorUse;
  readonly disk: DiskUse;
  /** Undefined: the data is in memory. */
  readonly database: () => DatabaseHealth | undefined;
}

/** The facts behind the metrics, except those of calls that come in. */
export type OwnFacts = Omit<
  NodeFacts,
  'grpcConnections' | 'cutConnections' | 'pipelines' | 'openScans' | 'frames' | 'pending' | 'keptCalls'
>;

export class NodeView {
  readonly #options: NodeViewOptions;
  readonly #startedMs = performance.now();

  constructor(options: NodeViewOptions) {
    this.#options = options;
  }

  /** The nodes that are registered. */
  get nodes(): readonly NodeRegistration[] {
    return this.#options.cluster.nodes;
  }

  /** Undefined while nothing is placed. */
  get placement(): Placement | undefined {
    return this.#options.cluster.placement;
  }

  /** Whether a node is drained, registered or not. */
  isDraining(nodeId: string): boolean {
    return this.#options.cluster.isDraining(nodeId);
  }

  /** Whether it is in sync everywhere it should be; false from when it begins to stop. */
  get readiness(): Readiness {
    const { nodeId, coordinator, lifecycle, cluster, shards } = this.#options;
    return readinessOf({
      nodeId,
      placement: cluster.placement,
      stopping: lifecycle.isStopping,
      conflict: coordinator.conflict?.message,
      registeredForMs: lifecycle.registeredForMs,
      replicaAt: (shard) => shards.at(shard)?.host.standing,
    });
  }

  get status(): NodeStatus {
    const {
      nodeId,
      address,
      zone = '',
      weight,
      config,
      format,
      budget,
      coordinator,
      shards,
      log,
      descriptors,
      disk,
    } = this.#options;
    return describeNode({
      nodeId,
      address,
      zone,
      weight,
      minInSync: config.minInSync,
      durability: config.durability,
      format,
      uptimeMs: performance.now() - this.#startedMs,
      session: coordinator.session,
      conflict: coordinator.conflict?.message,
      held: this.#held,
      memoryBytes: residentBytes(),
      maxMemoryBytes: budget.maxMemoryBytes,
      dataLimitBytes: budget.dataBytes,
      log,
      descriptors,
      disk,
      database: this.#options.database(),
      isImpaired: shards.isImpaired,
    });
  }

  get facts(): OwnFacts {
    const { nodeId, config, format, budget, coordinator, cluster, log, descriptors, disk } = this.#options;
    const { dataBytes, retainBytes, maxMemoryBytes } = budget;
    const isPlaced = (nodes: readonly string[] | undefined): boolean => nodes?.includes(nodeId) ?? false;
    const placed = cluster.placement?.shards;
    return {
      held: this.#held.map((held) => ({ ...held, placed: isPlaced(placed?.[held.shard]) })),
      placedShards: placed?.filter(isPlaced).length ?? 0,
      minInSync: config.minInSync,
      ready: this.readiness.ready,
      zookeeperConnected: coordinator.session === 'connected',
      nodes: cluster.nodes.length,
      draining: cluster.isDraining(nodeId),
      format: { inUse: format.inUse, newest: format.supported.newest },
      placementVersion: cluster.placement?.version ?? 0,
      logLinesDropped: log.droppedLines,
      descriptors,
      diskBytes: disk.bytes,
      database: this.#options.database(),
      limits: { dataBytes, logBytes: retainBytes, memoryBytes: maxMemoryBytes, diskBytes: disk.maxBytes },
    };
  }

  get #held() {
    return this.#options.shards.held.map(({ shard, host: { storage, status, lostState } }) => ({
      shard,
      replica: status,
      lostState,
      keys: storage.keyCount,
      expiringKeys: storage.expiringCount,
      dataBytes: costOfData(storage),
    }));
  }
}
