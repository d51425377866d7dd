/**
 * One storage node: puts the parts together, starts them in order, and takes them down again.
 *
 * Starting: ZooKeeper and the cluster's configuration, the listening socket, and only then the registrations that tell
 * others about it. A planned stop goes the other way round: the data first (R12, R13), then the registrations, then the
 * calls that are still being answered, then the socket.
 */
import type { Server } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { joinAddress, parseAddress } from '../config/index.js';
import { Controller } from '../controller/index.js';
import {
  type Candidate,
  type ClusterConfig,
  type ConfigConflict,
  type Coordinator,
  connectCoordinator,
  type NodeRegistration,
  proposedConfig,
  type VersionedPlacement,
} from '../coordination/index.js';
import { KvError } from '../errors.js';
import type { Gateway } from '../gateway/index.js';
import { NodeMetrics } from '../metrics/index.js';
import { defaultMaxMemoryBytes, divideMemory } from './capacity/memory-budget.js';
import { refuseIdInUse } from './cluster/id-in-use.js';
import { NodeView } from './cluster/node-view.js';
import { OwnAddress } from './cluster/own-address.js';
import type { Readiness } from './cluster/readiness.js';
import { TopologyPublisher } from './cluster/topology-publisher.js';
import { Descriptors } from './descriptors.js';
import { announce, type Listening, listen, shutDown } from './listen.js';
import { openGateway } from './node-gateway.js';
import { grpcServices, NodeServices } from './node-services.js';
import type { NodeOptions } from './options.js';
import { NodeShards } from './shards/node-shards.js';
import { ToolServices } from './tools/tool-services.js';

const startupTimeoutMs = 10_000;
/**
 * A new node founds a cluster after so many of its ZooKeeper sessions without one. Nodes that know a cluster which ZooKeeper has
 * lost notice the loss within one, and write it back.
 */
const sessionsBeforeFounding = 1.5;
const shutdownPatienceMs = 2_000;
/** Between two looks whether the shards of a node that leaves are elsewhere. */
const lookAgainMs = 20;
/** News of replicas, nodes and placement change at once how healthy the node is; time alone changes it this late. */
const judgeHealthMs = 1_000;
/** Judging looks at every shard. News that come earlier after the last judgement than so many times its duration wait for the next. */
const judgeHealthRest = 9;

/** Of a logger whose lines nobody follows: in programs that start nodes of their own. */
const noLosses = { droppedLines: 0, problem: undefined };

/** What listens. */
interface WaysIn extends Pick<Listening, 'server' | 'connections'> {
  readonly tools: ToolServices;
  readonly gateway: Gateway | undefined;
}

export class KvNode {
  readonly id: string;
  /** host:port, as others reach it. */
  readonly address: string;
  /** Resolves when the node has ended; with the error if it was not asked to. */
  readonly closed: Promise<Error | undefined>;
  readonly #options: NodeOptions;
  readonly #config: ClusterConfig;
  readonly #coordinator: Coordinator;
  readonly #server: Server;
  readonly #gateway: Gateway | undefined;
  readonly #logger: Logger;
  readonly #shards: NodeShards;
  readonly #services: NodeServices;
  readonly #news: TopologyPublisher;
  readonly #controller: Controller;
  readonly #tools: ToolServices;
  readonly #metrics: NodeMetrics;
  readonly #descriptors: Descriptors;
  readonly #judgingHealth: NodeJS.Timeout;
  readonly #view: NodeView;
  readonly #ownAddress: OwnAddress;
  #stopping = false;
  #healthRestsUntilMs = 0;
  #resolveClosed: (error: Error | undefined) => void = () => {};
  #closing: Promise<void> | undefined;

  /**
   * Resolves once the node is registered and listens; it is in sync some time later. Where ZooKeeper holds no cluster it waits.
   * @throws KvError COORDINATION_UNAVAILABLE, CONFIG_MISMATCH, ADDRESS_UNAVAILABLE
   */
  static async start(options: NodeOptions): Promise<KvNode> {
    const { zk, root, sessionMs, logger } = options;
    let node: KvNode | undefined;
    const tell = (what: (started: KvNode) => void): void => {
      if (node !== undefined) what(node);
    };
    const coordinator = await connectCoordinator(
      { connect: zk, root, sessionMs, startupTimeoutMs, logger },
      {
        onSession: (status) => tell((started) => started.#onSession(status === 'connected')),
        onState: (shard, reading) => tell((started) => started.#shards.onState(shard, reading)),
        onCandidates: (shard, candidates) => tell((started) => started.#onCandidates(shard, candidates)),
        onNodes: (nodes, version) => tell((started) => started.#onNodes(nodes, version)),
        onPlacement: (read) => tell((started) => started.#onPlacement(read)),
        onConflict: (conflict) => tell((started) => started.#onConflict(conflict)),
        onFatal: (error) => tell((started) => started.#fail(error)),
      },
    );
    try {
      const listening = await listen(options.host, options.port);
      let gateway: Gateway | undefined;
      try {
        const address = options.advertise ?? joinAddress(options.host, listening.port);
        const goLive = announce(listening.server, grpcServices);
        const tools = new ToolServices(listening.server);
        gateway = await openGateway(options, () => (node === undefined ? undefined : node.#services.gatewayParts));
        await refuseIdInUse(coordinator, options.id ?? address, address);
        // Last of all that may fail: what is agreed on stays, for this cluster, for good.
        const foundAfterMs = options.join ? Number.POSITIVE_INFINITY : sessionsBeforeFounding * sessionMs;
        const config = await coordinator.agreeOnConfig(proposedConfig(options), foundAfterMs);
        node = new KvNode(options, config, coordinator, { ...listening, tools, gateway }, address);
        goLive(node.#services.implementations);
      } catch (error) {
        listening.server.forceShutdown();
        await gateway?.close();
        throw error;
      }
    } catch (error) {
      await coordinator.close();
      throw error;
    }
    await node.#register();
    return node;
  }

  private constructor(
    options: NodeOptions,
    config: ClusterConfig,
    coordinator: Coordinator,
    { server, connections, tools, gateway }: WaysIn,
    address: string,
  ) {
    this.id = options.id ?? address;
    this.address = address;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#options = options;
    this.#config = config;
    this.#coordinator = coordinator;
    this.#server = server;
    this.#metrics = new NodeMetrics(() => this.#view.metrics);
    this.#tools = tools;
    this.#judgingHealth = setInterval(() => this.#judgeHealth(), judgeHealthMs);
    this.#gateway = gateway;
    this.#logger = options.logger.child({ node: this.id });
    this.#ownAddress = new OwnAddress({ address, logger: this.#logger });
    const { replaceAfterMs } = options;
    this.#controller = new Controller({ nodeId: this.id, config, replaceAfterMs, coordinator, logger: this.#logger });
    const memory = divideMemory(options.maxMemory ?? defaultMaxMemoryBytes(), config.shards);
    this.#news = new TopologyPublisher((changes) => {
      if (performance.now() >= this.#healthRestsUntilMs) this.#judgeHealth();
      return this.#services.topologyChanged(changes);
    });
    this.#shards = new NodeShards({
      ...{ nodeId: this.id, address, config, coordinator, memory, logger: this.#logger },
      ...{ moveRate: options.moveRate, sessionMs: options.sessionMs },
      onChange: (shard) => this.#news.shardChanged(shard),
      onMoved: (direction) => this.#metrics.shardMoved(direction),
      onFailed: (error) => this.#fail(error),
    });
    const { zone, weight, log = noLosses } = options;
    this.#descriptors = new Descriptors(this.#logger);
    this.#view = new NodeView({
      ...{ nodeId: this.id, address, zone, weight, config, coordinator, memory, shards: this.#shards },
      ...{ log, descriptors: this.#descriptors },
      isStopping: () => this.#stopping || this.#closing !== undefined,
      traffic: () => ({ grpcConnections: connections(), ...this.#services.traffic }),
    });
    this.#services = new NodeServices({
      ...{ nodeId: this.id, config, maxValueBytes: options.maxValueBytes, memory },
      ...{ shards: this.#shards, view: this.#view, metrics: this.#metrics, logger: this.#logger },
      probed: (token) => this.#ownAddress.received(token),
      untold: () => this.#news.untold,
    });
  }

  /** Whether it is in sync everywhere it should be; not any more from when it begins to stop. */
  get readiness(): Readiness {
    return this.#view.readiness;
  }

  /**
   * A planned stop: hands every shard over or, where this is its last copy, ends its history (R12, R13). Takes at most
   * about `stopDeadlineMs`. Idempotent; never rejects.
   *
   * One that `returns` keeps its place: its shards have a copy less until it is back, and are replaced as those of one that
   * vanished. Where it holds the only copy of a shard it leaves all the same.
   */
  async stop({ returns = false }: { returns?: boolean } = {}): Promise<void> {
    if (this.#stopping || this.#closing !== undefined) return this.closed.then(() => {});
    this.#stopping = true;
    this.#judgeHealth();
    this.#gateway?.drain();
    const { stopDeadlineMs } = this.#options;
    const deadlineMs = performance.now() + stopDeadlineMs;
    if (!returns || this.#shards.isOnlyCopy) await this.#leave(deadlineMs - stopDeadlineMs / 2);
    const left = await this.#shards.stop(deadlineMs);
    if (left > 0) this.#logger.warn({ shards: left }, 'stopped at the deadline, before every shard could be handed over');
    await this.#close(undefined);
    this.#logger.info('stopped');
  }

  /**
   * Its shards get their full set elsewhere while it still serves them (R15): what has one copy only would end with it. Where
   * there is nobody to give them to, or no time, the stop itself hands over what it can (R12).
   */
  async #leave(untilMs: number): Promise<void> {
    this.#coordinator.announceLeave().catch((error: unknown) => {
      this.#logger.debug({ err: error }, 'ZooKeeper could not be told of the leave; it counts as one who vanished');
    });
    const othersStay = (): boolean => this.#view.nodes.some(({ nodeId, leaving }) => nodeId !== this.id && leaving !== true);
    const mayWait = (): boolean =>
      this.#closing === undefined && this.#coordinator.session === 'connected' && othersStay() && performance.now() < untilMs;
    while (this.#view.placement !== undefined && this.#shards.held.length > 0 && mayWait())
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
  }

  /** host:port, as others reach it. */
  get #httpAddress(): string | undefined {
    if (this.#gateway === undefined) return undefined;
    return joinAddress(parseAddress(this.address, '--advertise').host, this.#gateway.port);
  }

  async #register(): Promise<void> {
    const { zone, weight } = this.#options;
    try {
      await this.#coordinator.registerNode({
        nodeId: this.id,
        address: this.address,
        httpAddress: this.#httpAddress,
        zone,
        weight,
      });
      this.#view.registered();
      this.#judgeHealth();
    } catch (error) {
      await this.#close(error as Error);
      throw error;
    }
    this.#logger.info({ address: this.address, http: this.#httpAddress, clusterId: this.#config.clusterId }, 'listening');
    this.#ownAddress.start();
  }

  #judgeHealth(): void {
    const beganMs = performance.now();
    const live = this.#view.isLive;
    this.#tools.tell({ live, ready: live && this.readiness.ready });
    const endedMs = performance.now();
    this.#healthRestsUntilMs = endedMs + judgeHealthRest * (endedMs - beganMs);
  }

  #onSession(connected: boolean): void {
    this.#logger.info({ connected }, 'ZooKeeper session');
    if (!connected) this.#metrics.zookeeperSuspended();
    this.#controller.onSession(connected);
    this.#shards.onSession(connected);
  }

  #onCandidates(shard: number, candidates: readonly Candidate[]): void {
    if (this.#shards.onCandidates(shard, candidates)) this.#news.shardChanged(shard);
  }

  #onNodes(nodes: readonly NodeRegistration[], version: number): void {
    this.#view.learnNodes(nodes, version);
    this.#controller.onNodes(nodes);
    this.#shards.onNodes(nodes);
    this.#news.clusterChanged();
  }

  #onPlacement(read: VersionedPlacement | undefined): void {
    // One that ZooKeeper has lost still says where the data is: the controller writes it again.
    if (read !== undefined) this.#view.learnPlacement(read.placement);
    this.#controller.onPlacement(read);
    this.#shards.onPlacement(read?.placement);
    this.#news.clusterChanged();
    for (let shard = 0; shard < this.#config.shards; shard++) this.#news.shardChanged(shard);
  }

  /** The data is kept, and replication goes on as while ZooKeeper is away: what ends is the service. */
  #onConflict(conflict: ConfigConflict | undefined): void {
    this.#services.refuseAll(conflict && new KvError('NO_PRIMARY', conflict.message));
    this.#judgeHealth();
  }

  #fail(error: Error): void {
    if (this.#closing !== undefined) return;
    this.#logger.fatal({ err: error }, 'the node stops');
    void this.#close(error);
  }

  #close(error: Error | undefined): Promise<void> {
    this.#closing ??= this.#takeDown(error);
    return this.#closing;
  }

  async #takeDown(error: Error | undefined): Promise<void> {
    clearInterval(this.#judgingHealth);
    this.#ownAddress.close();
    this.#tools.tell({ live: false, ready: false });
    this.#controller.close();
    await this.#coordinator.close();
    if (error === undefined) await this.#services.whenDrained();
    this.#services.close();
    this.#tools.close();
    this.#metrics.close();
    this.#descriptors.close();
    this.#news.close();
    this.#shards.close();
    await Promise.all([shutDown(this.#server, error === undefined ? shutdownPatienceMs : 0), this.#gateway?.close()]);
    this.#services.closeForwarding();
    this.#resolveClosed(error);
  }
}
