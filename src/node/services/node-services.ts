/** The services of one node: for clients and other nodes over gRPC, and for clients over HTTP. */
import { setTimeout as pause } from 'node:timers/promises';
import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { ClusterConfig, ConfigConflict, Drains } from '../../coordination/index.js';
import { KvError } from '../../errors.js';
import type { NodeMetrics } from '../../metrics/index.js';
import { Tracing } from '../../tracing/index.js';
import { GrpcServerStream } from '../../transport/grpc/grpc-frame-stream.js';
import type { FrameCounts, TurnEnd } from '../../transport/index.js';
import { toStatus } from '../../wire/contract/grpc-status.js';
import { nodeRpcs } from '../../wire/contract/node-rpcs.js';
import { readEnvelope } from '../../wire/peer/envelope.js';
import type { MemoryBudget } from '../capacity/memory-budget.js';
import { PendingCalls } from '../capacity/pending-calls.js';
import { Draining } from '../cluster/draining.js';
import type { NodeView } from '../cluster/node-view.js';
import type { TopologyBatch } from '../cluster/topology-changes.js';
import type { TopologyPublisher } from '../cluster/topology-publisher.js';
import { Forwarder } from '../operations/forwarder.js';
import { KeyLister } from '../operations/list-keys.js';
import { OperationExecutor } from '../operations/operation-executor.js';
import { PipelineServer } from '../operations/pipeline-server.js';
import type { AcceptStream } from '../operations/pipeline-session.js';
import { UnaryServer } from '../operations/unary-server.js';
import type { NodePeers } from '../peers/node-peers.js';
import { ClusterScan } from '../scans/cluster-scan.js';
import type { NodeShards } from '../shards/node-shards.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import type { AnswerSink } from '../shards/shard-host.js';
import { ClusterGate } from './cluster-gate.js';
import { ClusterQueries } from './cluster-queries.js';
import { ClusterServer } from './cluster-server.js';
import { type GrpcImplementations, grpcServices } from './endpoints.js';
import { unaryHandlers } from './frame-calls.js';
import type { ServedFrames } from './frame-server.js';
import type { GatewayParts } from './node-gateway.js';
import { oneRequest } from './one-request.js';
import { ShardStreams } from './shard-streams.js';
import { topologyHandlers } from './topology-frames.js';

/** After a handover the clients learn of the new primary and leave. They count as gone once no call has come in for this long. */
const idleMs = 100;
/** A node that stops waits no longer than this for its clients to leave. */
const maxDrainMs = 1_000;

type PipelineCall = ServerDuplexStream<Buffer, Buffer>;

export interface NodeServicesParts {
  readonly nodeId: string;
  readonly config: ClusterConfig;
  readonly maxValueBytes: number;
  readonly budget: MemoryBudget;
  readonly directory: ShardDirectory;
  readonly shards: NodeShards;
  readonly peers: Pick<NodePeers, 'links' | 'server' | 'moveRate'>;
  readonly view: NodeView;
  readonly drains: Drains;
  readonly topology: TopologyPublisher;
  readonly metrics: NodeMetrics;
  readonly frames: { readonly client: FrameCounts; readonly node: FrameCounts };
  readonly turn: TurnEnd;
  readonly logger: Logger;
  /** The connections that are open. */
  connections(): number;
  /** Connections that were refused or cut off, by reason. */
  cutConnections(): Readonly<Record<string, number>>;
  /** A node probes whether this process answers at an address (probe-address.ts). */
  probed(token: string): void;
}

export class NodeServices {
  readonly #parts: NodeServicesParts;
  readonly #gate: ClusterGate;
  readonly #forwarder: Forwarder;
  /** The calls of every service that takes single calls. */
  readonly #pending: PendingCalls;
  readonly #pendingOfHttp: PendingCalls;
  readonly #executor: OperationExecutor;
  readonly #unary: UnaryServer;
  readonly #pipeline: PipelineServer;
  readonly #streams: ShardStreams;
  readonly #scan: ClusterScan;
  readonly #cluster: ClusterServer;
  readonly #queries: ClusterQueries;

  constructor(parts: NodeServicesParts) {
    this.#parts = parts;
    const { nodeId, config, maxValueBytes, budget, directory, shards, view, topology, metrics, turn, logger } = parts;
    this.#gate = new ClusterGate({ nodeId, clusterId: config.clusterId, logger });
    const forwarder = new Forwarder(config.clusterId);
    this.#forwarder = forwarder;
    const pending = new PendingCalls(budget.maxPendingBytes);
    this.#pending = pending;
    this.#pendingOfHttp = pending.half();
    const executor = new OperationExecutor({
      nodeId,
      maxValueBytes,
      directory,
      forwarder,
      counts: metrics.operations,
      tracing: Tracing.find(),
      logger,
    });
    this.#executor = executor;
    this.#unary = new UnaryServer(executor, pending);
    this.#pipeline = new PipelineServer({ executor, maxPipelines: budget.maxPipelines, turn, logger });
    const keys = new KeyLister(nodeId, config.shards, (shard) => shards.at(shard)?.host);
    const listKeys: KeyLister['list'] = (request) => keys.list(request);
    const rate = parts.peers.moveRate;
    this.#streams = new ShardStreams({ nodeId, directory, shards, budget, rate, scanCounts: metrics.scans });
    this.#scan = new ClusterScan({ directory, forwarder, scans: this.#streams.scans });
    const draining = new Draining({
      config,
      drains: parts.drains,
      logger,
      placement: () => view.placement,
      reports: () => this.#queries.reports(),
    });
    this.#cluster = new ClusterServer({
      directory,
      forwarder,
      topology,
      nodeStatus: () => view.status,
      probed: (token) => parts.probed(token),
      dumps: this.#streams.dumps,
      copies: this.#streams.copies,
      draining,
      listKeys,
      force: (shard, givesUp, sink) => this.#force(shard, givesUp, sink),
    });
    this.#queries = new ClusterQueries({
      nodeId,
      draining,
      forwarder,
      nodes: () => view.nodes,
      isDraining: (id) => view.isDraining(id),
      status: () => view.status,
      listKeys,
      topology: () => topology.report(),
    });
  }

  get implementations(): GrpcImplementations {
    const { keyValue, cluster } = grpcServices;
    return {
      keyValue: this.#gate.guard(keyValue, {
        ...this.#unary.implementation,
        Pipeline: (call: PipelineCall) => this.#servePipelineOverGrpc(call),
        Scan: (call: ServerWritableStream<Buffer, Buffer>) => this.#streams.scans.serveOverGrpc(call),
      }),
      cluster: this.#gate.guard(cluster, this.#cluster.implementation),
    };
  }

  /** The rpcs that are served over frames. */
  get frames(): ServedFrames {
    const { links, server } = this.#parts.peers;
    const { keyValue, cluster } = grpcServices;
    const handlers: ServedFrames['handlers'] = {
      ...unaryHandlers(keyValue, this.#unary.implementation),
      ...unaryHandlers(cluster, this.#cluster.implementation),
      'kv.v1.KeyValue/Pipeline': (accept, refuse) => this.#servePipeline(accept, refuse),
      ...topologyHandlers(this.#parts.topology, (request) => this.#cluster.topologyFor(request)),
      ...this.#streams.handlers,
      [nodeRpcs.replicate]: (accept, _refuse, onCut) => links.accept(accept, () => onCut('silent')),
      [nodeRpcs.dump]: oneRequest(readEnvelope, (request, stream) => server.requestSnapshot(request, stream)),
    };
    return { gate: this.#gate, handlers };
  }

  get gatewayParts(): GatewayParts {
    const { view } = this.#parts;
    return {
      executor: this.#executor,
      pending: this.#pendingOfHttp,
      inSyncNodes: (key) => this.#cluster.inSyncNodes(key),
      queries: this.#queries,
      health: { readiness: () => view.readiness },
      metrics: { read: () => this.#readMetrics() },
      gate: this.#gate,
      scan: (range) => this.#scan.page(range),
    };
  }

  /**
   * Resolves when all calls are answered and none has come in for a while, or after `maxDrainMs`: then a node that stops may close its
   * ports. Calls that are still on their way to this node are forwarded meanwhile.
   */
  async whenDrained(): Promise<void> {
    const deadlineMs = performance.now() + maxDrainMs;
    for (let nowMs = performance.now(); nowMs < deadlineMs; nowMs = performance.now()) {
      const isPending = this.#pending.count + this.#pipeline.pending > 0;
      const waitMs = isPending ? idleMs : idleMs - Math.min(this.#pending.idleMs, this.#pipeline.idleMs);
      if (waitMs <= 0) return;
      await pause(Math.min(waitMs, deadlineMs - nowMs));
    }
  }

  /** Calls that are kept may be served now. */
  topologyChanged({ shards, cluster }: TopologyBatch): void {
    if (this.#pending.kept === 0) return;
    if (cluster) return this.#executor.clusterChanged();
    for (const shard of shards) this.#executor.shardChanged(shard);
  }

  /**
   * While ZooKeeper holds another cluster, operations on keys are refused, definitely not executed. The data is kept, and
   * replication continues as while ZooKeeper is away.
   */
  onConflict(conflict: ConfigConflict | undefined): void {
    this.#executor.refuseAll(conflict && new KvError('NO_PRIMARY', conflict.message));
  }

  /** Accepts no calls any more. */
  close(): void {
    this.#executor.close();
    this.#pipeline.close();
    this.#streams.close();
    this.#parts.topology.close();
  }

  /** Gives up the calls that were forwarded to other nodes. */
  closeForwarding(): void {
    this.#forwarder.close();
  }

  #servePipeline(accept: AcceptStream, refuse: (error: KvError) => void): void {
    const { client } = this.#parts.frames;
    this.#pipeline.serve((listener) => client.open(accept, listener), refuse);
  }

  #servePipelineOverGrpc(call: PipelineCall): void {
    this.#servePipeline(
      (listener) => new GrpcServerStream(call, listener),
      (error) => void call.emit('error', toStatus(error)),
    );
  }

  #readMetrics(): ReturnType<NodeMetrics['read']> {
    const { view, metrics, frames, connections, cutConnections } = this.#parts;
    return metrics.read({
      ...view.facts,
      grpcConnections: connections(),
      cutConnections: cutConnections(),
      pipelines: this.#pipeline.open,
      openScans: this.#streams.scans.count,
      frames,
      pending: { pipeline: this.#pipeline.pending, single: this.#pending.count },
      keptCalls: this.#pending.kept,
    });
  }

  #force(shard: number, givesUp: readonly string[], sink: AnswerSink): boolean {
    const held = this.#parts.shards.at(shard);
    held?.host.handle({ type: 'force', token: sink, givesUp });
    return held !== undefined;
  }
}
