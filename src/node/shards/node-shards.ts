/**
 * The shards of a node: the replicas it holds, what they share (clock, links, memory), and what it knows of each for those
 * who look for a key.
 *
 * A replica is there from when `placement` names this node until the core says that nobody needs its copy any more (R15). While
 * a new cluster has no placement, no node holds a shard: a primary would have to move as soon as there is one.
 */
import type { Logger } from 'pino';
import type { Candidate, ClusterConfig, Coordinator, NodeRegistration, StateReading } from '../../coordination/index.js';
import type { KvError } from '../../errors.js';
import { RepeatedLines } from '../../logging/log-throttle.js';
import type { Placement } from '../../placement/index.js';
import type { MemoryBudget } from '../capacity/memory-budget.js';
import type { HeldShard } from '../cluster/topology.js';
import { PeerLinks } from '../peers/peer-links.js';
import { ReplicationServer } from '../peers/replication-server.js';
import { defaultMoveRateBytes, MoveRate } from '../peers/snapshot-pace.js';
import { UnreachableNodes } from '../peers/unreachable-nodes.js';
import type { LocalShard } from './local-shard.js';
import { NodeShard } from './node-shard.js';
import { PerShardQueue } from './per-shard-queue.js';
import { PrimaryHints } from './primary-hints.js';
import type { ShardDirectory } from './shard-directory.js';
import { Ticker } from './ticker.js';

export interface NodeShardsOptions {
  readonly nodeId: string;
  readonly address: string;
  readonly config: ClusterConfig;
  readonly memory: MemoryBudget;
  /** At which copies of shards are sent, all together. */
  readonly moveRate: number | undefined;
  /** ZooKeeper session timeout. */
  readonly sessionMs: number;
  readonly coordinator: Coordinator;
  readonly logger: Logger;
  onChange(shard: number): void;
  /** A replica is held from now on, or given up because it is held elsewhere. */
  onMoved(direction: 'in' | 'out'): void;
  onFailed(error: Error): void;
}

/** Of the shards that are here, together. */
interface Counts {
  /** Writes under way included. */
  readonly dataBytes: number;
  readonly uncommittedBytes: number;
  readonly shards: number;
}

/** Between two looks at whether the data fits into the memory of everybody. */
const judgeMs = 1_000;
/** A node that is registered for so many sessions and cannot be reached has not just died. */
const unreachableSessions = 1.5;
/** What the data costs is counted anew after so long: it takes as long as there are shards. */
const countsForMs = 10;
/** Shards that are registered or withdrawn, or tell that they stop, at the same time: ZooKeeper has others to answer too. */
const maxRequests = 64;

/** In a new cluster, of the preferred primary of a shard before the other nodes that are to hold it: they read the placement at about the same time. */
const preferredHeadStartMs = 500;

export class NodeShards implements ShardDirectory {
  readonly shardCount: number;
  readonly replication: ReplicationServer;
  readonly #options: NodeShardsOptions;
  readonly #links: PeerLinks;
  readonly #unreachable: UnreachableNodes;
  readonly #hints = new PrimaryHints();
  readonly #ticker: Ticker;
  readonly #lines: RepeatedLines;
  /** By number; empty where this node holds no copy. */
  readonly #shards: (NodeShard | undefined)[];
  /** Registrations and withdrawals of replicas, in order. */
  readonly #registering: PerShardQueue;
  /** And when that was counted; and whether it may be more or less by now. */
  #counts: Counts = { dataBytes: 0, uncommittedBytes: 0, shards: 0 };
  #countedMs = Number.NEGATIVE_INFINITY;
  #countIsOld = true;
  #placement: Placement | undefined;
  /** Nothing had been placed when this node started. */
  #isNewCluster = false;
  #headStart: NodeJS.Timeout | undefined;
  /** How many shards are placed on each node. */
  #placedCounts: ReadonlyMap<string, number> = new Map();
  /** Nodes that hold shards of which this one has no copy. */
  #strangers: ReadonlySet<string> = new Set();
  #nodes: readonly NodeRegistration[] = [];
  readonly #judging: NodeJS.Timeout;
  #closed = false;
  /** Of a planned stop: what is called when each has stopped. */
  #onStopped: ((shard: NodeShard, clean: boolean) => void) | undefined;

  constructor(options: NodeShardsOptions) {
    const { nodeId, config, sessionMs, logger } = options;
    this.shardCount = config.shards;
    this.#options = options;
    const rate = new MoveRate(options.moveRate ?? defaultMoveRateBytes);
    this.#unreachable = new UnreachableNodes({ nodeId, patienceMs: unreachableSessions * sessionMs, logger });
    const onRefused = (peer: string, reason: string): void =>
      logger.warn({ peer, reason }, 'a node refuses to replicate with this one; its copies are out of sync until that is mended');
    this.#links = new PeerLinks(config.clusterId, onRefused, this.#unreachable);
    this.#ticker = new Ticker(config.beaconMs, config.shards);
    this.#lines = new RepeatedLines(logger);
    this.replication = new ReplicationServer(
      config.clusterId,
      rate,
      (shard) => this.#shards[shard],
      () => this.#count().dataBytes,
    );
    this.#shards = new Array(config.shards).fill(undefined);
    this.#registering = new PerShardQueue(maxRequests, (error) => this.#onRequestFailed(error));
    this.#judging = setInterval(() => {
      this.#each((shard) => shard.judge());
      this.#unreachable.judge();
    }, judgeMs);
  }

  /** Those that are here. */
  get held(): readonly NodeShard[] {
    return this.#shards.filter((shard) => shard !== undefined);
  }

  /** Whether the data of some shard would end with this node: nobody else who lives is in its in-sync set. */
  get isOnlyCopy(): boolean {
    return this.held.some((shard) => shard.isOnlyCopy);
  }

  at(shard: number): NodeShard | undefined {
    return this.#shards[shard];
  }

  /** For the topology; undefined where this node holds no copy. */
  facts(shard: number): HeldShard | undefined {
    const held = this.#shards[shard];
    return held && { candidates: held.candidates, replica: held.host.status };
  }

  local(shard: number): LocalShard | undefined {
    return this.#shards[shard]?.local;
  }

  primaryElsewhere(shard: number): string | undefined {
    const held = this.#shards[shard];
    const address = held === undefined ? this.#likelyPrimary(shard) : held.primaryAddress;
    return address === this.#options.address ? undefined : address;
  }

  learnPrimary(shard: number, asked: string, failure: KvError | undefined): void {
    if (this.#shards[shard] === undefined) this.#hints.learn(shard, asked, failure);
  }

  isOffline(shard: number): boolean {
    return this.#shards[shard]?.host.status.offline ?? false;
  }

  onNodes(nodes: readonly NodeRegistration[]): void {
    this.#nodes = nodes;
    this.#unreachable.onNodes(nodes);
  }

  /** Undefined: there is none, or none any more, which changes nothing. */
  onPlacement(placement: Placement | undefined): void {
    if (placement === undefined) {
      this.#isNewCluster = this.#placement === undefined;
      return;
    }
    const isFirst = this.#isNewCluster && this.#placement === undefined;
    this.#placement = placement;
    this.#placedCounts = countPlaced(placement);
    this.#strangers = strangersOf(placement, this.#options.nodeId);
    if (isFirst) this.#settlePreferred();
    else this.#settleAll();
  }

  #settleAll(): void {
    clearTimeout(this.#headStart);
    for (let shard = 0; shard < this.shardCount; shard++) this.#settle(shard);
  }

  /** The first candidate of a new shard becomes its primary: that should be the node that is to lead it, or it would move at once. */
  #settlePreferred(): void {
    const { nodeId } = this.#options;
    for (const [shard, [preferred]] of this.#placement!.shards.entries()) if (preferred === nodeId) this.#settle(shard);
    this.#headStart = setTimeout(() => this.#settleAll(), preferredHeadStartMs);
  }

  /** Holds the shard if it is placed here, and tells the replica who else holds it. */
  #settle(number: number): void {
    if (this.#onStopped !== undefined || this.#closed) return;
    const nodes = this.#placement?.shards[number];
    if (nodes?.includes(this.#options.nodeId) && this.#shards[number] === undefined) this.#take(number);
    if (nodes !== undefined) this.#shards[number]?.host.handle({ type: 'placed', nodes });
  }

  #take(number: number): void {
    const { coordinator, nodeId, address, memory } = this.#options;
    const shard = this.#open(number);
    this.#shards[number] = shard;
    this.#countIsOld = true;
    this.#options.onMoved('in');
    const { replicaId } = shard;
    const candidate = { replicaId, nodeId, address, stopping: false, dataLimitBytes: memory.dataBytes };
    // It may have come to hold data while it waited for its turn.
    const history = (): string | undefined => shard.host.status.line?.history;
    this.#registering.add(number, () => coordinator.registerCandidate(number, { ...candidate, history: history() }, true));
  }

  /** Nobody needs the copy any more: it goes, and with it its place in the line of succession. */
  #release(shard: NodeShard): void {
    const { shard: number } = shard;
    shard.close();
    this.#shards[number] = undefined;
    this.#countIsOld = true;
    this.#options.onMoved('out');
    const text = 'shard released: it is held elsewhere';
    this.#lines.write(this.#options.logger, { shard: number, level: 'info', fields: { shard: number }, text });
    this.#registering.add(number, () => this.#options.coordinator.withdrawCandidate(number));
    this.#onStopped?.(shard, true);
    this.#settle(number);
    this.#options.onChange(number);
  }

  #onRequestFailed(error: unknown): void {
    if (!this.#closed) this.#options.onFailed(error as Error);
  }

  /** Of a shard that is not held here: who led it last, or else the first placed node that lives. */
  #likelyPrimary(shard: number): string | undefined {
    const addresses = new Map(this.#nodes.map(({ nodeId, address }) => [nodeId, address]));
    const live = new Set(addresses.values());
    const holders = (this.#placement?.shards[shard] ?? []).flatMap((id) => addresses.get(id) ?? []);
    return this.#hints.choose(shard, holders, (address) => live.has(address) && address !== this.#options.address);
  }

  /** A planned stop of all together (R12, R13). @returns how many could not be left cleanly by the deadline. */
  async stop(deadlineMs: number): Promise<number> {
    const waiting = new Set(this.held);
    let unclean = 0;
    const stopped = new Promise<void>((resolve) => {
      if (waiting.size === 0) resolve();
      this.#onStopped = (shard, clean) => {
        if (waiting.delete(shard) && !clean) unclean++;
        if (waiting.size === 0) resolve();
      };
    });
    for (const { shard } of this.held) this.#registering.add(shard, () => this.#announceStop(shard));
    this.#each((shard) => shard.host.handle({ type: 'stop', deadlineMs }));
    await stopped;
    return unclean;
  }

  async #announceStop(shard: number): Promise<void> {
    const { coordinator, logger } = this.#options;
    await coordinator.announceStop(shard).catch((error: unknown) => {
      logger.debug({ err: error }, 'the others could not be told through ZooKeeper; beacons tell them');
    });
  }

  onSession(connected: boolean): void {
    this.#unreachable.onSession(connected);
    this.#each((shard) => shard.host.handle({ type: 'session', connected }));
  }

  onState(shard: number, reading: StateReading): void {
    this.#shards[shard]?.onState(reading);
  }

  /** @returns whether that is anything new. */
  onCandidates(shard: number, candidates: readonly Candidate[]): boolean {
    return this.#shards[shard]?.onCandidates(candidates) ?? false;
  }

  /** Idempotent. Ends the streams that would keep a server from shutting down; whoever waits for a stop is told. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#judging);
    clearTimeout(this.#headStart);
    this.#each((shard) => shard.close());
    this.#each((shard) => this.#onStopped?.(shard, false));
    this.#ticker.close();
    this.#links.close();
    this.replication.close();
    this.#lines.close();
  }

  #open(number: number): NodeShard {
    const shard: NodeShard = new NodeShard({
      ...this.#options,
      ...{ shard: number, shardCount: this.shardCount, links: this.#links, server: this.replication },
      ...{ ticker: this.#ticker, lines: this.#lines },
      onChange: () => this.#options.onChange(number),
      onDataChanged: () => {
        this.#countIsOld = true;
      },
      otherShardsBytes: () => this.#bytesBeside(shard),
      uncommittedBytes: () => this.#count().uncommittedBytes,
      dueBytesOf: (nodeId) => this.#dueBytesOf(nodeId),
      holdsOtherShards: (nodeId) => this.#strangers.has(nodeId),
      onStopped: (clean) => this.#onStopped?.(shard, clean),
      // The core is in the middle of a step.
      onReleased: () => setImmediate(() => this.#release(shard)),
    });
    return shard;
  }

  #bytesBeside(shard: NodeShard): number {
    if (this.shardCount === 1) return 0;
    return Math.max(0, this.#count().dataBytes - shard.ownBytes);
  }

  /** By what the shards here cost on average. */
  #dueBytesOf(nodeId: string): number {
    const { dataBytes, shards } = this.#count();
    return Math.ceil((dataBytes / Math.max(1, shards)) * (this.#placedCounts.get(nodeId) ?? 0));
  }

  #count(): Counts {
    if (!this.#countIsOld) return this.#counts;
    const nowMs = performance.now();
    if (nowMs < this.#countedMs + countsForMs) return this.#counts;
    this.#countedMs = nowMs;
    this.#countIsOld = false;
    let dataBytes = 0;
    let uncommittedBytes = 0;
    let shards = 0;
    this.#each((shard) => {
      dataBytes += shard.ownBytes;
      uncommittedBytes += shard.host.uncommittedBytes;
      shards++;
    });
    this.#counts = { dataBytes, uncommittedBytes, shards };
    return this.#counts;
  }

  #each(tell: (shard: NodeShard) => void): void {
    for (const shard of this.#shards) if (shard !== undefined) tell(shard);
  }
}

function countPlaced(placement: Placement): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const nodes of placement.shards) for (const node of nodes) counts.set(node, (counts.get(node) ?? 0) + 1);
  return counts;
}

function strangersOf(placement: Placement, ownId: string): ReadonlySet<string> {
  return new Set(placement.shards.filter((nodes) => !nodes.includes(ownId)).flat());
}
