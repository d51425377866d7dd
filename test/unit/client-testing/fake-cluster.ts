/**
 * A cluster in this process for tests of the client: real gRPC servers in front of one shared map, with faults on
 * demand.
 *
 * It keeps none of kvnode's promises about replication; it only speaks the public contract.
 */
import {
  type handleUnaryCall,
  Metadata,
  type ServerDuplexStream,
  type ServiceDefinition,
  type ServiceError,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { pino } from 'pino';
import { KvError } from '../../../src/errors.js';
import type { TopologyWatcher } from '../../../src/node/cluster/topology-publisher.js';
import { ClusterGate } from '../../../src/node/services/cluster-gate.js';
import { unaryHandlers } from '../../../src/node/services/frame-calls.js';
import { type FrameGate, type FrameHandler, FrameServer } from '../../../src/node/services/frame-server.js';
import { type Listening, listen } from '../../../src/node/services/listen.js';
import { shardOfKey } from '../../../src/placement/index.js';
import { locateKey } from '../../../src/topology/key-location.js';
import { GrpcServerStream } from '../../../src/transport/grpc/grpc-frame-stream.js';
import type { ReplyStream } from '../../../src/transport/index.js';
import { clusterService, keyValueService } from '../../../src/wire/contract/client-contract.js';
import { toStatus } from '../../../src/wire/contract/grpc-status.js';
import type {
  DeleteRequest,
  GetRequest,
  GetTopologyRequest,
  ListKeysRequest,
  LocateKeyRequest,
  PutRequest,
  Topology,
  TopologyReport,
} from '../../../src/wire/contract/kv-api.js';
import { type DumpShardRequest, dumpShardRpc } from '../../../src/wire/dump/dump-parts.js';
import { type ScanRequest, scanRpc } from '../../../src/wire/scan/scan-messages.js';
import { dumpOverGrpc, fakeDumpHandler } from './fake-dumps.js';
import { servePipeline } from './fake-pipeline.js';
import { FakeRequests, type IdentifiedRequest } from './fake-requests.js';
import { fakeScanHandler, scanOverGrpc } from './fake-scans.js';
import { type FakeWatches, fakeWatchHandlers, watchOverGrpc } from './fake-topology.js';
import { TcpProxy } from './tcp-proxy.js';

export type MethodName = 'Get' | 'Put' | 'Delete' | 'LocateKey' | 'ListKeys' | 'GetTopology' | 'GetNodeStatus' | 'ForcePrimary';

/**
 * The fate of a request: an error answers it, `hang` never answers it, `executeAndHang` executes it and never answers
 * it, `executeThenLose` executes it and answers that its outcome is unknown.
 */
export type Fate = 'serve' | 'hang' | 'executeAndHang' | 'executeThenLose' | Error;
export type Judge = (method: MethodName, node: FakeNode, request: unknown) => Fate;

export interface Arrival {
  readonly method: MethodName;
  readonly nodeId: string;
  readonly request: unknown;
}

export class FakeNode {
  readonly id: string;
  listening!: Listening;
  readonly watchers = new Set<TopologyWatcher>();
  proxy!: TcpProxy;
  alive = true;
  /** Pipelines that clients have opened here, by what carries them. */
  readonly pipelines = { frames: 0, grpc: 0 };
  /** False: the node lets only HTTP/2 through. */
  offersFrames = true;
  /** Connections for frames that the node has reset. */
  cutOff = 0;
  /** Calls and streams that came over gRPC. */
  grpcCalls = 0;
  /** What the topology says of its frames. */
  framesVersion = 1;

  constructor(id: string) {
    this.id = id;
  }

  /** The address of a node, even of one that is gone. */
  get port(): number {
    return this.proxy.port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }
}

export class FakeCluster {
  readonly nodes: FakeNode[] = [];
  readonly arrivals: Arrival[] = [];
  readonly values = new Map<string, { value: Buffer; version: number }>();
  /** Decides on every request; replaced by tests. */
  judge: Judge = () => 'serve';
  readonly requests = new FakeRequests();
  /** Answers DumpShard; replaced by tests. */
  dump: (node: FakeNode, request: DumpShardRequest, reply: ReplyStream) => void = (_, _request, reply) => reply.end();
  /** Answers Scan; replaced by tests. */
  scan: (node: FakeNode, request: ScanRequest, reply: ReplyStream) => void = (_, _request, reply) => reply.end();
  readonly clusterId: string;
  readonly #shards: { primary: number; epoch: number }[];
  #version = 0;
  #waiting: (() => void)[] = [];

  /** Shard 0 is at the first node, shard 1 at the second, and so on in a circle. */
  static async start(size: number, shards = 1, clusterId = 'fake'): Promise<FakeCluster> {
    const placed = Array.from({ length: shards }, (_, shard) => ({ primary: shard % size, epoch: 1 }));
    const cluster = new FakeCluster(placed, clusterId);
    for (let index = 0; index < size; index += 1) await cluster.addNode();
    return cluster;
  }

  private constructor(shards: { primary: number; epoch: number }[], clusterId: string) {
    this.#shards = shards;
    this.clusterId = clusterId;
  }

  /** The primary of shard 0. */
  get primary(): FakeNode {
    return this.nodes[this.#shards[0]!.primary]!;
  }

  get addresses(): string[] {
    return this.nodes.filter((node) => node.alive).map((node) => node.address);
  }

  get topology(): Topology {
    const live = this.nodes.filter((node) => node.alive);
    const nodes = live.map(({ id, address, framesVersion }) => ({
      id,
      address,
      zone: '',
      weight: 1,
      framesVersion,
      draining: false,
    }));
    const replicas = nodes.map((node) => ({ replicaId: `r-${node.id}`, nodeId: node.id, inSync: true, live: true }));
    const shards = this.#shards.map(({ primary, epoch }, shard) => {
      const node = this.nodes[primary];
      const whoIs = { primaryNodeId: node?.id ?? '', primaryAddress: node?.address ?? '' };
      const rest = { minInSync: 1, offline: false, serving: node !== undefined, placedNodeIds: [] };
      const position =
        this.requests.isOn && this.requests.areReported
          ? { position: { history: this.requests.history, seq: this.#version } }
          : {};
      return { shard, epoch, ...whoIs, replicas, ...rest, ...position };
    });
    return { clusterId: this.clusterId, nodes, shards, placementVersion: 0 };
  }

  /**
   * `at`: a gone node whose address this one takes; default: any free address. `checksCluster`: false for a node
   * that serves requests which name another cluster.
   */
  async addNode({ at, checksCluster = true }: { at?: FakeNode; checksCluster?: boolean } = {}): Promise<FakeNode> {
    const node = new FakeNode(`node-${this.nodes.length + 1}`);
    const gate = new ClusterGate({ nodeId: node.id, clusterId: this.clusterId, logger: pino({ level: 'silent' }) });
    const add = (service: ServiceDefinition, handlers: UntypedServiceImplementation) => {
      const guarded = checksCluster ? gate.guard(service, handlers) : handlers;
      node.listening.server.addService(service, countingCalls(node, guarded));
    };
    const frames = new FrameServer();
    node.listening = await listen('127.0.0.1', 0, (socket) => {
      if (node.offersFrames) frames.serve(socket);
      else {
        node.cutOff += 1;
        socket.resetAndDestroy();
      }
    });
    add(keyValueService, this.#keyValueHandlers(node));
    add(clusterService, this.#clusterHandlers(node));
    const pipeline: FrameHandler = (accept) => {
      node.pipelines.frames += 1;
      servePipeline(accept, node.id, this.#unaryHandlers(node));
    };
    const judge: FrameGate['judge'] = (...named) => (checksCluster ? gate.judge(...named) : undefined);
    const handlers = {
      'kv.v1.KeyValue/Pipeline': pipeline,
      ...unaryHandlers(clusterService, this.#clusterHandlers(node)),
      ...fakeWatchHandlers(this.#watches(node)),
      [dumpShardRpc]: fakeDumpHandler((request, reply) => this.dump(node, request, reply)),
      [scanRpc]: fakeScanHandler((request, reply) => this.scan(node, request, reply)),
    };
    frames.goLive({ gate: { clusterId: this.clusterId, judge }, handlers });
    node.proxy = await TcpProxy.start(node.listening.port, at?.port);
    this.nodes.push(node);
    return node;
  }

  /** Moves the primary, or removes it with undefined, and notifies the watchers unless `quietly`. */
  setPrimary(node: FakeNode | undefined, quietly = false, shard = 0): void {
    const moved = this.#shards[shard]!;
    moved.primary = node === undefined ? -1 : this.nodes.indexOf(node);
    moved.epoch += 1;
    if (!quietly) this.announce();
  }

  /** The cluster executes something else, and recognises no request that names an earlier position. */
  forgetRequests(): void {
    this.#version += 1;
    this.requests.forgetBelow(this.#version);
  }

  announce(): void {
    for (const node of this.nodes) for (const watcher of node.watchers) watcher.send(this.#report);
  }

  /** Ends the process of a node. The others still report it. */
  async crashNode(node: FakeNode): Promise<void> {
    await node.proxy.close();
    await node.listening.shutDown(0);
  }

  async stopNode(node: FakeNode): Promise<void> {
    node.alive = false;
    await this.crashNode(node);
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) await this.stopNode(node);
  }

  /** Resolves when requests that match have arrived `count` times since the start. */
  async arrived(matches: (arrival: Arrival) => boolean, count = 1): Promise<void> {
    while (this.arrivals.filter(matches).length < count) await this.#nextArrival();
  }

  countOf(method: MethodName): number {
    return this.arrivals.filter((arrival) => arrival.method === method).length;
  }

  /** Resolves when a client watches the topology at this node. */
  async watched(node: FakeNode): Promise<void> {
    while (node.watchers.size === 0) await this.#nextArrival();
  }

  #nextArrival(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #tellArrival(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #handler<Request, Response>(
    node: FakeNode,
    method: MethodName,
    execute: (request: Request) => Response,
  ): handleUnaryCall<Request, Response> {
    return (call, callback) => {
      // Tests do not count the queries with which a client checks the cluster of each address.
      if ((call.request as GetTopologyRequest).withoutShards !== true)
        this.arrivals.push({ method, nodeId: node.id, request: call.request });
      const fate = this.judge(method, node, call.request);
      try {
        if (fate instanceof Error) throw fate;
        if (fate === 'hang') return;
        const response = execute(call.request);
        if (fate === 'executeThenLose') throw new KvError('OUTCOME_UNKNOWN', 'the answer was lost');
        if (fate === 'serve') callback(null, response);
      } catch (error) {
        callback(error instanceof KvError ? toStatus(error) : (error as ServiceError));
      } finally {
        this.#tellArrival();
      }
    };
  }

  #keyValueHandlers(node: FakeNode) {
    const handlers = this.#unaryHandlers(node);
    const Pipeline = (call: ServerDuplexStream<Buffer, Buffer>) => {
      node.pipelines.grpc += 1;
      call.sendMetadata(new Metadata());
      servePipeline((listener) => new GrpcServerStream(call, listener), node.id, handlers);
    };
    const Scan = (call: Parameters<typeof scanOverGrpc>[0]) =>
      scanOverGrpc(call, (request, reply) => this.scan(node, request, reply));
    return { ...handlers, Pipeline, Scan };
  }

  #unaryHandlers(node: FakeNode) {
    return {
      Get: this.#handler(node, 'Get', ({ key }: GetRequest) => {
        const found = this.values.get(key);
        const nodeId = this.#servingNodeId(key);
        if (found === undefined) return { found: false, value: Buffer.alloc(0), version: 0, nodeId };
        return { found: true, ...found, nodeId };
      }),
      Put: this.#handler(node, 'Put', ({ key, value, ifVersion, ...identified }: PutRequest) => {
        const nodeId = this.#servingNodeId(key);
        return this.#once(identified, () => {
          this.#checkVersion(key, ifVersion);
          this.#version += 1;
          this.values.set(key, { value: Buffer.from(value), version: this.#version });
          return { version: this.#version, nodeId };
        });
      }),
      Delete: this.#handler(node, 'Delete', ({ key, ifVersion, ...identified }: DeleteRequest) => {
        const nodeId = this.#servingNodeId(key);
        return this.#once(identified, () => {
          this.#checkVersion(key, ifVersion);
          const existed = this.values.delete(key);
          if (existed) this.#version += 1;
          return { existed, version: existed ? this.#version : 0, nodeId };
        });
      }),
    };
  }

  #clusterHandlers(node: FakeNode) {
    return {
      GetTopology: this.#handler(node, 'GetTopology', () => this.#report),
      WatchTopology: (call: Parameters<typeof watchOverGrpc>[0]) => watchOverGrpc(call, this.#watches(node)),
      DumpShard: (call: Parameters<typeof dumpOverGrpc>[0]) =>
        dumpOverGrpc(call, (request, reply) => this.dump(node, request, reply)),
      LocateKey: this.#handler(node, 'LocateKey', ({ key }: LocateKeyRequest) => locateKey(this.topology, key)),
      ListKeys: this.#handler(node, 'ListKeys', ({ shard }: ListKeysRequest) => {
        const primary = this.nodes[this.#shards[shard]!.primary] === node;
        return { keys: [], nextAfter: '', nodeId: node.id, primary, complete: true };
      }),
      GetNodeStatus: this.#handler(node, 'GetNodeStatus', () => {
        const common = { version: '0', uptimeMs: 1, zookeeper: 'connected', replicas: [], warnings: [], zone: '', weight: 1 };
        return { nodeId: node.id, address: node.address, ...common };
      }),
      ForcePrimary: this.#handler(node, 'ForcePrimary', () => {
        this.setPrimary(node);
        return { epoch: this.#shards[0]!.epoch, seqFloor: 2 ** 32 };
      }),
    };
  }

  /** Fields that only real nodes fill have their defaults on the wire. */
  get #report(): TopologyReport {
    return this.topology as TopologyReport;
  }

  #watches(node: FakeNode): FakeWatches {
    return {
      begin: (watcher) => {
        watcher.send(this.#report);
        node.watchers.add(watcher);
        this.#tellArrival();
      },
      end: (watcher) => node.watchers.delete(watcher),
    };
  }

  /** Nodes forward to the primary, as the contract says. */
  #servingNodeId(key: string): string {
    const primary = this.nodes[this.#shards[shardOfKey(key, this.#shards.length)]!.primary];
    if (primary === undefined || !primary.alive) throw new KvError('NO_PRIMARY', 'no primary is known');
    return primary.id;
  }

  #once<Response>(identified: IdentifiedRequest, judge: () => Response): Response {
    return this.requests.execute(identified, () => this.#version, judge);
  }

  #checkVersion(key: string, ifVersion: number | undefined): void {
    const currentVersion = this.values.get(key)?.version ?? 0;
    if (ifVersion === undefined || ifVersion === currentVersion) return;
    throw new KvError('VERSION_MISMATCH', `the key is at version ${currentVersion}`, { currentVersion });
  }
}

function countingCalls(node: FakeNode, handlers: UntypedServiceImplementation): UntypedServiceImplementation {
  const counting = Object.entries(handlers).map(([name, handler]) => {
    const counted = (...parameters: unknown[]): void => {
      node.grpcCalls += 1;
      (handler as (...passed: unknown[]) => void)(...parameters);
    };
    return [name, counted as UntypedHandleCall];
  });
  return Object.fromEntries(counting);
}
