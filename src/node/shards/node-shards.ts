/**
 * The shards of a node: the replicas that it holds, from the placement on it until the core releases them.
 *
 * A replica exists from when the placement names this node until the core reports that its copy is not needed any more (R15). A
 * replica of an earlier process, whose data was found, exists from the start, wherever the placement says that its shard is to be.
 * While a new cluster has no placement, no node holds a shard: its primary would have to move as soon as there is a placement.
 */
import type { Logger } from 'pino';
import type { Candidate, ClusterConfig, Coordinator, StateReading, VersionedPlacement } from '../../coordination/index.js';
import { LogThrottle } from '../../logging/log-throttle.js';
import type { Placement } from '../../placement/index.js';
import type { CoreStatus } from '../../replication/index.js';
import type { TurnEnd } from '../../transport/index.js';
import type { NodeAccount } from '../capacity/node-account.js';
import type { NodeData, RecoveredShard } from '../data/node-data.js';
import type { NodePeers } from '../peers/node-peers.js';
import { type ExpiryCounts, NodeShard } from './node-shard.js';
import { PerShardQueue } from './per-shard-queue.js';
import { PlannedStop } from './planned-stop.js';
import { SilentDatabase } from './silent-database.js';
import { SweepTurns } from './sweep-turns.js';
import { Ticker } from './ticker.js';

export interface NodeShardsOptions {
  readonly nodeId: string;
  readonly address: string;
  readonly config: ClusterConfig;
  readonly data: NodeData;
  readonly account: NodeAccount;
  readonly peers: Pick<NodePeers, 'cluster' | 'links' | 'server'>;
  readonly coordinator: Coordinator;
  /** How long the database may give no answer before this node hands over the shards that it leads. */
  readonly stateTimeoutMs: number;
  readonly turn: TurnEnd;
  readonly expiryCounts: ExpiryCounts;
  readonly logger: Logger;
  /** The topology of a shard may have changed, as far as it shows here. */
  onChange(shard: number): void;
  /** A replica is held from now on, or given up because it is held elsewhere. */
  onMoved(direction: 'in' | 'out'): void;
  /** The node must end. */
  onFailed(error: Error): void;
}

/** Time between two judgements whether the data fits into the memory of every node that holds it. */
const judgeMs = 1_000;
/** Shards that register, withdraw or announce a stop at the same time: ZooKeeper has other clients to answer, too. */
const maxRequests = 64;
/**
 * In a new cluster the preferred primary of a shard registers this long before the other nodes of the shard: all of them read
 * the placement at about the same time.
 */
const preferredHeadStartMs = 500;

export class NodeShards {
  readonly shardCount: number;
  readonly #options: NodeShardsOptions;
  readonly #ticker: Ticker;
  readonly #sweepTurns = new SweepTurns();
  readonly #logThrottle: LogThrottle;
  /** By number; empty where this node holds no copy. */
  readonly #shards: (NodeShard | undefined)[];
  /** Registrations and withdrawals of replicas, in order. */
  readonly #registering: PerShardQueue;
  readonly #judging: NodeJS.Timeout;
  #placement: Placement | undefined;
  /** This node has read ZooKeeper before there was a placement. */
  #isNewCluster = false;
  #headStart: NodeJS.Timeout | undefined;
  #plannedStop: PlannedStop<NodeShard> | undefined;
  #closed = false;
  readonly #silentDatabase: SilentDatabase;
  #isImpaired = false;

  constructor(options: NodeShardsOptions) {
    const { config, logger } = options;
    this.shardCount = config.shards;
    this.#options = options;
    this.#ticker = new Ticker(config.beaconMs, config.shards, options.turn);
    this.#logThrottle = new LogThrottle(logger);
    this.#shards = new Array(config.shards).fill(undefined);
    this.#registering = new PerShardQueue(maxRequests, (error) => this.#onRequestFailed(error));
    this.#silentDatabase = new SilentDatabase(options.stateTimeoutMs);
    // Immediates run after the sockets were read: an answer that has arrived counts.
    this.#judging = setInterval(() => setImmediate(() => this.#judge()), judgeMs);
    for (const recovered of options.data.recovered) this.#shards[recovered.shard] = this.#newShard(recovered.shard, recovered);
  }

  /** The node is registered: replicas of an earlier process become candidates again, each under its old id (R2). */
  registered(): void {
    const { recovered } = this.#options.data;
    for (const { shard, replicaId } of recovered) {
      const held = this.#shards[shard];
      if (held?.replicaId === replicaId) this.#register(held, false);
    }
  }

  get held(): readonly NodeShard[] {
    return this.#shards.filter((shard) => shard !== undefined);
  }

  /** Whether the data of some shard would end with this process: it is in memory, and no other member of the in-sync set lives. */
  get wouldEndData(): boolean {
    return this.held.some((shard) => shard.host.storage.volatile && shard.isOnlyCopy);
  }

  /** The database has not answered for longer than `--state-timeout-ms`: other nodes are to lead (R12). */
  get isImpaired(): boolean {
    return this.#isImpaired;
  }

  /** Undefined where this node holds no copy. */
  at(shard: number): NodeShard | undefined {
    return this.#shards[shard];
  }

  /** What this node knows of the shard for the topology; undefined where it holds no copy. */
  facts(shard: number): { readonly candidates: readonly Candidate[]; readonly replica: CoreStatus } | undefined {
    const held = this.#shards[shard];
    return held && { candidates: held.candidates, replica: held.host.status };
  }

  onSession(connected: boolean): void {
    this.#each((shard) => shard.host.handle({ type: 'session', connected }));
  }

  onState(shard: number, reading: StateReading): void {
    this.#shards[shard]?.onState(reading);
  }

  onCandidates(shard: number, candidates: readonly Candidate[]): void {
    this.#shards[shard]?.onCandidates(candidates);
  }

  /** Undefined: there is no placement, or not any more, which changes nothing. */
  onPlacement(read: VersionedPlacement | undefined): void {
    if (read === undefined) {
      this.#isNewCluster = this.#placement === undefined;
      return;
    }
    const isFirst = this.#isNewCluster && this.#placement === undefined;
    this.#placement = read.placement;
    this.#options.account.learnPlacement(read.placement);
    if (isFirst) this.#settlePreferred();
    else this.#settleAll();
  }

  /** Stops all replicas, as planned (R12, R13). @returns how many could not be left cleanly by the deadline. */
  async stop(deadlineMs: number): Promise<number> {
    const plannedStop = new PlannedStop(this.held);
    this.#plannedStop = plannedStop;
    for (const { shard } of this.held) this.#registering.add(shard, () => this.#announceStop(shard));
    this.#each((shard) => shard.host.handle({ type: 'stop', deadlineMs }));
    return plannedStop.unclean;
  }

  /** Idempotent. A planned stop under way ends. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#judging);
    clearTimeout(this.#headStart);
    this.#each((shard) => shard.close());
    this.#each((shard) => this.#plannedStop?.stopped(shard, false));
    this.#ticker.close();
    this.#logThrottle.close();
  }

  #judge(): void {
    if (this.#closed) return;
    const { data, logger } = this.#options;
    const silentMs = data.database?.silentMs ?? 0;
    const isImpaired = this.#silentDatabase.judge(silentMs, performance.now());
    if (isImpaired && !this.#isImpaired)
      logger.error(
        { silentMs: Math.round(silentMs) },
        'the database gives no answer: other nodes are to lead the shards of this one',
      );
    else if (!isImpaired && this.#isImpaired) logger.info('the database answers again');
    this.#isImpaired = isImpaired;
    this.#each((shard) => shard.judge(isImpaired));
  }

  #settleAll(): void {
    clearTimeout(this.#headStart);
    for (let shard = 0; shard < this.shardCount; shard++) this.#settle(shard);
  }

  /** The first candidate of a new shard becomes its primary: another than the preferred one would have to hand it over at once. */
  #settlePreferred(): void {
    const { nodeId } = this.#options;
    for (const [shard, [preferred]] of this.#placement!.shards.entries()) if (preferred === nodeId) this.#settle(shard);
    this.#headStart = setTimeout(() => this.#settleAll(), preferredHeadStartMs);
  }

  /** Opens a replica if the shard is placed here, and reports to the replica which nodes hold the shard. */
  #settle(number: number): void {
    if (this.#plannedStop !== undefined || this.#closed) return;
    const nodes = this.#placement?.shards[number];
    if (nodes?.includes(this.#options.nodeId) && this.#shards[number] === undefined) this.#open(number);
    if (nodes !== undefined) this.#shards[number]?.host.handle({ type: 'placed', nodes });
  }

  #open(number: number): void {
    const shard = this.#newShard(number, undefined);
    this.#shards[number] = shard;
    this.#options.onMoved('in');
    this.#register(shard, true);
  }

  /** `isNew`: the replica id was minted just now. */
  #register(shard: NodeShard, isNew: boolean): void {
    const { nodeId, address, account, coordinator } = this.#options;
    const { replicaId } = shard;
    const { dataBytes: dataLimitBytes, isDiskBound: diskBound } = account.budget;
    const impaired = this.#isImpaired || undefined;
    const candidate = { replicaId, nodeId, address, stopping: false, impaired, dataLimitBytes, diskBound };
    this.#registering.add(shard.shard, () => {
      // The replica may have received data while its registration waited.
      const history = shard.host.status.line?.history;
      return coordinator.registerCandidate(shard.shard, { ...candidate, history }, isNew);
    });
  }

  #newShard(number: number, recovered: RecoveredShard | undefined): NodeShard {
    const { onChange, onFailed, nodeId, config, data, account, peers, coordinator, expiryCounts, logger } = this.#options;
    const shard: NodeShard = new NodeShard({
      shard: number,
      nodeId,
      config,
      data,
      recovered,
      account,
      peers,
      coordinator,
      ticker: this.#ticker,
      sweepTurns: this.#sweepTurns,
      expiryCounts,
      logger,
      logThrottle: this.#logThrottle,
      onChange: () => onChange(number),
      onStopped: (clean) => this.#plannedStop?.stopped(shard, clean),
      // The core is in the middle of a step.
      onReleased: () => setImmediate(() => this.#release(shard)),
      onFailed,
    });
    return shard;
  }

  /** The copy is not needed any more: it goes, and with it its place in the line of succession. */
  #release(shard: NodeShard): void {
    const { coordinator, data, logger, onChange, onMoved } = this.#options;
    const { shard: number, replicaId } = shard;
    shard.close();
    data.discard(number, replicaId);
    this.#shards[number] = undefined;
    onMoved('out');
    const text = 'shard released: it is held elsewhere';
    this.#logThrottle.write(logger, { shard: number, level: 'info', fields: { shard: number }, text });
    this.#registering.add(number, () => coordinator.withdrawCandidate(number));
    this.#plannedStop?.stopped(shard, true);
    this.#settle(number);
    onChange(number);
  }

  async #announceStop(shard: number): Promise<void> {
    const { coordinator, logger } = this.#options;
    await coordinator.announceStop(shard).catch((error: unknown) => {
      logger.debug({ err: error }, 'the stop could not be announced through ZooKeeper; beacons announce it');
    });
  }

  #onRequestFailed(error: unknown): void {
    if (!this.#closed) this.#options.onFailed(error as Error);
  }

  #each(action: (shard: NodeShard) => void): void {
    for (const shard of this.#shards) if (shard !== undefined) action(shard);
  }
}
