/**
 * The interface between a node and its coordination service, in the words of the domain.
 *
 * The shell passes every report to the pure core as an event; it decides nothing itself.
 */
import type { FormatRange } from '../formats.js';
import type { Placement } from '../placement/index.js';
import type { ShardState } from '../replication/protocol/shard-state.js';

/**
 * What a node has done with a write before it acknowledges it. `memory`: kept it in memory. `interval`: written it to its files, of which
 * the kernel has what was not flushed since. `always`: flushed it to disk.
 */
export type DurabilityMode = 'memory' | 'interval' | 'always';

/** The settings on which all nodes of a cluster must agree. The first node writes them once. */
export interface ClusterConfig {
  /** The format that the cluster uses. Nodes do not compare it: it only has to be one that the node supports. */
  readonly formatVersion: number;
  /**
   * A version of kvnode that supports the format: a node that does not support it names that version in its refusal.
   * Nodes do not compare this field. Undefined: not known.
   */
  readonly kvnodeVersion?: string | undefined;
  /** Random, minted by the first node. Nodes refuse messages of another cluster (R1). */
  readonly clusterId: string;
  readonly shards: number;
  /** Copies of each shard. A cluster with fewer nodes than this has one copy per node. */
  readonly replicas: number;
  /** The number of positions of a node on the ring (docs/placement.md). */
  readonly vnodes: number;
  readonly minInSync: number;
  readonly beaconMs: number;
  readonly leaseMs: number;
  readonly graceMs: number;
  readonly durability: DurabilityMode;
  /** Time between two flushes; with the durability `interval` only. */
  readonly syncIntervalMs: number;
  /**
   * True for ever once a node has written the configuration back into a ZooKeeper that had lost it. Other znodes may
   * be lost as well, so a missing `state` then never permits a birth (R13). Nodes do not compare this field.
   * Undefined: false.
   */
  readonly restored?: boolean | undefined;
}

/** `config` is no longer the one that this running node agreed on: the node keeps its data and serves nothing. */
export interface ConfigConflict {
  /** One sentence for operators: what differs, what it means for the data, and which remedies exist. */
  readonly message: string;
}

export interface NodeRegistration {
  readonly nodeId: string;
  /** host:port, at which other nodes and clients reach it. */
  readonly address: string;
  /** host:port of its HTTP server. Undefined: the node has none. */
  readonly httpAddress?: string | undefined;
  /**
   * Nodes of one zone are likely to fail together, such as those in one rack. Nodes without a zone form one zone
   * together.
   */
  readonly zone?: string | undefined;
  /** Its share of the shards relative to other nodes, 1 to 100; undefined counts as 1. */
  readonly weight?: number | undefined;
  /** The version of frames on TCP that it serves; undefined: gRPC only. */
  readonly framesVersion?: number | undefined;
  /** Its version of kvnode, and the formats that it supports. Undefined: a version that does not register them. */
  readonly kvnodeVersion?: string | undefined;
  readonly formats?: FormatRange | undefined;
  /** True once the node has begun to leave: the controller places its shards elsewhere at once. */
  readonly leaving?: boolean | undefined;
}

export interface CandidateRegistration {
  readonly replicaId: string;
  readonly nodeId: string;
  readonly address: string;
  /** True once the node has begun a planned stop: this replica succeeds only if no other member lives (R12). */
  readonly stopping: boolean;
  /** The history whose data the replica holds. Undefined: it holds no complete copy (R3). */
  readonly history?: string | undefined;
  /** The database with its data gives no answer: it does not lead while another member can (R12). Undefined: false. */
  readonly impaired?: boolean | undefined;
  /** The limit of its node for data, in bytes as the primary counts them. Undefined: not published. */
  readonly dataLimitBytes?: number | undefined;
  /** That limit follows from `--max-data`. Undefined: false, it follows from `--max-memory`. */
  readonly diskBound?: boolean | undefined;
}

/** A live replica. */
export interface Candidate extends CandidateRegistration {
  /** The znode's sequence number: the order of succession. */
  readonly order: number;
}

export interface VersionedState {
  /** The znode's version. */
  readonly version: number;
  readonly state: ShardState;
}

/** A read of a shard's `state`. */
export interface StateReading {
  /** Undefined: a read after a sync found none. */
  readonly found: VersionedState | undefined;
  /**
   * The reading shows everything that was committed by this time, on the clock of `performance.now`. It is when the
   * connection of the reading created its session, or sent a write that was answered. Negative infinity: the reading
   * may lag (R7).
   */
  readonly asOfMs: number;
  /** True if ZooKeeper has lost the data of this cluster before: then a missing `state` permits no birth (R3). */
  readonly isRestored: boolean;
}

export interface VersionedPlacement {
  /** The znode's version. */
  readonly version: number;
  readonly placement: Placement;
}

/**
 * `unknown`: the answer was lost. ZooKeeper may have applied the write, or may still apply it (R7). `missing`: the
 * znode does not exist. `conflict`: it has another version. Both are definite for this attempt only. `notSent`:
 * definitely not executed, because ZooKeeper is out of reach or did not accept the request. The znode's content
 * remains unknown.
 */
export type WriteOutcome =
  | { readonly kind: 'applied'; readonly version: number }
  | { readonly kind: 'conflict' | 'missing' | 'unknown' | 'notSent' };

/** `suspended` is not expiry: the session may still live (R14). */
export type SessionStatus = 'connected' | 'suspended';

export interface CoordinatorListener {
  onSession(status: SessionStatus): void;
  /**
   * A reading of `state`, which may be out of date but was true once. A missing `state` is reported only after
   * `config` was read again in the present session. So a loss of ZooKeeper's data is known before a missing `state` is
   * reported.
   */
  onState(shard: number, reading: StateReading): void;
  /** The live replicas, in order of succession. */
  onCandidates(shard: number, candidates: readonly Candidate[]): void;
  /**
   * The live nodes, in order of registration. `version` grows with each registration created or deleted, and with each
   * drain that begins or ends, and never falls. `drainingIds`: the nodes that are drained, live or not.
   */
  onNodes(nodes: readonly NodeRegistration[], version: number, drainingIds: readonly string[]): void;
  /**
   * A new reading of `placement`. Undefined: there is none and this node has never read one; a lost placement is
   * written back before it is reported. Each placement is reported once, and never an older one after a newer one.
   */
  onPlacement(read: VersionedPlacement | undefined): void;
  /** `config` names a newer format, which this node supports. Never an older one than before. */
  onFormat(version: number): void;
  /** `Coordinator.conflict` has begun or ended. */
  onConflict(conflict: ConfigConflict | undefined): void;
  /** The node must stop, for example because another process has registered the same node id later. */
  onFatal(error: Error): void;
}

/** What a data directory and its znode both name, so that an old copy of the folder is recognised (R1). */
export interface Edition {
  /** From 1; grows with each edition. */
  readonly number: number;
  /** Random: two copies of a folder may both begin an edition of one number. */
  readonly id: string;
}

export interface VersionedEdition {
  /** The znode's version. */
  readonly version: number;
  readonly edition: Edition;
}

/** Every method waits until ZooKeeper answers. @throws KvError CLOSED */
export interface Editions {
  /** Undefined: the node has none. @throws MalformedZnodeError */
  read(nodeId: string): Promise<VersionedEdition | undefined>;
  /**
   * `expectedVersion` undefined creates the znode. False: the edition is not known to have been written, and may be written later:
   * read again.
   */
  write(nodeId: string, expectedVersion: number | undefined, next: Edition): Promise<boolean>;
  /** The node has left for good. */
  remove(nodeId: string): Promise<void>;
}

/** The nodes, and which of them are drained. */
export interface DrainView {
  /** The nodes that are registered now. */
  readonly nodes: readonly NodeRegistration[];
  /** The nodes that are marked as draining, registered or not. */
  readonly drainingIds: readonly string[];
}

/** The marks of draining nodes. No method repeats a request that ZooKeeper did not answer. */
export interface Drains {
  /** Shows every mark that was made before. @throws KvError COORDINATION_UNAVAILABLE */
  read(): Promise<DrainView>;
  /** Marks a node, whether it is registered or not. Repeating it changes nothing. @throws KvError COORDINATION_UNAVAILABLE */
  mark(nodeId: string): Promise<void>;
  /** Takes the mark back. Repeating it changes nothing. @throws KvError COORDINATION_UNAVAILABLE */
  unmark(nodeId: string): Promise<void>;
}

export interface Coordinator {
  /** `suspended` during a conflict, too. */
  readonly session: SessionStatus;
  /** Undefined: the last reading of `config` found the agreed configuration. */
  readonly conflict: ConfigConflict | undefined;
  /**
   * Compares `wanted` with the stored `config`; the stored cluster id wins over the proposed one. A `wanted` that is marked as
   * restored is not a proposal but the configuration of an existing cluster: the id must be the same. If there is no
   * `config` for `foundAfterMs`, this node creates it. In this time, nodes that know the cluster write a lost `config`
   * back. Default 0: create at once. Infinity: never create, wait for one.
   * @throws KvError CONFIG_MISMATCH naming each option with both values, or both clusters; UNSUPPORTED_FORMAT naming the
   *   version of kvnode to install
   */
  agreeOnConfig(wanted: ClusterConfig, foundAfterMs?: number): Promise<ClusterConfig>;
  /** The nodes that are registered now. A node that has died is among them until its session expires. */
  readNodes(): Promise<readonly NodeRegistration[]>;
  /** Registers the node now and after every expiry (R14). From then on the listener receives nodes and placement. */
  registerNode(node: NodeRegistration): Promise<void>;
  /** Publishes that this node is about to leave for good. */
  announceLeave(): Promise<void>;
  /**
   * Registers a replica as candidate now and after every expiry (R2). From then on the listener receives its shard's
   * znodes. `isNew`: this process minted the replica id and never registered it, so no search for znodes of that name
   * is needed. Default false.
   */
  registerCandidate(shard: number, candidate: CandidateRegistration, isNew?: boolean): Promise<void>;
  /** Deletes the candidate's znode. From then on the listener receives nothing of its shard. */
  withdrawCandidate(shard: number): Promise<void>;
  /** Publishes that this candidate has begun to stop. */
  announceStop(shard: number): Promise<void>;
  /** `expectedVersion` undefined creates the znode. Never rejects: every failure is an outcome. */
  writeState(shard: number, expectedVersion: number | undefined, next: ShardState): Promise<WriteOutcome>;
  /** Publishes the history whose data the candidate holds from now on. */
  nameHistory(shard: number, history: string | undefined): void;
  /** Publishes whether the database with the candidate's data gives no answer. */
  publishImpaired(shard: number, impaired: boolean): void;
  /**
   * Requests a new reading for `onState`. `afterWrite`: a write precedes it, so that the reading has an `asOfMs` (R7).
   */
  refreshState(shard: number, afterWrite: boolean): void;
  /** As `writeState`, for `placement`. */
  writePlacement(expectedVersion: number | undefined, next: Placement): Promise<WriteOutcome>;
  /** The editions of data directories (R1). */
  readonly editions: Editions;
  readonly drains: Drains;
  /** Requests a new reading of `placement`, which `onPlacement` receives if it has changed. */
  refreshPlacement(): void;
  /** Deletes the node's own znodes and closes the session. Idempotent. */
  close(): Promise<void>;
}
