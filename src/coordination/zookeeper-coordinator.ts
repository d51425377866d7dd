/**
 * The Coordinator over ZooKeeper.
 *
 * Guarantees: what a listener is told was read from ZooKeeper; a node's own znodes are there again soon after any loss
 * (R2, R14); nothing is written in a session before it is known that ZooKeeper still serves the same cluster. A watch is
 * only a hint to read again, so everything is also read again from time to time (R14).
 *
 * It decides nothing: succession, claims and evictions belong to the core.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { KvError } from '../errors.js';
import { encodePlacement, type Placement } from '../placement/index.js';
import type { ShardState } from '../replication/shard-state.js';
import { agreeOnConfig, verifyConfig } from './cluster-config.js';
import { CoalescedTask } from './coalesced-task.js';
import type {
  CandidateRegistration,
  ClusterConfig,
  Coordinator,
  CoordinatorListener,
  NodeRegistration,
  SessionStatus,
  WriteOutcome,
} from './coordinator.js';
import { latestById, readNodes, registrationOf } from './node-reader.js';
import { OwnNode } from './own-node.js';
import { OwnZnode } from './own-znode.js';
import { PlacementReader } from './placement-reader.js';
import { Rounds } from './rounds.js';
import { ShardReader } from './shard-reader.js';
import { compareAndSet } from './state-writer.js';
import { returnCodes, type ZnodeClient, ZnodeError } from './znode-client.js';
import { encode, encodeState } from './znode-data.js';
import { candidatePrefix, parentOf, ZnodePaths } from './znode-paths.js';

export interface ZookeeperCoordinatorOptions {
  /** Absolute, without a slash at the end. */
  readonly root: string;
  readonly sessionMs: number;
  readonly logger: Logger;
}

interface OwnCandidate {
  registration: CandidateRegistration;
  readonly znode: OwnZnode;
}

/** Before what ZooKeeper did not answer is tried again. */
const retryPauseMs = 100;
/** Of which everything is read again, from time to time, together. */
const shardsPerUpkeep = 8;
/** How long a close may spend on deleting znodes, which the end of the session would delete as well. */
const farewellMs = 2_000;

export class ZookeeperCoordinator implements Coordinator {
  readonly #client: ZnodeClient;
  readonly #paths: ZnodePaths;
  readonly #listener: CoordinatorListener;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #session: SessionStatus;
  #config: ClusterConfig | undefined;
  /** The last session in which `config` was found to be ours. */
  #verifiedSessionId: string | undefined;
  #node: OwnNode | undefined;
  readonly #placement: PlacementReader;
  readonly #candidates = new Map<number, OwnCandidate>();
  readonly #shards = new Map<number, ShardReader>();
  /** The same by the path of their candidates. */
  readonly #elections = new Map<string, ShardReader>();
  readonly #rounds = new Rounds(shardsPerUpkeep);
  /** What to read again when something at a path has changed. */
  readonly #readings = new Map<string, CoalescedTask>();
  readonly #upkeep = new CoalescedTask(() => this.#keepUp());
  #upkeeps = 0;
  #failed = false;
  #closed: Promise<void> | undefined;

  constructor(client: ZnodeClient, options: ZookeeperCoordinatorOptions, listener: CoordinatorListener) {
    this.#client = client;
    this.#paths = new ZnodePaths(options.root);
    this.#listener = listener;
    this.#logger = options.logger;
    this.#placement = new PlacementReader(client, {
      ...{ path: this.#paths.placement, listener, logger: options.logger },
      shardCount: () => this.#config?.shards,
    });
    this.#session = client.status === 'connected' ? 'connected' : 'suspended';
    client.listen({
      onConnected: (_sessionId, fresh) => this.#onConnected(fresh),
      onSuspended: () => this.#setSession('suspended'),
      onExpired: () => this.#logger.warn('ZooKeeper session expired'),
      onChanged: (path) => this.#readAgain(path),
    });
    this.#timer = setInterval(() => this.#inBackground(this.#upkeep.run()), options.sessionMs / 2);
  }

  get session(): SessionStatus {
    return this.#session;
  }

  async agreeOnConfig(wanted: ClusterConfig): Promise<ClusterConfig> {
    return this.#untilAnswered(async () => {
      const { sessionId } = this.#client;
      const agreed = await agreeOnConfig(this.#client, this.#paths.config, wanted);
      this.#config = agreed;
      this.#verifiedSessionId = sessionId;
      return agreed;
    });
  }

  async readNodes(): Promise<readonly NodeRegistration[]> {
    const { nodes } = await this.#untilAnswered(() => readNodes(this.#client, this.#paths.nodes, false, this.#logger));
    return latestById(nodes).map(registrationOf);
  }

  async registerNode(registration: NodeRegistration): Promise<void> {
    const node = new OwnNode(this.#client, this.#paths.nodes, registration, this.#logger);
    this.#node = node;
    this.#readings.set(this.#paths.placement, this.#placement.reading);
    this.#readings.set(this.#paths.nodes, new CoalescedTask(() => this.#readNodes(node)));
    await this.#untilAnswered(() => node.znode.ensure());
    this.#readAgain(this.#paths.nodes);
    this.#readAgain(this.#paths.placement);
  }

  async announceLeave(): Promise<void> {
    const node = this.#node;
    if (node === undefined) return;
    node.setLeaving();
    await this.#untilAnswered(() => node.znode.ensure());
  }

  async #readNodes(node: OwnNode): Promise<void> {
    const { nodes, version } = await node.readNodes();
    if (this.#closed !== undefined) return;
    node.learn(nodes);
    this.#listener.onNodes(latestById(nodes).map(registrationOf), version);
  }

  async registerCandidate(shard: number, registration: CandidateRegistration): Promise<void> {
    const former = this.#candidates.get(shard);
    const own: OwnCandidate = {
      registration,
      znode: new OwnZnode(this.#client, {
        parent: this.#paths.election(shard),
        prefix: candidatePrefix(registration.replicaId),
        data: () => encode(own.registration),
        // The replica id in the name was minted by this process or belongs to its data (R1).
        madeHere: () => true,
      }),
    };
    this.#candidates.set(shard, own);
    const reader = this.#readerOf(shard);
    if (former !== undefined && former.registration.replicaId !== registration.replicaId) {
      await this.#untilAnswered(() => former.znode.remove());
    }
    await this.#untilAnswered(() => own.znode.ensure());
    this.#inBackground(reader.state.run());
    this.#inBackground(reader.candidates.run());
  }

  async withdrawCandidate(shard: number): Promise<void> {
    const own = this.#candidates.get(shard);
    const reader = this.#shards.get(shard);
    if (own === undefined || reader === undefined) return;
    this.#candidates.delete(shard);
    this.#shards.delete(shard);
    this.#readings.delete(reader.statePath);
    this.#readings.delete(reader.electionPath);
    this.#elections.delete(reader.electionPath);
    await this.#untilAnswered(() => own.znode.remove());
  }

  #readerOf(shard: number): ShardReader {
    const known = this.#shards.get(shard);
    if (known !== undefined) return known;
    const reader = new ShardReader(this.#client, this.#paths, shard, this.#listener, this.#logger, () => false);
    this.#shards.set(shard, reader);
    this.#readings.set(reader.statePath, reader.state);
    this.#readings.set(reader.electionPath, reader.candidates);
    this.#elections.set(reader.electionPath, reader);
    return reader;
  }

  async announceStop(shard: number): Promise<void> {
    const own = this.#candidates.get(shard);
    if (own === undefined) return;
    own.registration = { ...own.registration, stopping: true };
    await this.#untilAnswered(() => own.znode.ensure());
  }

  async writeState(shard: number, expectedVersion: number | undefined, next: ShardState): Promise<WriteOutcome> {
    return this.#write(this.#paths.state(shard), expectedVersion, encodeState(next));
  }

  writePlacement(expectedVersion: number | undefined, next: Placement): Promise<WriteOutcome> {
    return this.#write(this.#paths.placement, expectedVersion, Buffer.from(encodePlacement(next)));
  }

  async #write(path: string, expectedVersion: number | undefined, data: Buffer): Promise<WriteOutcome> {
    if (this.#session !== 'connected' || !this.#verified || this.#closed !== undefined) return { kind: 'notSent' };
    return compareAndSet(this.#client, path, expectedVersion, data, this.#logger);
  }

  refreshPlacement(): void {
    this.#placement.syncFirst();
    this.#inBackground(this.#placement.reading.run());
  }

  nameHistory(shard: number, history: string | undefined): void {
    const own = this.#candidates.get(shard);
    if (own === undefined || own.registration.history === history) return;
    own.registration = { ...own.registration, history };
    this.#inBackground(own.znode.ensure());
  }

  refreshState(shard: number, afterWrite: boolean): void {
    const reader = this.#shards.get(shard);
    if (reader !== undefined) this.#inBackground(this.#refreshState(shard, reader, afterWrite));
  }

  async #refreshState(shard: number, reader: ShardReader, afterWrite: boolean): Promise<void> {
    if (afterWrite) await this.#candidates.get(shard)?.znode.rewrite();
    await reader.refreshState();
  }

  get #verified(): boolean {
    return this.#config === undefined || this.#verifiedSessionId === this.#client.sessionId;
  }

  #onConnected(fresh: boolean): void {
    this.#logger.info({ fresh }, 'ZooKeeper connected');
    // A fresh session may be with a ZooKeeper that serves another cluster: it counts once that is ruled out.
    if (this.#verified) this.#setSession('connected');
    this.#upkeeps = 0;
    this.#inBackground(this.#upkeep.run());
  }

  #setSession(status: SessionStatus): void {
    if (this.#session === status || this.#closed !== undefined) return;
    this.#session = status;
    this.#listener.onSession(status);
  }

  /** R14: everything that a change of session, a lost hint or a lost znode may have spoiled. */
  async #keepUp(): Promise<void> {
    const { sessionId, status } = this.#client;
    if (status !== 'connected' || sessionId === undefined) return;
    if (this.#config !== undefined && !this.#verified) {
      await verifyConfig(this.#client, this.#paths.config, this.#config);
      this.#verifiedSessionId = sessionId;
    }
    await this.#node?.yieldIfReplaced();
    if (this.#client.status === 'connected' && this.#verified) this.#setSession('connected');
    // After a connection all, for there are no watches any more; then some at a time, for reading all of many shards is work.
    const isConnection = this.#upkeeps === 0;
    const shards = isConnection ? [...this.#shards.keys()] : this.#rounds.next([...this.#shards.keys()]);
    // One's own znodes every other time, and after each connection. First, since only what exists can be watched.
    const own = this.#upkeeps % 2 === 0 ? this.#ownZnodes(shards) : [];
    this.#upkeeps += 1;
    const ensured = await Promise.allSettled(own.map((znode) => znode.ensure()));
    const read = await Promise.allSettled(this.#readingsOf(shards).map((reading) => reading.run()));
    for (const result of [...ensured, ...read]) if (result.status === 'rejected') throw result.reason;
  }

  #ownZnodes(shards: Iterable<number>): OwnZnode[] {
    const candidates = [...shards].map((shard) => this.#candidates.get(shard)?.znode);
    return [...candidates, this.#node?.znode].filter((znode) => znode !== undefined);
  }

  /** What these shards have, and the cluster. A new connection may be to a server that lags: nothing must go back in time. */
  #readingsOf(shards: readonly number[]): CoalescedTask[] {
    const readers = shards.map((shard) => this.#shards.get(shard)).filter((reader) => reader !== undefined);
    for (const reader of readers) reader.syncFirst();
    this.#placement.syncFirst();
    const cluster = [this.#paths.nodes, this.#paths.placement].map((path) => this.#readings.get(path));
    return [
      ...cluster.filter((reading) => reading !== undefined),
      ...readers.flatMap(({ state, candidates }) => [state, candidates]),
    ];
  }

  #readAgain(path: string): void {
    const parent = parentOf(path);
    const reading = this.#readings.get(path) ?? this.#readings.get(parent);
    this.#elections.get(parent)?.forgetCandidate(path);
    if (reading !== undefined) this.#inBackground(reading.run());
  }

  /** What ZooKeeper did not answer is tried again later; any other failure stops the node. */
  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (this.#closed !== undefined || this.#failed) return;
      if (error instanceof ZnodeError) {
        this.#logger.debug({ err: error }, 'ZooKeeper did not answer');
        return;
      }
      this.#failed = true;
      this.#listener.onFatal(error instanceof Error ? error : new Error(String(error)));
    });
  }

  /** Tries until ZooKeeper answers. @throws KvError CLOSED */
  async #untilAnswered<T>(attempt: () => Promise<T>): Promise<T> {
    for (let attempts = 1; ; attempts += 1) {
      if (this.#closed !== undefined) throw new KvError('CLOSED', 'the coordinator has been closed');
      try {
        if (!this.#verified) throw new ZnodeError('verify config', returnCodes.connectionLoss, 'no');
        return await attempt();
      } catch (error) {
        if (!(error instanceof ZnodeError)) throw error;
        if (attempts === 1) this.#logger.warn({ err: error }, 'ZooKeeper did not answer; trying again until it does');
        await pause(retryPauseMs, undefined, { signal: this.#closing.signal }).catch(() => {});
      }
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort();
    const farewell = Promise.allSettled(this.#ownZnodes(this.#candidates.keys()).map((znode) => znode.remove()));
    const limit = new AbortController();
    await Promise.race([farewell, pause(farewellMs, undefined, { signal: limit.signal }).catch(() => {})]);
    limit.abort();
    await this.#client.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
