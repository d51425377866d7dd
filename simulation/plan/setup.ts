/** The contents of a schedule: the cluster, and the decisions. */
import type { Decision } from './decision.js';

/** How nodes place shards by themselves. */
export interface Placing {
  readonly replicas: number;
  readonly vnodes: number;
  readonly replaceAfterMs: number;
  /** By node. */
  readonly zones: readonly (string | undefined)[];
  readonly weights: readonly number[];
}

/** How the applied state of some nodes is in a database beside their log. */
export interface LagSetup {
  /** By node. The others have it in memory. */
  readonly isLagging: readonly boolean[];
  /** A commit follows what was applied by about this time, and a flush the commit. */
  readonly commitMs: number;
  readonly flushMs: number;
  /** A row comes after about this time. */
  readonly readMs: number;
  /** A database that has not answered for this time counts as one that does not. */
  readonly timeoutMs: number;
  /** With this number of rows that the database lacks, a replica takes nothing more. */
  readonly mostRows: number;
}

export interface Setup {
  readonly shards: number;
  /** Undefined: one shard, on all nodes or on those that the schedule names. */
  readonly placing: Placing | undefined;
  readonly nodes: number;
  readonly clients: number;
  readonly keys: number;
  /** True: replicas live in memory. False: they have a disk. */
  readonly volatile: boolean;
  /** Writes to the disk are flushed at this interval after they were done. Undefined: with that. */
  readonly syncMs: number | undefined;
  /** Undefined: the applied state of every node is in memory. */
  readonly lag: LagSetup | undefined;
  readonly minInSync: number;
  readonly beaconMs: number;
  readonly leaseMs: number;
  readonly graceMs: number;
  readonly sessionMs: number;
  /**
   * Rates of clocks lie between 1 - bound and 1 + bound. Grace exceeds lease by more than clocks drift in that time.
   */
  readonly driftBound: number;
  readonly retainEntries: number;
  readonly maxBatchEntries: number;
  readonly maxBatchesInFlight: number;
  readonly maxUncommittedEntries: number;
  readonly delayMs: number;
  readonly diskMs: number;
  readonly chunkItems: number;
  readonly firstStartsMs: readonly number[];
}

export interface Plan {
  readonly seed: number;
  readonly setup: Setup;
  readonly decisions: readonly Decision[];
}
