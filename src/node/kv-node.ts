/**
 * One storage node: puts the parts together, starts them in order, and takes them down again.
 *
 * Starting: ZooKeeper and the cluster's configuration, the listening socket, and only then the registrations that tell
 * others about it. A planned stop goes the other way round: the data first (R12, R13), then the registrations, then the
 * calls that are still being answered, then the socket.
 */
import { randomUUID } from 'node:crypto';
import type { Server, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { Controller } from '../controller/index.js';
import {
  type ClusterConfig,
  type Coordinator,
  connectCoordinator,
  type NodeRegistration,
  type VersionedPlacement,
} from '../coordination/index.js';
import { clusterServiceWithRawKeys, keyValueServiceWithRawKeys, replicationService } from '../rpc/proto.js';
import { formatVersion } from '../rpc/replication-codec.js';
import { ClusterServer } from './cluster-server.js';
import { Forwarder } from './forwarder.js';
import { refuseIdInUse } from './id-in-use.js';
import { KeyValueServer } from './key-value-server.js';
import { announce, listen, shutDown } from './listen.js';
import { LocalShard } from './local-shard.js';
import { costOfData } from './memory/data-account.js';
import { defaultMaxMemoryBytes, divideMemory, type MemoryBudget } from './memory/memory-budget.js';
import { NodeShard } from './node-shard.js';
import { describeNode } from './node-status.js';
import type { NodeOptions } from './options.js';
import { PeerLinks } from './peer-links.js';
import { PipelineServer } from './pipeline-server.js';
import { ReplicationServer } from './replication-server.js';
import { Stripes } from './stripes.js';
import { describeTopology } from './topology.js';

/** There is one shard; every message and every znode names it all the same. */
const onlyShard = 0;
const startupTimeoutMs = 10_000;
/** A call without a deadline of its own. */
const defaultDeadlineMs = 10_000;
/** After a handover clients learn of the new primary and leave: so long without a call counts as left. */
const quietBeforeShutdownMs = 100;
const maxQuietWaitMs = 1_000;
const shutdownPatienceMs = 2_000;

const services = { keyValue: keyValueServiceWithRawKeys, cluster: clusterServiceWithRawKeys, replication: replicationService };

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
  readonly #logger: Logger;
  readonly #memory: MemoryBudget;
  readonly #links: PeerLinks;
  readonly #replication: ReplicationServer;
  readonly #shard: NodeShard;
  readonly #keyValue: KeyValueServer;
  readonly #pipeline: PipelineServer;
  readonly #cluster: ClusterServer;
  readonly #controller: Controller;
  readonly #forwarder = new Forwarder();
  readonly #startedMs = performance.now();
  #nodes: readonly NodeRegistration[] = [];
  #stopping = false;
  #resolveStopped: (clean: boolean) => void = () => {};
  #resolveClosed: (error: Error | undefined) => void = () => {};
  #closing: Promise<void> | undefined;

  /**
   * Resolves once the node is registered and listens; it is in sync some time later.
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
        onState: (_shard, read) => tell((started) => started.#shard.onState(read)),
        onCandidates: (_shard, candidates) => tell((started) => started.#onCandidates(candidates)),
        onNodes: (nodes) => tell((started) => started.#onNodes(nodes)),
        onPlacement: (read) => tell((started) => started.#onPlacement(read)),
        onFatal: (error) => tell((started) => started.#fail(error)),
      },
    );
    try {
      const listening = await listen(options.host, options.port);
      try {
        const address = options.advertise ?? `${options.host}:${listening.port}`;
        const goLive = announce(listening.server, services);
        await refuseIdInUse(coordinator, options.id ?? address, address);
        // Last of all that may fail: what is agreed on stays, for this cluster, for good.
        const config = await coordinator.agreeOnConfig(configOf(options));
        node = new KvNode(options, config, coordinator, listening.server, address);
        goLive(node.#implementations);
      } catch (error) {
        listening.server.forceShutdown();
        throw error;
      }
    } catch (error) {
      await coordinator.close();
      throw error;
    }
    await node.#register();
    return node;
  }

  private constructor(options: NodeOptions, config: ClusterConfig, coordinator: Coordinator, server: Server, address: string) {
    this.id = options.id ?? address;
    this.address = address;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#options = options;
    this.#config = config;
    this.#coordinator = coordinator;
    this.#server = server;
    this.#logger = options.logger.child({ node: this.id });
    const { replaceAfterMs } = options;
    this.#controller = new Controller({ nodeId: this.id, config, replaceAfterMs, coordinator, logger: this.#logger });
    this.#memory = divideMemory(options.maxMemory ?? defaultMaxMemoryBytes());
    const { maxPendingBytes, maxPipelines } = this.#memory;
    this.#links = new PeerLinks(config.clusterId);
    this.#replication = new ReplicationServer(config.clusterId, (shard) => (shard === onlyShard ? this.#shard : undefined));
    this.#shard = new NodeShard({
      ...{ links: this.#links, server: this.#replication },
      ...{ shard: onlyShard, nodeId: this.id, config, coordinator, logger: this.#logger, memory: this.#memory },
      onChange: () => this.#onChange(),
      onStopped: (clean) => this.#resolveStopped(clean),
      onFailed: (error) => this.#fail(error),
    });
    const { maxValueBytes } = options;
    const shared = {
      ...{ nodeId: this.id, maxValueBytes, logger: this.#logger },
      local: new LocalShard(this.#shard.host, new Stripes(), this.#shard.admission),
      isOffline: () => this.#shard.host.snapshot.offline,
      primaryElsewhere: () => this.#primaryElsewhere(),
    };
    this.#keyValue = new KeyValueServer({ ...shared, defaultDeadlineMs, maxPendingBytes, forwarder: this.#forwarder });
    this.#pipeline = new PipelineServer({ ...shared, maxPipelines });
    this.#cluster = new ClusterServer({
      topology: () => this.#describeTopology(),
      nodeStatus: () => this.#describeNode(),
      force: (sink) => this.#shard.host.handle({ type: 'force', token: sink }),
    });
  }

  /**
   * A planned stop: hands the shard over or, where this is its last copy, ends its history (R12, R13). Takes at most
   * about `stopDeadlineMs`. Idempotent; never rejects.
   */
  async stop(): Promise<void> {
    if (this.#stopping || this.#closing !== undefined) return this.closed.then(() => {});
    this.#stopping = true;
    // Its shards get their copies elsewhere from now on, instead of after a wait that is meant for a crash.
    this.#coordinator.announceLeave().catch((error: unknown) => {
      this.#logger.debug({ err: error }, 'ZooKeeper could not be told of the leave; it counts as one who vanished');
    });
    const stopped = new Promise<boolean>((resolve) => {
      this.#resolveStopped = resolve;
    });
    this.#coordinator.announceStop(onlyShard).catch((error: unknown) => {
      this.#logger.debug({ err: error }, 'the others could not be told through ZooKeeper; beacons tell them');
    });
    this.#shard.host.handle({ type: 'stop', deadlineMs: performance.now() + this.#options.stopDeadlineMs });
    const clean = await stopped;
    if (!clean) this.#logger.warn('stopped at the deadline, before the shard could be handed over');
    await this.#close(undefined);
    this.#logger.info('stopped');
  }

  get #implementations(): Readonly<Record<keyof typeof services, UntypedServiceImplementation>> {
    return {
      keyValue: { ...this.#keyValue.implementation, Pipeline: this.#pipeline.handler },
      cluster: this.#cluster.implementation,
      replication: this.#replication.implementation,
    };
  }

  async #register(): Promise<void> {
    const { zone, weight } = this.#options;
    try {
      await this.#coordinator.registerNode({ nodeId: this.id, address: this.address, zone, weight });
      await this.#coordinator.registerCandidate(onlyShard, {
        ...{ replicaId: this.#shard.replicaId, nodeId: this.id, address: this.address, stopping: false },
        dataLimitBytes: this.#memory.dataBytes,
      });
    } catch (error) {
      await this.#close(error as Error);
      throw error;
    }
    this.#logger.info({ address: this.address, clusterId: this.#config.clusterId }, 'listening');
  }

  #primaryElsewhere(): string | undefined {
    const [shard] = this.#describeTopology().shards;
    return shard?.primaryAddress && shard.primaryAddress !== this.address ? shard.primaryAddress : undefined;
  }

  #describeTopology() {
    const { clusterId, minInSync } = this.#config;
    const { candidates, host } = this.#shard;
    const held = [{ shard: onlyShard, candidates, replica: host.snapshot }];
    return describeTopology({ clusterId, shardCount: 1, minInSync, nodes: this.#nodes, placement: undefined, held });
  }

  #describeNode() {
    const { host } = this.#shard;
    return describeNode({
      ...{ nodeId: this.id, address: this.address, minInSync: this.#config.minInSync },
      uptimeMs: performance.now() - this.#startedMs,
      session: this.#coordinator.session,
      held: [{ shard: onlyShard, replica: host.snapshot, keys: host.storage.keyCount, dataBytes: costOfData(host.storage) }],
      ...{ memoryBytes: process.memoryUsage.rss(), maxMemoryBytes: this.#memory.maxMemoryBytes },
      dataLimitBytes: this.#memory.dataBytes,
    });
  }

  #onSession(connected: boolean): void {
    this.#logger.info({ connected }, 'ZooKeeper session');
    this.#controller.onSession(connected);
    this.#shard.host.handle({ type: 'session', connected });
  }

  #onCandidates(candidates: Parameters<NodeShard['onCandidates']>[0]): void {
    this.#shard.onCandidates(candidates);
    this.#cluster.changed();
  }

  #onNodes(nodes: readonly NodeRegistration[]): void {
    this.#nodes = nodes;
    this.#controller.onNodes(nodes);
    this.#cluster.changed();
  }

  /** Not told to clients yet: as long as every node holds every shard, nothing is where it says. */
  #onPlacement(read: VersionedPlacement | undefined): void {
    this.#controller.onPlacement(read);
  }

  /** The core is in the middle of a step: watchers are told when it is over. */
  #onChange(): void {
    setImmediate(() => this.#cluster.changed());
  }

  #fail(error: Error): void {
    if (this.#closing !== undefined) return;
    this.#logger.fatal({ err: error }, 'the node stops');
    this.#resolveStopped(false);
    void this.#close(error);
  }

  #close(error: Error | undefined): Promise<void> {
    this.#closing ??= this.#takeDown(error);
    return this.#closing;
  }

  async #takeDown(error: Error | undefined): Promise<void> {
    this.#controller.close();
    await this.#coordinator.close();
    if (error === undefined) await this.#waitUntilQuiet();
    this.#keyValue.close();
    this.#pipeline.close();
    this.#cluster.close();
    this.#shard.close();
    this.#links.close();
    this.#replication.close();
    await shutDown(this.#server, error === undefined ? shutdownPatienceMs : 0);
    this.#forwarder.close();
    this.#resolveClosed(error);
  }

  /** Clients have been told who is primary now; those on their way are still forwarded. */
  async #waitUntilQuiet(): Promise<void> {
    const deadline = performance.now() + maxQuietWaitMs;
    while (performance.now() < deadline) {
      const pending = this.#keyValue.pending + this.#pipeline.pending;
      const quietMs = Math.min(this.#keyValue.quietMs, this.#pipeline.quietMs);
      const waitMs = pending > 0 ? quietBeforeShutdownMs : quietBeforeShutdownMs - quietMs;
      if (waitMs <= 0) return;
      await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, deadline - performance.now())));
    }
  }
}

function configOf({ replicas, vnodes, minInSync, beaconMs, leaseMs, graceMs }: NodeOptions): ClusterConfig {
  return { formatVersion, clusterId: randomUUID(), shards: 1, replicas, vnodes, minInSync, beaconMs, leaseMs, graceMs };
}
