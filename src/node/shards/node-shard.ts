/**
 * The shard of a node with everything that it needs: the replica's host, and the ports through which it reaches other
 * replicas and ZooKeeper.
 */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Candidate, ClusterConfig, Coordinator, StateReading } from '../../coordination/index.js';
import type { RepeatedLines } from '../../logging/log-throttle.js';
import { nodeIdOf, type ReplicaOptions } from '../../replication/index.js';
import { MemoryStorage } from '../../storage/index.js';
import { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import { costOfData } from '../capacity/data-account.js';
import { DataLimits } from '../capacity/data-limits.js';
import type { MemoryBudget } from '../capacity/memory-budget.js';
import { ReportedBytes } from '../capacity/reported-bytes.js';
import { WriteAdmission } from '../capacity/write-admission.js';
import type { PeerLinks } from '../peers/peer-links.js';
import type { HostedReplica, ReplicationServer } from '../peers/replication-server.js';
import { ShardLinks } from '../peers/shard-links.js';
import { SnapshotReceiver } from '../peers/snapshot-receiver.js';
import { LocalShard } from './local-shard.js';
import { ShardHost } from './shard-host.js';
import { ShardLog } from './shard-log.js';
import { Stripes } from './stripes.js';
import type { Ticker } from './ticker.js';

export interface NodeShardOptions {
  readonly shard: number;
  readonly nodeId: string;
  readonly config: ClusterConfig;
  readonly memory: MemoryBudget;
  readonly links: PeerLinks;
  readonly server: ReplicationServer;
  readonly coordinator: Coordinator;
  readonly ticker: Ticker;
  readonly logger: Logger;
  readonly lines: RepeatedLines;
  /** Of the node, as far as they share its memory. */
  readonly shardCount: number;
  otherShardsBytes(): number;
  /** Of writes that are accepted and not committed, of all shards. */
  uncommittedBytes(): number;
  /** What a node is likely to have to hold once it holds everything that is placed on it. */
  dueBytesOf(nodeId: string): number;
  /** Whether it holds shards that are not on this node: what this one counts by itself says too little of it. */
  holdsOtherShards(nodeId: string): boolean;
  onChange(): void;
  onDataChanged(): void;
  onStopped(clean: boolean): void;
  /** Nobody needs the copy any more (R15). */
  onReleased(): void;
  onFailed(error: Error): void;
}

/**
 * Entries kept of the applied log for replicas that lack only its end, of all shards together and of each at least; their bytes
 * are bounded by the memory there is.
 */
const retainEntries = 10_000;
const minRetainEntries = 1_000;
const bounds = {
  maxUncommittedEntries: 100_000,
  maxBatchEntries: 1_024,
  maxBatchBytes: 1024 * 1024,
  maxBatchesInFlight: 4,
};

export class NodeShard implements HostedReplica {
  readonly codec: ReplicationCodec;
  readonly host: ShardHost;
  readonly local: LocalShard;
  readonly shard: number;
  readonly #admission: WriteAdmission;
  readonly #nodeLinks: PeerLinks;
  readonly #links: ShardLinks;
  readonly #dumps: SnapshotReceiver;
  readonly #limits: DataLimits;
  readonly #told: ReportedBytes;
  readonly #dueBytesOf: (nodeId: string) => number;
  readonly #holdsOtherShards: (nodeId: string) => boolean;
  #candidates: readonly Candidate[] = [];

  constructor(shardOptions: NodeShardOptions) {
    const { shard, nodeId, config, memory, links, server, coordinator, logger, ...node } = shardOptions;
    this.shard = shard;
    const { clusterId, minInSync, beaconMs, leaseMs, graceMs } = config;
    const storage = new MemoryStorage(node.shardCount);
    // Minted with the data: in memory, with the process (R1).
    const replicaId = `${nodeId}~${randomBytes(8).toString('hex')}`;
    const idSeed = randomBytes(8).toString('hex');
    const codec = new ReplicationCodec(clusterId, shard, node.shardCount);
    this.codec = codec;
    const handle: ShardHost['handle'] = (event) => this.host.handle(event);
    this.#nodeLinks = links;
    this.#told = new ReportedBytes(() => costOfData(storage));
    this.#links = new ShardLinks(codec, links, handle, this.#told);
    links.add(this.#links);
    this.#dumps = new SnapshotReceiver(codec, handle);
    const options: ReplicaOptions = {
      ...{ replicaId, idSeed, minInSync, beaconMs, leaseMs, graceMs },
      ...{ volatile: storage.volatile, ...bounds },
      retainEntries: Math.max(minRetainEntries, Math.floor(retainEntries / node.shardCount)),
      retainBytes: Math.floor(memory.retainBytes / node.shardCount),
      maxUncommittedBytes: memory.maxUncommittedBytes,
    };
    this.host = new ShardHost(
      options,
      storage,
      {
        send: (message) => (isAnswer(message.body.type) ? server.answer(codec, message) : this.#links.send(message)),
        setLinks: (to) => this.#links.set(to),
        writeState: (proposal, expectedVersion, next) =>
          void coordinator
            .writeState(shard, expectedVersion, next)
            .then((outcome) => handle({ type: 'proposalResult', proposal, outcome })),
        refreshState: (afterWrite) => coordinator.refreshState(shard, afterWrite),
        nameHistory: (history) => coordinator.nameHistory(shard, history),
        requestSnapshot: (dump) => this.#dumps.request(dump, replicaId, this.#addressOf(dump.from)),
        serveSnapshot: (dump) => server.serveSnapshot(dump, this),
        refuseSnapshot: (dump) => server.refuseSnapshot(dump),
        changed: node.onChange,
        dataChanged: node.onDataChanged,
        stopped: node.onStopped,
        released: node.onReleased,
        failed: node.onFailed,
      },
      node.ticker,
      new ShardLog(shard, logger.child({ shard, replica: replicaId }), node.lines),
    );
    this.#limits = new DataLimits(logger.child({ shard }));
    this.#dueBytesOf = node.dueBytesOf;
    this.#holdsOtherShards = node.holdsOtherShards;
    this.#admission = new WriteAdmission({
      storage,
      otherShardsBytes: node.otherShardsBytes,
      nodeUncommittedBytes: node.uncommittedBytes,
      maxUncommittedBytes: memory.maxUncommittedBytes,
      shardCount: () => node.shardCount,
      uncommittedBytes: () => this.host.uncommittedBytes,
      uncommittedValueBytes: (key) => this.host.uncommittedValueBytes(key),
      holders: () => this.host.holders.map((id) => this.#limits.holderOf(id, this.#toldBytesOf(id))),
    });
    this.local = new LocalShard(this.host, new Stripes(stripesOf(node.shardCount)), this.#admission);
    if (coordinator.session === 'connected') handle({ type: 'session', connected: true });
  }

  get replicaId(): string {
    return this.host.replicaId;
  }
  /** Undefined while it is unknown or not live. A primary knows of itself before ZooKeeper tells. */
  get primaryAddress(): string | undefined {
    const { role, state } = this.host.status;
    const primary = role === 'primary' ? this.replicaId : state?.primary;
    return primary === undefined ? undefined : this.#addressOf(primary);
  }
  get candidates(): readonly Candidate[] {
    return this.#candidates;
  }

  /** In the in-sync set, with nobody else who lives. */
  get isOnlyCopy(): boolean {
    const inSync = this.host.status.state?.inSync ?? [];
    const others = this.#candidates.filter(({ replicaId }) => replicaId !== this.replicaId && inSync.includes(replicaId));
    return inSync.includes(this.replicaId) && others.length === 0;
  }

  onState({ asOfMs, isRestored, found }: StateReading): void {
    if (found === undefined) this.host.handle({ type: 'stateMissing', isRestored, asOfMs });
    else this.host.handle({ type: 'stateRead', ...found, asOfMs });
  }

  /** @returns whether that is anything new: most readings only make sure. */
  onCandidates(candidates: readonly Candidate[]): boolean {
    if (isDeepStrictEqual(candidates, this.#candidates)) return false;
    this.#candidates = candidates;
    for (const { replicaId, address } of candidates) this.#links.learnAddress(replicaId, address);
    this.#limits.learn(candidates, this.host.holders);
    this.#judge();
    this.#reportCandidates();
    this.#links.connectWanted();
    // A predecessor of this process may still be registered, under the same address.
    const own = this.#addressOf(this.replicaId);
    this.#links.keepWarm(candidates.map(({ address }) => address).filter((address) => address !== own));
    return true;
  }

  /** Of a node all of whose shards are here as well, this node included, what is counted here is exact at every moment. */
  #toldBytesOf(id: string): number | undefined {
    return this.#holdsOtherShards(nodeIdOf(id)) ? this.#told.of(id) : undefined;
  }

  /** Only a primary has peers to judge: by what they hold and by what they are to hold, whichever is more. */
  #judge(): boolean {
    if (!this.host.isPrimary) return this.#limits.forget();
    return this.#limits.judge(this.#candidates, ({ replicaId, nodeId }) =>
      Math.max(this.#toldBytesOf(replicaId) ?? 0, this.#dueBytesOf(nodeId)),
    );
  }

  /** What its data costs this node, writes under way included. */
  get ownBytes(): number {
    return this.#admission.ownBytes;
  }

  /** From time to time: whether the data fits into the memory of everybody. */
  judge(): void {
    if (this.#judge()) this.#reportCandidates();
  }

  #reportCandidates(): void {
    const facts = this.#candidates.map(({ replicaId, order, stopping, history }) => ({
      ...{ replicaId, order, stopping, history, full: this.#limits.isFull(replicaId) },
    }));
    this.host.handle({ type: 'candidates', candidates: facts });
  }

  /** Idempotent. */
  close(): void {
    this.host.close();
    this.#nodeLinks.remove(this.#links);
    this.#dumps.close();
  }

  #addressOf(replicaId: string): string | undefined {
    return this.#candidates.find((candidate) => candidate.replicaId === replicaId)?.address;
  }
}

/** About as many for a node with many shards as for one with one. */
function stripesOf(shardCount: number): number {
  return Math.max(16, Math.ceil(1_024 / shardCount));
}

const answerTypes: ReadonlySet<string> = new Set(['beaconAnswer', 'syncAnswer', 'appendAnswer', 'higherEpoch', 'otherHistory']);

function isAnswer(type: string): boolean {
  return answerTypes.has(type);
}
