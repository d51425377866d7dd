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
import { PeerLinks } from './peer-links.js';
import { ReplicationServer } from './replication-server.js';
import { ShardHost } from './shard-host.js';

export interface NodeShardOptions {
  readonly shard: number;
  readonly nodeId: string;
  readonly config: ClusterConfig;
  readonly coordinator: Coordinator;
  readonly logger: Logger;
  onChange(): void;
  onStopped(clean: boolean): void;
  onFailed(error: Error): void;
}

/** What is kept of the applied log for replicas that lack only its end, and what may wait to be committed. */
const retention = { retainEntries: 10_000, retainBytes: 64 * 1024 * 1024 };
const bounds = {
  maxUncommittedEntries: 100_000,
  maxUncommittedBytes: 256 * 1024 * 1024,
  maxBatchEntries: 1_024,
  maxBatchBytes: 1024 * 1024,
  maxBatchesInFlight: 4,
};

export class NodeShard {
  readonly host: ShardHost;
  readonly server: ReplicationServer;
  readonly #links: PeerLinks;
  readonly #dumps: DumpClient;
  #candidates: readonly Candidate[] = [];

  constructor({ shard, nodeId, config, coordinator, logger, ...listener }: NodeShardOptions) {
    const { clusterId, minInSync, beaconMs, leaseMs, graceMs } = config;
    const storage = new MemoryStorage();
    // Minted with the data: in memory, with the process (R1).
    const replicaId = `${nodeId}~${randomBytes(8).toString('hex')}`;
    const codec = new ReplicationCodec(clusterId, shard);
    const handle: ShardHost['handle'] = (event) => this.host.handle(event);
    this.#links = new PeerLinks(codec, handle);
    this.#dumps = new DumpClient(codec, handle);
    this.server = new ReplicationServer(codec, () => this.host);
    const options: ReplicaOptions = {
      ...{ replicaId, minInSync, beaconMs, leaseMs, graceMs },
      ...{ volatile: storage.volatile, ...retention, ...bounds },
    };
    this.host = new ShardHost(
      options,
      storage,
      {
        send: (message) => (isAnswer(message.body.type) ? this.server.answer(message) : this.#links.send(message)),
        setLinks: (to) => this.#links.set(to),
        writeState: (proposal, expectedVersion, next) =>
          void coordinator
            .writeState(shard, expectedVersion, next)
            .then((outcome) => handle({ type: 'proposalResult', proposal, outcome })),
        refreshState: () => coordinator.refreshState(shard),
        requestDump: (dump) => this.#dumps.request(dump, replicaId, this.#addressOf(dump.from)),
        serveDump: (dump) => this.server.serveDump(dump),
        refuseDump: (dump) => this.server.refuseDump(dump),
        changed: listener.onChange,
        stopped: listener.onStopped,
        failed: listener.onFailed,
      },
      logger.child({ shard, replica: replicaId }),
    );
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
    this.host.handle({ type: 'candidates', candidates });
    this.#links.connectWanted();
    // A predecessor of this process may still be registered, under the same address.
    const own = this.#addressOf(this.replicaId);
    this.#links.keepWarm(candidates.map(({ address }) => address).filter((address) => address !== own));
  }

  /** Idempotent. Ends the streams that would keep a server from shutting down. */
  close(): void {
    this.host.close();
    this.#links.close();
    this.#dumps.close();
    this.server.close();
  }

  #addressOf(replicaId: string): string | undefined {
    return this.#candidates.find((candidate) => candidate.replicaId === replicaId)?.address;
  }
}

const answerTypes: ReadonlySet<string> = new Set(['beaconAnswer', 'syncAnswer', 'appendAnswer', 'higherEpoch']);

function isAnswer(type: string): boolean {
  return answerTypes.has(type);
}
