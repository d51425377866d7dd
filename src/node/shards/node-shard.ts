/**
 * One shard at this node with everything that it needs: the host of its replica, its storage, its memory accounts, and the ports
 * through which the host reaches other replicas and ZooKeeper.
 */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Candidate, ClusterConfig, Coordinator, StateReading } from '../../coordination/index.js';
import type { LogThrottle } from '../../logging/log-throttle.js';
import type { ReplicaOptions } from '../../replication/index.js';
import type { Storage } from '../../storage/index.js';
import { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import { HolderAccounts } from '../capacity/holder-accounts.js';
import { retentionOf } from '../capacity/log-retention.js';
import type { MemoryBudget } from '../capacity/memory-budget.js';
import type { NodeAccount } from '../capacity/node-account.js';
import { WriteAdmission } from '../capacity/write-admission.js';
import type { NodeData, RecoveredShard } from '../data/node-data.js';

import type { NodePeers } from '../peers/node-peers.js';
import type { ReachableReplica } from '../peers/replication-server.js';
import { ShardLinks } from '../peers/shard-links.js';
import { SnapshotReceiver } from '../peers/snapshot-receiver.js';
import { ExpirySweep } from './expiry-sweep.js';
import { LocalShard } from './local-shard.js';
import { ShardHost } from './shard-host.js';
import { ShardLog } from './shard-log.js';
import type { ShardPorts } from './shard-ports.js';
import { Stripes } from './stripes.js';
import type { SweepTurns } from './sweep-turns.js';
import type { Ticker } from './ticker.js';

/** Counts what has expired. */
export interface ExpiryCounts {
  /** A key was deleted because it was due. @param lagMs how long after that moment */
  expired(lagMs: number): void;
}

export interface NodeShardOptions {
  readonly shard: number;
  readonly nodeId: string;
  readonly config: ClusterConfig;
  readonly data: NodeData;
  /** The replica of an earlier process. Undefined: a new replica. */
  readonly recovered: RecoveredShard | undefined;
  readonly account: NodeAccount;
  readonly peers: Pick<NodePeers, 'cluster' | 'links' | 'server'>;
  readonly coordinator: Coordinator;
  readonly ticker: Ticker;
  readonly sweepTurns: SweepTurns;
  readonly expiryCounts: ExpiryCounts;
  readonly logger: Logger;
  readonly logThrottle: LogThrottle;
  /** The replica's role, epoch, members or candidates may have changed. */
  onChange(): void;
  onStopped(clean: boolean): void;
  /** The copy here is not needed any more (R15). */
  onReleased(): void;
  onFailed(error: Error): void;
}

/**
 * Requests that a node recognises (R16), of all its shards together. They are divided evenly, but no shard recognises fewer than the
 * minimum. A client has one for each write in flight, and the last one of its shard. With many shards, a client that has a thousand
 * writes in flight on one shard needs more than that shard's part. So one shard may have all of them, while the requests of all shards
 * take less memory than the retained log may.
 */
const recognisedRequests = 65_536;
const minRecognisedRequests = 1_024;
/** Bounds of one shard's uncommitted entries, and of the batches on their way to each backup (docs/memory.md). */
const bounds = {
  maxUncommittedEntries: 100_000,
  maxBatchEntries: 1_024,
  maxBatchBytes: 1024 * 1024,
  maxBatchesInFlight: 4,
};

export class NodeShard implements ReachableReplica {
  readonly shard: number;
  readonly codec: ReplicationCodec;
  readonly host: ShardHost;
  readonly local: LocalShard;
  readonly #options: NodeShardOptions;
  readonly #accounts: HolderAccounts;
  readonly #links: ShardLinks;
  readonly #snapshots: SnapshotReceiver;
  readonly #sweep: ExpirySweep;
  #candidates: readonly Candidate[] = [];
  /** As published. */
  #isImpaired = false;

  constructor(options: NodeShardOptions) {
    const { shard, config, recovered, account, peers, coordinator, ticker, logger, logThrottle } = options;
    const { budget, shardCount } = account;
    const { replicaId, storage } = recovered ?? newReplica(options);
    const log = logger.child({ shard });
    const handle: ShardHost['handle'] = (event) => this.host.handle(event);
    this.#options = options;
    this.shard = shard;
    this.codec = new ReplicationCodec(peers.cluster, shard, options.data.entryBlocks.of(shard));
    this.#accounts = new HolderAccounts(account, storage, log);
    this.#links = new ShardLinks(this.codec, peers.links, handle, this.#accounts);
    this.#snapshots = new SnapshotReceiver(this.codec, handle, storage);
    const shardLog = new ShardLog(shard, storage.volatile, logger.child({ shard, replica: replicaId }), logThrottle);
    const replica = {
      options: replicaOptionsOf(replicaId, config, budget, storage),
      storage,
      recovered: recovered?.replica,
      endedMs: recovered?.endedMs,
    };
    this.host = new ShardHost(replica, this.#ports(handle), ticker, shardLog);
    const holders = () => this.host.holders.map((id) => this.#accounts.holderOf(id));
    const stripes = new Stripes(stripesOf(shardCount));
    this.local = new LocalShard(this.host, stripes, new WriteAdmission(this.host, account, holders));
    this.#sweep = new ExpirySweep(this.host, stripes, options.sweepTurns, ticker.tickMs);
    ticker.add(this.#sweep);
    account.add(this.host);
    peers.links.add(this.#links);
    peers.server.add(this);
    if (coordinator.session === 'connected') handle({ type: 'session', connected: true });
  }

  get replicaId(): string {
    return this.host.replicaId;
  }

  /** Undefined while it is unknown or not live. A primary knows of itself before ZooKeeper reports it. */
  get primaryAddress(): string | undefined {
    const { role, state } = this.host.status;
    const primary = role === 'primary' ? this.replicaId : state?.primary;
    return primary === undefined ? undefined : this.#addressOf(primary);
  }

  get candidates(): readonly Candidate[] {
    return this.#candidates;
  }

  /** Whether this replica is the only live member of the in-sync set. */
  get isOnlyCopy(): boolean {
    const inSync = this.host.status.state?.inSync ?? [];
    const others = this.#candidates.filter(({ replicaId }) => replicaId !== this.replicaId && inSync.includes(replicaId));
    return inSync.includes(this.replicaId) && others.length === 0;
  }

  onState({ asOfMs, isRestored, found }: StateReading): void {
    if (found === undefined) this.host.handle({ type: 'stateMissing', isRestored, asOfMs });
    else this.host.handle({ type: 'stateRead', ...found, asOfMs });
  }

  onCandidates(candidates: readonly Candidate[]): void {
    // Most readings only make sure.
    if (isDeepStrictEqual(candidates, this.#candidates)) return;
    this.#candidates = candidates;
    for (const { replicaId, address } of candidates) this.#links.learnAddress(replicaId, address);
    this.#accounts.learnCandidates(candidates, this.host.holders);
    this.#accounts.judge(this.host.isPrimary);
    this.#reportCandidates();
    this.#links.connectWanted();
    this.#links.keepWarm(candidates.map(({ replicaId }) => replicaId));
    this.#options.onChange();
  }

  /**
   * Judges whether the data fits into the memory of every candidate. Call it about once a second.
   * @param isImpaired whether the database of this node gives no answer (R12)
   */
  judge(isImpaired: boolean): void {
    const isOther = isImpaired !== this.#isImpaired;
    if (isOther) {
      this.#isImpaired = isImpaired;
      this.#options.coordinator.publishImpaired(this.shard, isImpaired);
    }
    if (this.#accounts.judge(this.host.isPrimary) || isOther) this.#reportCandidates();
  }

  /** Idempotent. */
  close(): void {
    const { account, peers, ticker } = this.#options;
    this.host.close();
    this.local.standingChanged();
    ticker.remove(this.#sweep);
    this.#sweep.close();
    account.remove(this.host);
    peers.links.remove(this.#links);
    peers.server.remove(this);
    this.#snapshots.close();
  }

  #reportCandidates(): void {
    const candidates = this.#candidates.map(({ replicaId, order, stopping, history, impaired: published }) => {
      const impaired = replicaId === this.replicaId ? this.#isImpaired : published;
      return { replicaId, order, stopping, history, impaired, full: this.#accounts.isFull(replicaId) };
    });
    this.host.handle({ type: 'candidates', candidates });
  }

  #ports(handle: ShardHost['handle']): ShardPorts {
    const { shard, account, coordinator, expiryCounts, onChange, onStopped, onReleased, onFailed } = this.#options;
    const { server } = this.#options.peers;
    return {
      send: (message) => (isAnswer(message.body.type) ? server.answer(this.codec, message) : this.#links.send(message)),
      setLinks: (to) => this.#links.set(to),
      writeState: (proposal, expectedVersion, next) =>
        void coordinator
          .writeState(shard, expectedVersion, next)
          .then((outcome) => handle({ type: 'proposalResult', proposal, outcome })),
      refreshState: (afterWrite) => coordinator.refreshState(shard, afterWrite),
      nameHistory: (history) => coordinator.nameHistory(shard, history),
      requestSnapshot: (dump) => this.#snapshots.request(dump, this.replicaId, this.#addressOf(dump.from)),
      serveSnapshot: (dump) => server.serveSnapshot(dump, this),
      refuseSnapshot: (dump) => server.refuseSnapshot(dump),
      expired: (lagsMs) => {
        for (const lagMs of lagsMs) expiryCounts.expired(lagMs);
      },
      changed: () => {
        this.local.standingChanged();
        onChange();
      },
      dataChanged: () => account.changed(),
      stopped: onStopped,
      released: onReleased,
      failed: onFailed,
    };
  }

  #addressOf(replicaId: string): string | undefined {
    return this.#candidates.find((candidate) => candidate.replicaId === replicaId)?.address;
  }
}

/** The id is minted together with the data (R1). */
function newReplica({ shard, nodeId, data }: NodeShardOptions): Pick<RecoveredShard, 'replicaId' | 'storage'> {
  const replicaId = `${nodeId}~${randomBytes(8).toString('hex')}`;
  return { replicaId, storage: data.create(shard, replicaId) };
}

/**
 * Lists the fields one by one, because V8 would give an object that is made of spreads a shape of its own. With many shards every look at
 * an option would then miss V8's caches.
 */
function replicaOptionsOf(
  replicaId: string,
  { minInSync, beaconMs, leaseMs, graceMs, shards }: ClusterConfig,
  budget: MemoryBudget,
  { volatile, persistsAtOnce, watchFlushes }: Storage,
): ReplicaOptions {
  const { retainEntries, retainBytes } = retentionOf(budget, shards);
  return {
    replicaId,
    idSeed: randomBytes(8).toString('hex'),
    minInSync,
    beaconMs,
    leaseMs,
    graceMs,
    volatile,
    persistsAtOnce,
    reportsFlushes: watchFlushes !== undefined,
    retainEntries,
    retainBytes,
    maxUncommittedEntries: bounds.maxUncommittedEntries,
    maxUncommittedBytes: budget.maxUncommittedBytes,
    maxRequests: Math.max(minRecognisedRequests, Math.floor(recognisedRequests / shards)),
    maxRequestBytes: Math.floor(budget.retainBytes / shards),
    mostRequests: recognisedRequests,
    maxBatchEntries: bounds.maxBatchEntries,
    maxBatchBytes: bounds.maxBatchBytes,
    maxBatchesInFlight: bounds.maxBatchesInFlight,
  };
}

/** The number of stripes of one shard: about the same for all shards of a node together, however many they are. */
function stripesOf(shardCount: number): number {
  return Math.max(16, Math.ceil(1_024 / shardCount));
}

const answerTypes: ReadonlySet<string> = new Set(['beaconAnswer', 'syncAnswer', 'appendAnswer', 'higherEpoch', 'otherHistory']);

function isAnswer(type: string): boolean {
  return answerTypes.has(type);
}
