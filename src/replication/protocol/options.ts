/** What a replica is started with. Resolved and checked by the shell. */
import type { ReplicaId } from './ids.js';

export interface ReplicaOptions {
  readonly replicaId: ReplicaId;
  /**
   * Random, of this process: the ids that this replica mints for histories and epochs begin with it (R1). At least 50 bits.
   */
  readonly idSeed: string;
  /** Fewest in-sync replicas with which writes are taken. */
  readonly minInSync: number;
  /** beaconMs < leaseMs < graceMs. */
  readonly beaconMs: number;
  readonly leaseMs: number;
  readonly graceMs: number;
  /** True if the data does not outlive the process: the last member ends the history when it stops (R13). */
  readonly volatile: boolean;
  /** Applied entries kept for replicas that lack only those: count and estimated bytes. */
  readonly retainEntries: number;
  readonly retainBytes: number;
  /** Bounds on what waits to be committed; beyond them writes are refused. */
  readonly maxUncommittedEntries: number;
  readonly maxUncommittedBytes: number;
  /** Bounds on one Append; a single larger entry still goes alone. */
  readonly maxBatchEntries: number;
  readonly maxBatchBytes: number;
  /** Appends that may be on their way to one peer; large ones go one by one. */
  readonly maxBatchesInFlight: number;
}
