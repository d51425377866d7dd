/**
 * The Coordinator over ZooKeeper: it ties the session, `config`, the node, its shards and `placement` together.
 *
 * Guarantees:
 * - The listener receives only data that was read from ZooKeeper.
 * - The node's own znodes are created again soon after any loss (R2, R14).
 * - Nothing is written in a session before it is known that ZooKeeper still serves the same cluster.
 * - A watch is only a hint to read again, so everything is also read again from time to time (R14).
 *
 * It decides nothing: succession, claims and evictions belong to the core.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { FormatRange } from '../formats.js';
import { encodePlacement, type Placement } from '../placement/index.js';
import type { ShardState } from '../replication/protocol/shard-state.js';
import { Attempts } from './attempts.js';
import { ClusterReadings } from './cluster-readings.js';
import { CoalescedTask } from './coalesced-task.js';
import { ConfigKeeper } from './config-keeper.js';
import type {
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
import { DrainMarks } from './drain-marks.js';
import { EditionRegister } from './edition-register.js';
import { latestById, readNodes, registrationOf } from './node-reader.js';
import { OwnNode } from './own-node.js';
import { OwnShards } from './own-shards.js';
import type { OwnZnode } from './own-znode.js';
import { ShardFolders } from './shard-folders.js';
import type { ShardReader } from './shard-reader.js';
import { compareAndSet } from './state-writer.js';
import { VerifiedSession } from './verified-session.js';
import type { ZnodeClient } from './znode-client.js';
import { encodeState } from './znode-data.js';
import { ZnodePaths } from './znode-paths.js';

export interface ZookeeperCoordinatorOptions {
  /** Absolute, without a slash at the end. */
  readonly root: string;
  readonly sessionMs: number;
  /** The formats that the node supports. */
  readonly formats: FormatRange;
  readonly logger: Logger;
}

/**
 * The longest time that a close spends on deleting the node's own znodes. The end of the session would delete them as
 * well.
 */
const farewellMs = 2_000;

export class ZookeeperCoordinator implements Coordinator {
  readonly editions: EditionRegister;
  readonly drains: DrainMarks;
  readonly #client: ZnodeClient;
  readonly #paths: ZnodePaths;
  readonly #listener: CoordinatorListener;
  readonly #logger: Logger;
  readonly #attempts: Attempts;
  readonly #timer: NodeJS.Timeout;
  readonly #session: VerifiedSession;
  #node: OwnNode | undefined;
  readonly #cluster: ClusterReadings;
  readonly #folders: ShardFolders;
  readonly #shards: OwnShards;
  readonly #upkeep = new CoalescedTask(() => this.#keepUp());
  /** The number of upkeeps since the last connection. The first connection needs none: the node has no znodes yet. */
  #upkeeps = 1;
  #closed: Promise<void> | undefined;

  constructor(client: ZnodeClient, options: ZookeeperCoordinatorOptions, listener: CoordinatorListener) {
    const { logger, root, sessionMs, formats } = options;
    this.#client = client;
    this.#paths = new ZnodePaths(root);
    this.#listener = listener;
    this.#logger = logger;
    this.#attempts = new Attempts({
      logger,
      mayAttempt: () => this.#session.isVerified,
      onFatal: (error) => listener.onFatal(error),
    });
    this.#folders = new ShardFolders(client, this.#paths);
    this.#session = new VerifiedSession(client, new ConfigKeeper(client, this.#paths.config, formats, logger), {
      onSession: (status) => listener.onSession(status),
      onFormat: (version) => listener.onFormat(version),
      onConflict: (conflict) => listener.onConflict(conflict),
      onConflictOver: () => this.#readEverythingAgain(),
      // Without candidates the other cluster can place nothing on this node.
      onCutOff: () => this.#attempts.inBackground(Promise.all(this.#ownZnodes().map((znode) => znode.withdraw()))),
    });
    this.editions = new EditionRegister({
      client,
      paths: this.#paths,
      session: this.#session,
      attempts: this.#attempts,
      logger,
    });
    this.drains = new DrainMarks(client, this.#paths, this.#session);
    this.#cluster = new ClusterReadings(client, {
      paths: this.#paths,
      session: this.#session,
      logger,
      listener,
      writePlacement: (expectedVersion, known) => this.writePlacement(expectedVersion, known),
    });
    const shardListener = {
      onState: (shard: number, reading: Omit<StateReading, 'isRestored'>) => this.#reportState(shard, reading),
      onCandidates: (...report: Parameters<CoordinatorListener['onCandidates']>) =>
        this.#session.isVerified && listener.onCandidates(...report),
    };
    this.#shards = new OwnShards(client, this.#paths, shardListener, logger);
    client.listen({
      onConnected: (_sessionId, fresh) => this.#onConnected(fresh),
      onSuspended: () => this.#session.suspended(),
      onExpired: () => this.#logger.warn('ZooKeeper session expired'),
      onChanged: (path) => this.#readAgain(path),
    });
    this.#timer = setInterval(() => this.#attempts.inBackground(this.#upkeep.run()), sessionMs / 2);
  }

  get session(): SessionStatus {
    return this.#session.status;
  }

  get conflict(): ConfigConflict | undefined {
    return this.#session.conflict;
  }

  async agreeOnConfig(wanted: ClusterConfig, foundAfterMs = 0): Promise<ClusterConfig> {
    return this.#attempts.untilAnswered(() => this.#session.agree(wanted, foundAfterMs));
  }

  async readNodes(): Promise<readonly NodeRegistration[]> {
    const read = () => readNodes(this.#client, this.#paths.nodes, false, this.#logger);
    const { nodes } = await this.#attempts.untilAnswered(read);
    return latestById(nodes).map(registrationOf);
  }

  async registerNode(registration: NodeRegistration): Promise<void> {
    const node = new OwnNode(this.#client, this.#paths.nodes, registration, this.#logger);
    this.#node = node;
    this.#cluster.registered(node);
    await this.#attempts.untilAnswered(() => node.znode.ensure());
    this.#readAgain(this.#paths.nodes);
    this.#readAgain(this.#paths.placement);
  }

  async announceLeave(): Promise<void> {
    const node = this.#node;
    if (node === undefined) return;
    node.setLeaving();
    await this.#attempts.untilAnswered(() => node.znode.ensure());
  }

  async registerCandidate(shard: number, registration: CandidateRegistration, isNew = false): Promise<void> {
    const former = this.#shards.add(shard, registration, isNew);
    const { reader, znode } = this.#shards.get(shard)!;
    if (former !== undefined) await this.#attempts.untilAnswered(() => former.remove());
    await this.#attempts.untilAnswered(() => this.#folders.ensure(shard));
    await this.#attempts.untilAnswered(() => znode.ensure());
    this.#attempts.inBackground(reader.state.run());
    this.#attempts.inBackground(reader.candidates.run());
  }

  async withdrawCandidate(shard: number): Promise<void> {
    const znode = this.#shards.remove(shard);
    if (znode !== undefined) await this.#attempts.untilAnswered(() => znode.remove());
  }

  async announceStop(shard: number): Promise<void> {
    this.#shards.change(shard, { stopping: true });
    const own = this.#shards.get(shard);
    if (own !== undefined) await this.#attempts.untilAnswered(() => own.znode.ensure());
  }

  nameHistory(shard: number, history: string | undefined): void {
    const znode = this.#shards.change(shard, { history });
    if (znode !== undefined) this.#attempts.inBackground(znode.ensure());
  }

  publishImpaired(shard: number, impaired: boolean): void {
    const znode = this.#shards.change(shard, { impaired: impaired || undefined });
    if (znode !== undefined) this.#attempts.inBackground(znode.ensure());
  }

  /** R13: a missing `state` must have been read in this session, since ZooKeeper may have lost its data before it. */
  async writeState(shard: number, expectedVersion: number | undefined, next: ShardState): Promise<WriteOutcome> {
    if (expectedVersion === undefined && !this.#shards.isMissing(shard)) return { kind: 'notSent' };
    return this.#write(this.#paths.state(shard), expectedVersion, encodeState(next));
  }

  writePlacement(expectedVersion: number | undefined, next: Placement): Promise<WriteOutcome> {
    return this.#write(this.#paths.placement, expectedVersion, Buffer.from(encodePlacement(next)));
  }

  async #write(path: string, expectedVersion: number | undefined, data: Buffer): Promise<WriteOutcome> {
    if (!this.#session.mayWrite) return { kind: 'notSent' };
    return compareAndSet(this.#client, path, expectedVersion, data, this.#logger);
  }

  refreshPlacement(): void {
    const reading = this.#cluster.syncedPlacement();
    if (this.#session.isVerified) this.#attempts.inBackground(reading.run());
  }

  refreshState(shard: number, afterWrite: boolean): void {
    const own = this.#shards.get(shard);
    // While `config` is not verified nothing is read. After the verification everything is read anyway.
    if (own !== undefined && this.#session.isVerified) this.#attempts.inBackground(refreshState(own, afterWrite));
  }

  /**
   * R13: a loss may have spared `config` but not `state`, or may have happened between the two readings. Reading
   * `config` again detects it.
   */
  async #reportState(shard: number, reading: Omit<StateReading, 'isRestored'>): Promise<void> {
    const isMissing = reading.found === undefined;
    if (isMissing) await this.#session.check();
    if (!this.#session.mayReport || this.#shards.get(shard) === undefined) return;
    this.#shards.noteState(shard, isMissing);
    this.#listener.onState(shard, { ...reading, isRestored: this.#session.isRestored });
  }

  #readEverythingAgain(): void {
    this.#upkeeps = 0;
    this.#attempts.inBackground(this.#upkeep.run());
  }

  #onConnected(fresh: boolean): void {
    this.#logger.info({ fresh }, 'ZooKeeper connected');
    this.#session.connected();
    this.#readEverythingAgain();
  }

  /** R14: repairs and reads everything that a change of session, a lost hint or a lost znode may have spoiled. */
  async #keepUp(): Promise<void> {
    if (this.#client.status !== 'connected' || this.#client.sessionId === undefined) return;
    await this.#session.check();
    if (!this.#session.isVerified) return;
    await this.#node?.yieldIfReplaced();
    this.#session.maybeResume();
    // A new connection has no watches, so all shards are read. Later upkeeps read a few shards each, to spread the
    // work.
    const shards = this.#shards.forUpkeep({ all: this.#upkeeps === 0 });
    // The node's own znodes are checked after each connection and every other time. They come first: a watch needs a
    // znode.
    const own = this.#upkeeps % 2 === 0 ? this.#ownZnodes(shards) : [];
    this.#upkeeps += 1;
    const ensured = await Promise.allSettled(own.map((znode) => znode.ensure()));
    const readings = [...this.#cluster.synced(), ...this.#shards.syncedReadings(shards)];
    const read = await Promise.allSettled(readings.map((reading) => reading.run()));
    for (const result of [...ensured, ...read]) if (result.status === 'rejected') throw result.reason;
  }

  /** The candidates' znodes of these shards (default: all), and the node's own. */
  #ownZnodes(shards?: readonly number[]): OwnZnode[] {
    return [...this.#shards.znodes(shards), this.#node?.znode].filter((znode) => znode !== undefined);
  }

  #readAgain(path: string): void {
    if (path === this.#paths.config) this.#session.changed();
    else if (!this.#session.isVerified) return;
    const reading = this.#cluster.at(path) ?? this.#shards.changedAt(path);
    if (reading !== undefined) this.#attempts.inBackground(reading.run());
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    this.#attempts.close();
    this.#session.close();
    const farewell = Promise.allSettled(this.#ownZnodes().map((znode) => znode.remove()));
    const limit = new AbortController();
    await Promise.race([farewell, pause(farewellMs, undefined, { signal: limit.signal }).catch(() => {})]);
    limit.abort();
    await this.#client.close();
    // Ends the wait of `agreeOnConfig`, which then finds the client closed.
    this.#session.changed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** `afterWrite`: rewrites the candidate's znode first, so that the reading follows a write of this session (R7). */
async function refreshState({ znode, reader }: { znode: OwnZnode; reader: ShardReader }, afterWrite: boolean): Promise<void> {
  if (afterWrite) await znode.rewrite();
  await reader.refreshState();
}
