/** What answers the callers of one node: clients and other nodes over gRPC, and those who come over HTTP. */
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { ClusterConfig } from '../coordination/index.js';
import type { KvError } from '../errors.js';
import type { NodeFacts, NodeMetrics } from '../metrics/index.js';
import { Tracing } from '../tracing/index.js';
import { clusterServiceWithRawKeys, keyValueServiceWithRawKeys, replicationService } from '../wire/contract/proto.js';
import type { MemoryBudget } from './capacity/memory-budget.js';
import { PendingCalls } from './capacity/pending-calls.js';
import { ClusterQueries } from './cluster/cluster-queries.js';
import { ClusterServer } from './cluster/cluster-server.js';
import type { NodeView } from './cluster/node-view.js';
import { describeCluster, describeShard } from './cluster/topology.js';
import type { TopologyChanges } from './cluster/topology-publisher.js';
import { ClusterGate } from './cluster-gate.js';
import { whenDrained } from './drain.js';
import type { GatewayParts } from './node-gateway.js';
import { Forwarder } from './operations/forwarder.js';
import { KeyValueOperations } from './operations/key-value-operations.js';
import { KeyValueServer } from './operations/key-value-server.js';
import { KeyLister } from './operations/list-keys.js';
import { PipelineServer } from './operations/pipeline-server.js';
import type { NodeShards } from './shards/node-shards.js';
import type { AnswerSink } from './shards/shard-host.js';

/** A call without a deadline of its own. */
const defaultDeadlineMs = 10_000;

/** By the names under which `implementations` has them. */
export const grpcServices = {
  keyValue: keyValueServiceWithRawKeys,
  cluster: clusterServiceWithRawKeys,
  replication: replicationService,
};

export interface NodeServicesParts {
  readonly nodeId: string;
  readonly config: ClusterConfig;
  readonly maxValueBytes: number;
  readonly memory: MemoryBudget;
  readonly shards: NodeShards;
  readonly view: NodeView;
  readonly metrics: NodeMetrics;
  readonly logger: Logger;
  /** What watchers of the topology have yet to be told. */
  untold(): TopologyChanges;
  /** Somebody tries whether this process answers at some address (probe-address.ts). */
  probed(token: string): void;
}

export class NodeServices {
  readonly #parts: NodeServicesParts;
  readonly #gate: ClusterGate;
  readonly #forwarder: Forwarder;
  /** Of every service that takes single calls. */
  readonly #pending: PendingCalls;
  readonly #pendingOfHttp: PendingCalls;
  readonly #operations: KeyValueOperations;
  readonly #keyValue: KeyValueServer;
  readonly #pipeline: PipelineServer;
  readonly #cluster: ClusterServer;
  readonly #queries: ClusterQueries;

  constructor(parts: NodeServicesParts) {
    this.#parts = parts;
    const { nodeId, config, maxValueBytes, memory, shards, view, metrics, logger } = parts;
    this.#gate = new ClusterGate({ nodeId, clusterId: config.clusterId, logger });
    const forwarder = new Forwarder(config.clusterId);
    this.#forwarder = forwarder;
    const tracing = Tracing.find();
    const pending = new PendingCalls(memory.maxPendingBytes);
    this.#pending = pending;
    this.#pendingOfHttp = pending.half();
    const shared = { nodeId, maxValueBytes, logger, directory: shards, tracing };
    const counts = metrics.operations;
    this.#operations = new KeyValueOperations({ ...shared, pending, defaultDeadlineMs, forwarder, counts });
    this.#keyValue = new KeyValueServer({ operations: this.#operations, pending, logger });
    this.#pipeline = new PipelineServer({ ...shared, maxPipelines: memory.maxPipelines, counts: counts.pipeline });
    const keys = new KeyLister(nodeId, config.shards, (shard) => shards.at(shard)?.host);
    this.#cluster = new ClusterServer({
      ...{ directory: shards, forwarder, untold: () => parts.untold() },
      topology: {
        shardCount: config.shards,
        cluster: () => describeCluster(view.cluster),
        shard: (shard) => describeShard(shard, view.cluster, shards.facts(shard)),
      },
      nodeStatus: () => view.status,
      probed: (token) => parts.probed(token),
      listKeys: (request) => keys.list(request),
      force: (shard, givesUp, sink) => this.#force(shard, givesUp, sink),
    });
    this.#queries = new ClusterQueries({
      ...{ nodeId, forwarder, nodes: () => view.nodes, status: () => view.status },
      listKeys: (request) => keys.list(request),
      topology: () => this.#cluster.topology(),
    });
  }

  get implementations(): Readonly<Record<keyof typeof grpcServices, UntypedServiceImplementation>> {
    const { keyValue, cluster, replication } = grpcServices;
    return {
      keyValue: this.#gate.guard(keyValue, { ...this.#keyValue.implementation, Pipeline: this.#pipeline.handler }),
      cluster: this.#gate.guard(cluster, this.#cluster.implementation),
      replication: this.#gate.guard(replication, this.#parts.shards.replication.implementation),
    };
  }

  get gatewayParts(): GatewayParts {
    const { view, metrics } = this.#parts;
    return {
      ...{ operations: this.#operations, pending: this.#pendingOfHttp, cluster: this.#cluster, queries: this.#queries },
      health: { readiness: () => view.readiness },
      ...{ metrics, counts: metrics.operations.rest, gate: this.#gate },
    };
  }

  /** What has come in, and is not answered yet. */
  get traffic(): Pick<NodeFacts, 'pipelines' | 'pending'> {
    return {
      pipelines: this.#pipeline.open,
      pending: { pipeline: this.#pipeline.pending, single: this.#pending.count },
    };
  }

  /** Tells watchers of the topology. @returns of how many shards there was news. */
  topologyChanged(changes: TopologyChanges): number {
    return this.#cluster.changed(changes);
  }

  /** Resolves when everything is answered, and nothing has come for a while. */
  whenDrained(): Promise<void> {
    return whenDrained({
      pending: () => this.#pending.count + this.#pipeline.pending,
      idleForMs: () => Math.min(this.#pending.idleMs, this.#pipeline.idleMs),
    });
  }

  /** Operations on keys are refused with this, definitely not executed; undefined: they are served again. */
  refuseAll(refusal: KvError | undefined): void {
    this.#operations.refuseAll(refusal);
    this.#pipeline.refuseAll(refusal);
  }

  /** Takes in nothing more. */
  close(): void {
    this.#operations.close();
    this.#pipeline.close();
    this.#cluster.close();
  }

  /** Calls that were passed on to other nodes are given up. */
  closeForwarding(): void {
    this.#forwarder.close();
  }

  #force(shard: number, givesUp: readonly string[], sink: AnswerSink): boolean {
    const held = this.#parts.shards.at(shard);
    held?.host.handle({ type: 'force', token: sink, givesUp });
    return held !== undefined;
  }
}
