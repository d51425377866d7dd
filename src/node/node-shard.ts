/**
 * The shard of a node with everything that it needs: the replica's host, and the ports through which it reaches other
 * replicas and ZooKeeper.
 */
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Candidate, ClusterConfig, Coordinator, VersionedState } from '../coordination/index.js';
import type { ReplicaOptions } from '../replication/index.js';
import { ReplicationCodec } from '../rpc/replication-codec.js';
import { MemoryStorage } from '../storage/index.js';
import { DumpClient } from './dump-client.js';
import { DataLimits } from './memory/data-limits.js';
import type { MemoryBudget } from './memory/memory-budget.js';
import { WriteAdmission } from './memory/write-admission.js';
import type { PeerLinks } from './peer-links.js';
import type { HostedReplica, ReplicationServer } from './replication-server.js';
import { ShardHost } from './shard-host.js';
import { ShardLinks } from './shard-links.js';

export interface NodeShardOptions {
  readonly shard: number;
  readonly nodeId: string;
  readonly config: ClusterConfig;
  readonly memory: MemoryBudget;
  readonly links: PeerLinks;
  readonly server: ReplicationServer;
  readonly coordinator: Coordinator;
  readonly logger: Logger;
  onChange(): void;
  onStopped(clean: boolean): void;
  onFailed(error: Error): void;
}

/** Entries kept of the applied log for replicas that lack only its end; their bytes are bounded by the memory there is. */
const retainEntries = 10_000;
/** Between two looks at whether the data fits into the memory of everybody. */
const judgeMs = 1_000;
const bounds = {
  maxUncommittedEntries: 100_000,
  maxBatchEntries: 1_024,
  maxBatchBytes: 1024 * 1024,
  maxBatchesInFlight: 4,
};

export class NodeShard implements HostedReplica {
  readonly codec: ReplicationCodec;
  readonly host: ShardHost;
  readonly admission: WriteAdmission;
  readonly #nodeLinks: PeerLinks;
  readonly #links: ShardLinks;
  readonly #dumps: DumpClient;
  readonly #limits: DataLimits;
  readonly #judging: NodeJS.Timeout;
  #candidates: readonly Candidate[] = [];

  constructor({ shard, nodeId, config, memory, links, server, coordinator, logger, ...listener }: NodeShardOptions) {
    const { clusterId, minInSync, beaconMs, leaseMs, graceMs } = config;
    const storage = new MemoryStorage();
    // Minted with the data: in memory, with the process (R1).
    const replicaId = `${nodeId}~${randomBytes(8).toString('hex')}`;
    const codec = new ReplicationCodec(clusterId, shard);
    this.codec = codec;
    const handle: ShardHost['handle'] = (event) => this.host.handle(event);
    this.#nodeLinks = links;
    this.#links = new ShardLinks(codec, links, handle);
    links.add(this.#links);
    this.#dumps = new DumpClient(codec, handle);
    const options: ReplicaOptions = {
      ...{ replicaId, minInSync, beaconMs, leaseMs, graceMs },
      ...{ volatile: storage.volatile, ...bounds },
      ...{ retainEntries, retainBytes: memory.retainBytes, maxUncommittedBytes: memory.maxUncommittedBytes },
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
        refreshState: () => coordinator.refreshState(shard),
        requestDump: (dump) => this.#dumps.request(dump, replicaId, this.#addressOf(dump.from)),
        serveDump: (dump) => server.serveDump(dump, this),
        refuseDump: (dump) => server.refuseDump(dump),
        changed: listener.onChange,
        stopped: listener.onStopped,
        failed: listener.onFailed,
      },
      logger.child({ shard, replica: replicaId }),
    );
    this.#limits = new DataLimits(logger.child({ shard }));
    this.admission = new WriteAdmission({
      storage,
      uncommittedBytes: () => this.host.uncommittedBytes,
      uncommittedValueBytes: (key) => this.host.uncommittedValueBytes(key),
      holders: () => this.host.holders.map((id) => this.#limits.holderOf(id)),
    });
    this.#judging = setInterval(() => this.#judge(), judgeMs);
    if (coordinator.session === 'connected') handle({ type: 'session', connected: true });
  }

  get replicaId(): string {
    return this.host.replicaId;
  }
  get candidates(): readonly Candidate[] {
    return this.#candidates;
  }

  onState(read: VersionedState | undefined): void {
    if (read === undefined) this.host.handle({ type: 'stateMissing' });
    else this.host.handle({ type: 'stateRead', version: read.version, state: read.state });
  }

  onCandidates(candidates: readonly Candidate[]): void {
    this.#candidates = candidates;
    for (const { replicaId, address } of candidates) this.#links.learnAddress(replicaId, address);
    this.#limits.learn(candidates, this.host.holders);
    this.#limits.judge(candidates, this.#usedBytes);
    this.#reportCandidates();
    this.#links.connectWanted();
    // A predecessor of this process may still be registered, under the same address.
    const own = this.#addressOf(this.replicaId);
    this.#links.keepWarm(candidates.map(({ address }) => address).filter((address) => address !== own));
  }

  /** Only a primary has peers to judge. */
  get #usedBytes(): number {
    return this.host.holders.length === 0 ? 0 : this.admission.usedBytes;
  }

  #judge(): void {
    if (this.#limits.judge(this.#candidates, this.#usedBytes)) this.#reportCandidates();
  }

  #reportCandidates(): void {
    const facts = this.#candidates.map(({ replicaId, order, stopping }) => ({
      ...{ replicaId, order, stopping, full: this.#limits.isFull(replicaId) },
    }));
    this.host.handle({ type: 'candidates', candidates: facts });
  }

  /** Idempotent. */
  close(): void {
    clearInterval(this.#judging);
    this.host.close();
    this.#nodeLinks.remove(this.#links);
    this.#dumps.close();
  }

  #addressOf(replicaId: string): string | undefined {
    return this.#candidates.find((candidate) => candidate.replicaId === replicaId)?.address;
  }
}

const answerTypes: ReadonlySet<string> = new Set(['beaconAnswer', 'syncAnswer', 'appendAnswer', 'higherEpoch']);

function isAnswer(type: string): boolean {
  return answerTypes.has(type);
}
