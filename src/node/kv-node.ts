/**
 * One storage node: starts its parts in order, and takes them down again.
 *
 * Starting: ZooKeeper, the ports, the cluster's configuration, the data, and only then the registrations that make other nodes use
 * this one. A planned stop goes the other way round: first the shards (R12, R13), then the registrations, then the calls that are
 * being answered, then the ports, and last the data.
 */
import { type ClusterConfig, type Coordinator, connectCoordinator } from '../coordination/index.js';
import { type ClusterFormat, supportedFormats } from '../formats.js';
import { framesVersion, TurnEnd } from '../transport/index.js';
import { packageVersion } from '../version.js';
import { agreeOnCluster } from './cluster/agree-on-cluster.js';
import { ClusterEvents } from './cluster/cluster-events.js';
import { followFormat } from './cluster/follow-format.js';
import { refuseIdInUse } from './cluster/id-in-use.js';
import type { Readiness } from './cluster/readiness.js';
import { type BegunData, beginData } from './data/begin-data.js';
import { type OpenedData, openData } from './data/open-data.js';
import { NodeParts } from './node-parts.js';
import type { NodeOptions } from './options.js';
import { Endpoints } from './services/endpoints.js';

/** A start fails if ZooKeeper cannot be reached within this time. */
const startupTimeoutMs = 10_000;
/** Calls that are being answered have this long to finish. */
const shutdownPatienceMs = 2_000;
/** A node that leaves looks this often whether its shards are elsewhere. */
const lookAgainMs = 20;

export class KvNode {
  readonly id: string;
  /** host:port, as other nodes and clients reach it. */
  readonly address: string;
  /** Resolves when the node has ended: with the error, unless `stop` ended it. */
  readonly closed: Promise<Error | undefined>;
  readonly #options: NodeOptions;
  readonly #coordinator: Coordinator;
  readonly #endpoints: Endpoints;
  readonly #opened: OpenedData;
  readonly #parts: NodeParts;
  #resolveClosed: (error: Error | undefined) => void = () => {};
  /** It holds no copy any more, and is not to return. */
  #hasLeft = false;
  #closing: Promise<void> | undefined;

  /**
   * Resolves once the node is registered and listens; it is in sync some time later. While ZooKeeper holds no cluster it waits.
   * @throws KvError COORDINATION_UNAVAILABLE, CONFIG_MISMATCH, UNSUPPORTED_FORMAT, ADDRESS_UNAVAILABLE, DATA_UNAVAILABLE
   */
  static async start(options: NodeOptions): Promise<KvNode> {
    const { zk, root, sessionMs, dataDir, formats = supportedFormats, diskCalls, logger } = options;
    const begun = options.begun ?? (dataDir === undefined ? undefined : await beginData(dataDir, diskCalls));
    const events = new ClusterEvents();
    let coordinator: Coordinator | undefined;
    let node: KvNode;
    try {
      coordinator = await connectCoordinator({ connect: zk, root, sessionMs, startupTimeoutMs, formats, logger }, events);
      node = await KvNode.#build(options, begun, events, coordinator);
    } catch (error) {
      await coordinator?.close();
      await begun?.folder.close(false);
      throw error;
    }
    await node.#register();
    return node;
  }

  static async #build(
    options: NodeOptions,
    begun: BegunData | undefined,
    events: ClusterEvents,
    coordinator: Coordinator,
  ): Promise<KvNode> {
    const endpoints = await Endpoints.open(options);
    const folder = begun?.folder;
    try {
      // Data belongs to its node, wherever that listens.
      const id = options.id ?? folder?.identity?.nodeId ?? endpoints.address;
      await refuseIdInUse(coordinator, id, endpoints.address, folder?.identity && folder.path);
      // The configuration that is agreed on stays, for this cluster, for good. What fails after it concerns the data of this node.
      const config = await agreeOnCluster(options, folder, coordinator);
      const format = followFormat(options.formats ?? supportedFormats, config, events, folder);
      const turn = new TurnEnd();
      const opened = await openData(begun, id, config, options, coordinator.editions, turn, format);
      return new KvNode(id, options, config, format, opened, turn, events, coordinator, endpoints);
    } catch (error) {
      await endpoints.abort();
      throw error;
    }
  }

  private constructor(
    id: string,
    options: NodeOptions,
    config: ClusterConfig,
    format: ClusterFormat,
    opened: OpenedData,
    turn: TurnEnd,
    events: ClusterEvents,
    coordinator: Coordinator,
    endpoints: Endpoints,
  ) {
    this.id = id;
    this.address = endpoints.address;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#options = options;
    this.#coordinator = coordinator;
    this.#endpoints = endpoints;
    this.#opened = opened;
    this.#parts = new NodeParts({ nodeId: id, options, config, format, ...opened, turn, events, coordinator, endpoints });
    const { services, lifecycle } = this.#parts;
    endpoints.goLive(services.implementations, services.frames, services.gatewayParts);
    void lifecycle.failure.then((error) => this.#fail(error));
  }

  /** Whether it is in sync everywhere it should be; false from when it begins to stop. */
  get readiness(): Readiness {
    return this.#parts.view.readiness;
  }

  /** Whether a call of the disk does not end. A normal exit of the process would wait for it. */
  get diskHangs(): boolean {
    return this.#opened.data.hangs;
  }

  /**
   * A planned stop: hands every shard over or, if this node has the last copy of it, ends its history (R12, R13). Takes about
   * `stopDeadlineMs` at most. Idempotent; never rejects.
   *
   * A node that `returns` keeps its place: its shards have a copy less until it is back, and get another one as if it had
   * vanished. It leaves even if it holds the only copy of a shard.
   */
  async stop({ returns = false }: { returns?: boolean } = {}): Promise<void> {
    const { lifecycle, health, shards, logger } = this.#parts;
    if (lifecycle.isStopping) return this.closed.then(() => {});
    lifecycle.stopping();
    health.judge();
    this.#endpoints.drain();
    const { stopDeadlineMs } = this.#options;
    const deadlineMs = performance.now() + stopDeadlineMs;
    if (!returns || shards.wouldEndData) await this.#leave(deadlineMs - stopDeadlineMs / 2);
    this.#hasLeft = !returns && shards.held.length === 0;
    const unclean = await shards.stop(deadlineMs);
    if (unclean > 0) logger.warn({ shards: unclean }, 'stopped at the deadline, before every shard could be handed over');
    await this.#close(undefined);
    logger.info('stopped');
  }

  /**
   * Other nodes get a full set of copies of this node's shards while it still serves them (R15): a shard with one copy would end
   * with this node. If there is no other node, or no time, the stop itself hands over the shards that it can (R12).
   */
  async #leave(untilMs: number): Promise<void> {
    const { cluster, shards, logger } = this.#parts;
    this.#coordinator.announceLeave().catch((error: unknown) => {
      logger.debug({ err: error }, 'the leave could not be announced in ZooKeeper; this node counts as one that vanished');
    });
    const othersStay = (): boolean => cluster.nodes.some(({ nodeId, leaving }) => nodeId !== this.id && leaving !== true);
    const mayWait = (): boolean =>
      this.#closing === undefined && this.#coordinator.session === 'connected' && othersStay() && performance.now() < untilMs;
    while (cluster.placement !== undefined && shards.held.length > 0 && mayWait())
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
  }

  async #register(): Promise<void> {
    const { lifecycle, health, config, format, shards, ownAddress, logger } = this.#parts;
    const { id: nodeId, address } = this;
    const { httpAddress } = this.#endpoints;
    const { zone, weight } = this.#options;
    const versions = { framesVersion, kvnodeVersion: packageVersion(), formats: format.supported };
    try {
      await this.#coordinator.registerNode({ nodeId, address, httpAddress, zone, weight, ...versions });
      lifecycle.registered();
      shards.registered();
      health.judge();
    } catch (error) {
      await this.#close(error as Error);
      throw error;
    }
    logger.info({ address, http: httpAddress, clusterId: config.clusterId, format: format.inUse }, 'listening');
    ownAddress.start();
  }

  #fail(error: Error): void {
    if (this.#closing !== undefined) return;
    this.#parts.logger.fatal({ err: error }, 'the node stops');
    void this.#close(error);
  }

  #close(error: Error | undefined): Promise<void> {
    this.#closing ??= this.#takeDown(error);
    return this.#closing;
  }

  async #takeDown(error: Error | undefined): Promise<void> {
    const parts = this.#parts;
    parts.closeControl();
    await this.#opened.editions?.close({ clean: error === undefined, hasLeft: this.#hasLeft });
    await this.#coordinator.close();
    if (error === undefined) await parts.services.whenDrained();
    parts.closeServices();
    await this.#endpoints.close(error === undefined ? shutdownPatienceMs : 0);
    parts.services.closeForwarding();
    const failure = await this.#opened.data.close(error === undefined).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    this.#resolveClosed(error ?? failure);
  }
}
