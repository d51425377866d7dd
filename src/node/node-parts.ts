/**
 * The parts of a node that has joined a cluster. Each part is built after those that it uses. Reports of ZooKeeper's watches reach
 * the parts in the order in which they were built (cluster-events.ts).
 */
import type { Logger } from 'pino';
import { Controller } from '../controller/index.js';
import type { ClusterConfig, Coordinator } from '../coordination/index.js';
import type { ClusterFormat } from '../formats.js';
import { NodeMetrics } from '../metrics/index.js';
import { FrameCounts, type TurnEnd } from '../transport/index.js';
import { Descriptors } from './capacity/descriptors.js';
import type { DiskUse } from './capacity/disk-use.js';
import type { NodeBudget } from './capacity/memory-budget.js';
import { NodeAccount } from './capacity/node-account.js';
import type { ClusterEvents } from './cluster/cluster-events.js';
import { KnownCluster } from './cluster/known-cluster.js';
import { NodeView } from './cluster/node-view.js';
import { OwnAddress } from './cluster/own-address.js';
import { describeCluster, describeShard } from './cluster/topology.js';
import { TopologyChanges } from './cluster/topology-changes.js';
import { TopologyPublisher } from './cluster/topology-publisher.js';
import type { TopologySource } from './cluster/topology-record.js';
import type { NodeData } from './data/node-data.js';
import { Lifecycle } from './lifecycle.js';
import type { NodeOptions } from './options.js';
import { NodePeers } from './peers/node-peers.js';
import type { Endpoints } from './services/endpoints.js';
import { NodeServices } from './services/node-services.js';
import { NodeShardDirectory } from './shards/node-shard-directory.js';
import { NodeShards } from './shards/node-shards.js';
import { HealthMonitor } from './tools/health-monitor.js';

/** Everything that a node has before its parts are built. */
export interface NodeFoundation {
  readonly nodeId: string;
  readonly options: NodeOptions;
  readonly config: ClusterConfig;
  readonly format: ClusterFormat;
  readonly data: NodeData;
  readonly budget: NodeBudget;
  readonly disk: DiskUse;
  readonly turn: TurnEnd;
  readonly events: ClusterEvents;
  readonly coordinator: Coordinator;
  readonly endpoints: Endpoints;
}

/** The state of a log that never loses a line: in programs that start nodes of their own. */
const losslessLog = { droppedLines: 0, problem: undefined };

export class NodeParts {
  readonly config: ClusterConfig;
  readonly format: ClusterFormat;
  readonly logger: Logger;
  readonly lifecycle = new Lifecycle();
  readonly cluster: KnownCluster;
  readonly ownAddress: OwnAddress;
  readonly shards: NodeShards;
  readonly view: NodeView;
  readonly health: HealthMonitor;
  readonly services: NodeServices;
  readonly #metrics = new NodeMetrics();
  readonly #descriptors: Descriptors;
  readonly #changes: TopologyChanges;
  readonly #controller: Controller;
  readonly #peers: NodePeers;
  readonly #endpoints: Endpoints;
  readonly #disk: DiskUse;

  constructor(foundation: NodeFoundation) {
    const { nodeId, options, config, format, data, budget, disk, turn, events, coordinator, endpoints } = foundation;
    const { sessionMs, moveRate, replaceAfterMs, maxValueBytes, zone, weight, log = losslessLog } = options;
    const { address, tools } = endpoints;
    const { lifecycle } = this;
    const metrics = this.#metrics;
    const frames = { client: new FrameCounts(), node: new FrameCounts() };
    this.config = config;
    this.format = format;
    this.#endpoints = endpoints;
    this.#disk = disk;
    const logger = options.logger.child({ node: nodeId });
    this.logger = logger;
    if (data.flushes !== undefined) data.flushes.listener = ({ durationMs, bytes }) => metrics.disk.flushed(durationMs, bytes);
    if (data.commits !== undefined) data.commits.listener = ({ durationMs, rows }) => metrics.disk.committed(durationMs, rows);
    if (data.reads !== undefined) data.reads.listener = (entries) => metrics.disk.entriesRead(entries);
    format.onRaised((version) => logger.info({ format: version }, 'the cluster uses a newer format from now on'));
    this.#descriptors = new Descriptors(logger);
    this.ownAddress = new OwnAddress({ address, logger });
    this.cluster = new KnownCluster(config);
    this.#changes = new TopologyChanges(config.shards);
    this.#controller = new Controller({ nodeId, config, replaceAfterMs, coordinator, logger });
    const account = new NodeAccount(nodeId, budget, config.shards, data);
    this.#peers = new NodePeers({
      nodeId,
      cluster: { clusterId: config.clusterId, format },
      sessionMs,
      moveRate,
      account,
      frames: frames.node,
      turn,
      logger,
    });
    this.shards = new NodeShards({
      nodeId,
      address,
      config,
      data,
      account,
      peers: this.#peers,
      turn,
      coordinator,
      stateTimeoutMs: options.stateTimeoutMs,
      expiryCounts: metrics.expiry,
      logger,
      onChange: (shard) => this.#changes.shardChanged(shard),
      onMoved: (direction) => metrics.shardMoved(direction),
      onFailed: (error) => lifecycle.fail(error),
    });
    const { cluster, shards } = this;
    this.view = new NodeView({
      nodeId,
      address,
      zone,
      weight,
      config,
      format,
      coordinator,
      budget,
      lifecycle,
      cluster,
      shards,
      log,
      descriptors: this.#descriptors,
      disk,
      database: () => data.database,
    });
    const { view } = this;
    this.health = new HealthMonitor({
      health: () => ({ live: lifecycle.isLive, ready: lifecycle.isLive && view.readiness.ready }),
      report: (health) => tools.report(health),
    });
    const { health } = this;
    const topology = new TopologyPublisher(sourceOf(cluster, shards), this.#changes);
    this.services = new NodeServices({
      nodeId,
      config,
      maxValueBytes,
      budget,
      directory: new NodeShardDirectory(address, shards, cluster),
      shards,
      peers: this.#peers,
      view,
      drains: coordinator.drains,
      topology,
      metrics,
      frames,
      turn,
      logger,
      connections: () => endpoints.connections,
      cutConnections: () => endpoints.cutConnections,
      probed: (token) => this.ownAddress.received(token),
    });
    this.#changes.start((batch) => {
      health.maybeJudge();
      this.services.topologyChanged(batch);
      return topology.publish(batch);
    });
    this.#listenTo(events);
    void data.failure.then((error) => lifecycle.fail(error));
  }

  #listenTo(events: ClusterEvents): void {
    const { logger, lifecycle, cluster, shards, services, health } = this;
    events.subscribe({
      onSession: (connected) => {
        logger.info({ connected }, 'ZooKeeper session');
        if (!connected) this.#metrics.zookeeperSuspended();
      },
      onFatal: (error) => lifecycle.fail(error),
    });
    for (const part of [cluster, this.#controller, this.#peers, shards, this.#changes, services, health]) events.subscribe(part);
  }

  /** Ends everything through which this node takes part in the cluster, its registrations excepted. Other nodes still reach it. */
  closeControl(): void {
    this.lifecycle.stopping();
    this.health.close();
    this.ownAddress.close();
    this.#endpoints.tools.report({ live: false, ready: false });
    this.#controller.close();
  }

  /** Accepts no calls any more, and ends the streams that would keep the ports from closing. */
  closeServices(): void {
    this.services.close();
    this.#endpoints.tools.close();
    this.#metrics.close();
    this.#descriptors.close();
    this.#disk.close();
    this.#changes.close();
    this.shards.close();
    this.#peers.close();
  }
}

function sourceOf(cluster: KnownCluster, shards: NodeShards): TopologySource {
  return {
    shardCount: shards.shardCount,
    cluster: () => describeCluster(cluster.facts),
    shard: (shard) => describeShard(shard, cluster.facts, shards.facts(shard)),
  };
}
