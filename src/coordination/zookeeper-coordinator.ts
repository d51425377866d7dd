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
import type { ShardState } from '../replication/protocol/shard-state.js';
import { CoalescedTask } from './coalesced-task.js';
import { ConfigKeeper } from './config-keeper.js';
import type {
  Candidate,
  CandidateRegistration,
  ClusterConfig,
  ConfigConflict,
  Coordinator,
  CoordinatorListener,
  NodeRegistration,
  SessionStatus,
  StateReading,
  WriteOutcome,
} from './coordinator.js';
import { latestById, readNodes, registrationOf } from './node-reader.js';
import { OwnNode } from './own-node.js';
import { OwnZnode } from './own-znode.js';
import { PlacementReader } from './placement-reader.js';
import { Rounds } from './rounds.js';
import { ShardFolders } from './shard-folders.js';
import { ShardReader } from './shard-reader.js';
import { compareAndSet } from './state-writer.js';
import { VersionedNodes } from './versioned-nodes.js';
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
  readonly #config: ConfigKeeper;
  #session: SessionStatus;
  #toldConflict: ConfigConflict | undefined;
  #node: OwnNode | undefined;
  readonly #nodes: VersionedNodes;
  readonly #placement: PlacementReader;
  readonly #folders: ShardFolders;
  readonly #candidates = new Map<number, OwnCandidate>();
  readonly #shards = new Map<number, ShardReader>();
  /** Of shards whose `state` was last read as missing: the session in which that was reported. */
  readonly #missing = new Map<number, string | undefined>();
  /** The same by the path of their candidates. */
  readonly #elections = new Map<string, ShardReader>();
  readonly #rounds = new Rounds(shardsPerUpkeep);
  /** What to read again when something at a path has changed. */
  readonly #readings = new Map<string, CoalescedTask>();
  readonly #upkeep = new CoalescedTask(() => this.#keepUp());
  /** Since the last connection; the first one came before there was anything to look after. */
  #upkeeps = 1;
  #failed = false;
  #closed: Promise<void> | undefined;

  constructor(client: ZnodeClient, options: ZookeeperCoordinatorOptions, listener: CoordinatorListener) {
    this.#client = client;
    this.#paths = new ZnodePaths(options.root);
    this.#listener = listener;
    this.#logger = options.logger;
    this.#folders = new ShardFolders(client, this.#paths);
    this.#config = new ConfigKeeper(client, this.#paths.config, options.logger);
    this.#nodes = new VersionedNodes(client, this.#paths.nodes, options.logger, () => this.#confirmConfig());
    this.#placement = new PlacementReader(client, {
      ...{ path: this.#paths.placement, logger: options.logger },
      listener: { onPlacement: (read) => this.#config.isVerified && listener.onPlacement(read) },
      shardCount: () => this.#config.agreed?.shards,
      writeBack: (expectedVersion, known) => this.#writeBackPlacement(expectedVersion, known),
    });
    this.#readings.set(this.#paths.config, new CoalescedTask(() => this.#checkConfig()));
    this.#session = client.status === 'connected' ? 'connected' : 'suspended';
    client.listen({
      onConnected: (_sessionId, fresh) => this.#onConnected(fresh),
      onSuspended: () => {
        this.#config.changed();
        this.#setSession('suspended');
      },
      onExpired: () => this.#logger.warn('ZooKeeper session expired'),
      onChanged: (path) => this.#readAgain(path),
    });
    this.#timer = setInterval(() => this.#inBackground(this.#upkeep.run()), options.sessionMs / 2);
  }

  get session(): SessionStatus {
    return this.#session;
  }

  get conflict(): ConfigConflict | undefined {
    return this.#config.conflict;
  }

  async agreeOnConfig(wanted: ClusterConfig, foundAfterMs = 0): Promise<ClusterConfig> {
    return this.#untilAnswered(() => this.#config.agree(wanted, foundAfterMs));
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
    const { nodes, version } = await this.#nodes.read();
    if (this.#closed !== undefined || !this.#config.isVerified) return;
    node.learn(nodes);
    this.#listener.onNodes(latestById(nodes).map(registrationOf), version);
  }

  async registerCandidate(shard: number, registration: CandidateRegistration, isNew = false): Promise<void> {
    const former = this.#candidates.get(shard);
    const own: OwnCandidate = {
      registration,
      znode: new OwnZnode(this.#client, {
        parent: this.#paths.election(shard),
        prefix: candidatePrefix(registration.replicaId),
        data: () => encode(own.registration),
        // The replica id in the name was minted by this process or belongs to its data (R1).
        madeHere: () => true,
        isNew,
      }),
    };
    this.#candidates.set(shard, own);
    const reader = this.#readerOf(shard);
    if (former !== undefined && former.registration.replicaId !== registration.replicaId) {
      await this.#untilAnswered(() => former.znode.remove());
    }
    await this.#untilAnswered(() => this.#folders.ensure(shard));
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
    this.#missing.delete(shard);
    this.#readings.delete(reader.statePath);
    this.#readings.delete(reader.electionPath);
    this.#elections.delete(reader.electionPath);
    await this.#untilAnswered(() => own.znode.remove());
  }

  #readerOf(shard: number): ShardReader {
    const known = this.#shards.get(shard);
    if (known !== undefined) return known;
    const listener = {
      onState: (_: number, reading: Omit<StateReading, 'isRestored'>) => this.#reportState(shard, reading),
      onCandidates: (_: number, candidates: readonly Candidate[]) =>
        this.#config.isVerified && this.#listener.onCandidates(shard, candidates),
    };
    const reader = new ShardReader(this.#client, this.#paths, shard, listener, this.#logger);
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

  /** R13: that there is no `state` must have been read in this session; ZooKeeper may have lost its data since an earlier one. */
  async writeState(shard: number, expectedVersion: number | undefined, next: ShardState): Promise<WriteOutcome> {
    const isKnownMissing = this.#missing.has(shard) && this.#missing.get(shard) === this.#client.sessionId;
    if (expectedVersion === undefined && !isKnownMissing) return { kind: 'notSent' };
    return this.#write(this.#paths.state(shard), expectedVersion, encodeState(next));
  }

  writePlacement(expectedVersion: number | undefined, next: Placement): Promise<WriteOutcome> {
    return this.#write(this.#paths.placement, expectedVersion, Buffer.from(encodePlacement(next)));
  }

  async #write(path: string, expectedVersion: number | undefined, data: Buffer): Promise<WriteOutcome> {
    const mayWrite = this.#session === 'connected' && this.#config.isVerified && this.#closed === undefined;
    if (!mayWrite) return { kind: 'notSent' };
    return compareAndSet(this.#client, path, expectedVersion, data, this.#logger);
  }

  async #writeBackPlacement(expectedVersion: number | undefined, known: Placement): Promise<WriteOutcome> {
    await this.#confirmConfig();
    return this.writePlacement(expectedVersion, known);
  }

  refreshPlacement(): void {
    this.#placement.syncFirst();
    if (!this.#config.isVerified) return;
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
    // After a verification everything is read again.
    if (reader !== undefined && this.#config.isVerified) this.#inBackground(this.#refreshState(shard, reader, afterWrite));
  }

  async #refreshState(shard: number, reader: ShardReader, afterWrite: boolean): Promise<void> {
    if (afterWrite) await this.#candidates.get(shard)?.znode.rewrite();
    await reader.refreshState();
  }

  /** R13: a loss that spared `config` but not `state`, or came between the two readings, is found by reading `config` again. */
  async #reportState(shard: number, reading: Omit<StateReading, 'isRestored'>): Promise<void> {
    const isMissing = reading.found === undefined;
    if (isMissing) await this.#checkConfig();
    if (this.#closed !== undefined || !this.#config.isVerified || !this.#shards.has(shard)) return;
    if (isMissing) this.#missing.set(shard, this.#client.sessionId);
    else this.#missing.delete(shard);
    this.#listener.onState(shard, { ...reading, isRestored: this.#config.isRestored });
  }

  /** Before something lost is written back: what was lost must be of this cluster. @throws ZnodeError if it is not */
  async #confirmConfig(): Promise<void> {
    await this.#checkConfig();
    if (!this.#config.isVerified) throw new ZnodeError('confirm config', returnCodes.connectionLoss, 'no');
  }

  async #checkConfig(): Promise<void> {
    await this.#config.check();
    const { conflict } = this.#config;
    if (conflict === this.#toldConflict || this.#closed !== undefined) return;
    this.#toldConflict = conflict;
    this.#listener.onConflict(conflict);
    if (conflict === undefined) return this.#readEverythingAgain();
    if (this.#session !== 'connected') return;
    this.#setSession('suspended');
    // The other cluster must place nothing on this node.
    this.#inBackground(Promise.all(this.#ownZnodes(this.#candidates.keys()).map((znode) => znode.withdraw())));
  }

  #readEverythingAgain(): void {
    this.#upkeeps = 0;
    this.#inBackground(this.#upkeep.run());
  }

  #onConnected(fresh: boolean): void {
    this.#logger.info({ fresh }, 'ZooKeeper connected');
    // A fresh session may be with a ZooKeeper that serves another cluster: it counts once that is ruled out.
    this.#config.changed();
    if (this.#config.isVerified) this.#setSession('connected');
    this.#readEverythingAgain();
  }

  #setSession(status: SessionStatus): void {
    if (this.#session === status || this.#closed !== undefined) return;
    this.#session = status;
    this.#listener.onSession(status);
  }

  /** R14: everything that a change of session, a lost hint or a lost znode may have spoiled. */
  async #keepUp(): Promise<void> {
    if (this.#client.status !== 'connected' || this.#client.sessionId === undefined) return;
    await this.#checkConfig();
    if (!this.#config.isVerified) return;
    await this.#node?.yieldIfReplaced();
    if (this.#client.status === 'connected' && this.#config.isVerified) this.#setSession('connected');
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
    if (path === this.#paths.config) this.#config.changed();
    else if (!this.#config.isVerified) return;
    const parent = parentOf(path);
    const reading = this.#readings.get(path) ?? this.#readings.get(parent);
    this.#elections.get(parent)?.forgetCandidate(path);
    if (reading !== undefined) this.#inBackground(reading.run());
  }

  /** What ZooKeeper did not answer is tried again later; any other failure stops the node. */
  #inBackground(work: Promise<unknown>): void {
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
        if (this.#config.isVerified) return await attempt();
      } catch (error) {
        if (!(error instanceof ZnodeError)) throw error;
        if (attempts === 1) this.#logger.warn({ err: error }, 'ZooKeeper did not answer; trying again until it does');
      }
      await pause(retryPauseMs, undefined, { signal: this.#closing.signal }).catch(() => {});
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
    // Whoever waits for a cluster is to find out.
    this.#config.changed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
