/**
 * The interface between a node and its coordination service, in the words of the domain.
 *
 * The shell passes every report to the pure core as an event; it decides nothing itself.
 */
import type { Placement } from '../placement/index.js';
import type { ShardState } from '../replication/protocol/shard-state.js';

/** The settings on which every node of a cluster must agree. The first node writes them once. */
export interface ClusterConfig {
  readonly formatVersion: number;
  /** Random, minted by the first node. Messages of another cluster are refused (R1). */
  readonly clusterId: string;
  readonly shards: number;
  /** Copies of each shard; as many as there are nodes while there are fewer. */
  readonly replicas: number;
  /** Positions of a node on the ring (docs/placement.md). */
  readonly vnodes: number;
  readonly minInSync: number;
  readonly beaconMs: number;
  readonly leaseMs: number;
  readonly graceMs: number;
  /**
   * True once a node has written the configuration back into a ZooKeeper that had lost it, and from then on: other znodes may
   * be lost as well, so a missing `state` is no birth (R13). Nodes do not compare it. Undefined: false.
   */
  readonly restored?: boolean | undefined;
}

/** `config` is not the one that this running node agreed on: the node keeps its data and serves nothing. */
export interface ConfigConflict {
  /** What differs, what it means for the data, and the ways on, as one sentence for operators. */
  readonly message: string;
}

export interface NodeRegistration {
  readonly nodeId: string;
  /** host:port, as others reach it. */
  readonly address: string;
  /** host:port of its HTTP server; undefined: it has none. */
  readonly httpAddress?: string | undefined;
  /** Nodes with the same zone fail together, such as those in one rack; undefined is a zone as well. */
  readonly zone?: string | undefined;
  /** Its share of the shards relative to other nodes, 1 to 100; undefined counts as 1. */
  readonly weight?: number | undefined;
  /** True once it has begun to leave: its shards are placed elsewhere at once. */
  readonly leaving?: boolean | undefined;
}

export interface CandidateRegistration {
  readonly replicaId: string;
  readonly nodeId: string;
  readonly address: string;
  /** True once the node has begun a planned stop: no successor while another lives (R12). */
  readonly stopping: boolean;
  /** The history whose data it holds; undefined: it holds no complete copy (R3). */
  readonly history?: string | undefined;
  /** The bytes that its node can hold as data, as the primary counts them. Undefined: not published. */
  readonly dataLimitBytes?: number | undefined;
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
   * It shows everything that had been committed by then, on the clock of `performance.now`: a session was created then, or a
   * write of this session was sent and answered, on the connection of the reading. Negative infinity: it may lag behind (R7).
   */
  readonly asOfMs: number;
  /** ZooKeeper has lost the data of this cluster before: a missing `state` is no beginning (R3). */
  readonly isRestored: boolean;
}

export interface VersionedPlacement {
  /** The znode's version. */
  readonly version: number;
  readonly placement: Placement;
}

/**
 * `unknown` means that the answer was lost: the write may have been applied, or may be applied yet (R7).
 * `missing`: there is no such znode; `conflict`: the version is another one. Both are definite for this attempt alone.
 * `notSent`: definitely not executed and nothing was learnt: ZooKeeper is out of reach, or refused to take the request.
 */
export type WriteOutcome =
  | { readonly kind: 'applied'; readonly version: number }
  | { readonly kind: 'conflict' | 'missing' | 'unknown' | 'notSent' };

/** `suspended` is not expiry: the session may still live (R14). */
export type SessionStatus = 'connected' | 'suspended';

export interface CoordinatorListener {
  onSession(status: SessionStatus): void;
  /**
   * May lag behind, never lies. That the cluster is restored comes from a reading of `config` after that of `state`, in the
   * present session; so a loss of ZooKeeper's data is known before a missing `state` is reported.
   */
  onState(shard: number, reading: StateReading): void;
  /** The live replicas, in order of succession. */
  onCandidates(shard: number, candidates: readonly Candidate[]): void;
  /** The live nodes, in order of registration. `version` grows with every registration that is created or deleted, and never falls. */
  onNodes(nodes: readonly NodeRegistration[], version: number): void;
  /**
   * A read of `placement`; undefined if there is none and this node has never read one: a lost one is written back first. Each
   * is told once, and never an older one again.
   */
  onPlacement(read: VersionedPlacement | undefined): void;
  /** `Coordinator.conflict` has begun or ended. */
  onConflict(conflict: ConfigConflict | undefined): void;
  /** The node must stop: a later registration under its own id. */
  onFatal(error: Error): void;
}

export interface Coordinator {
  /** `suspended` also during a conflict. */
  readonly session: SessionStatus;
  /** Undefined: `config` is the one that was agreed on, as far as it could be read. */
  readonly conflict: ConfigConflict | undefined;
  /**
   * Compares with the `config` that is there; the stored cluster id wins over the proposed one. Where there is none, creates it
   * after `foundAfterMs` in which none appeared: nodes that know the cluster write a lost one back meanwhile. Default 0: at
   * once. Infinity: never, it waits until there is one.
   * @throws KvError CONFIG_MISMATCH naming each option with both values.
   */
  agreeOnConfig(wanted: ClusterConfig, foundAfterMs?: number): Promise<ClusterConfig>;
  /** The nodes registered now; one that has died is among them until its session expires. */
  readNodes(): Promise<readonly NodeRegistration[]>;
  /** Registers the node, and again after every expiry (R14); from then on reports nodes and placement. */
  registerNode(node: NodeRegistration): Promise<void>;
  /** Publishes that this node is about to leave for good. */
  announceLeave(): Promise<void>;
  /**
   * Registers a replica as candidate (R2), and again after every expiry; from then on reports its shard's znodes. `isNew`: the
   * replica id was minted by this process and never registered, which spares a search for znodes of that name. Default false.
   */
  registerCandidate(shard: number, candidate: CandidateRegistration, isNew?: boolean): Promise<void>;
  /** Deletes the candidate's znode, and reports nothing of its shard any more. */
  withdrawCandidate(shard: number): Promise<void>;
  /** Publishes that this candidate has begun to stop. */
  announceStop(shard: number): Promise<void>;
  /** `expectedVersion` undefined creates the znode. Never rejects: every failure is an outcome. */
  writeState(shard: number, expectedVersion: number | undefined, next: ShardState): Promise<WriteOutcome>;
  /** The candidate holds the data of this history from now on. */
  nameHistory(shard: number, history: string | undefined): void;
  /** Asks for a fresh read, reported through onState. `afterWrite`: one that proves what it shows, as it follows a write (R7). */
  refreshState(shard: number, afterWrite: boolean): void;
  /** As `writeState`, for `placement`. */
  writePlacement(expectedVersion: number | undefined, next: Placement): Promise<WriteOutcome>;
  /** Asks for a fresh read of `placement`, reported through onPlacement if it has changed. */
  refreshPlacement(): void;
  /** Deletes the node's own znodes and closes the session. Idempotent. */
  close(): Promise<void>;
}
