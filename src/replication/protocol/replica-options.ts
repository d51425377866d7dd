/** The options of a replica, resolved and checked by the shell. */
import type { ReplicaId } from './ids.js';

export interface ReplicaOptions {
  readonly replicaId: ReplicaId;
  /** Random, at least 50 bits, new for each process: the minted ids of histories and epochs begin with it (R1). */
  readonly idSeed: string;
  /** The fewest confirmed members with which a primary accepts writes (R11). */
  readonly minInSync: number;
  /** beaconMs < leaseMs < graceMs. */
  readonly beaconMs: number;
  readonly leaseMs: number;
  readonly graceMs: number;
  /** True if the data does not outlive the process: the last member ends the history when it stops (R13). */
  readonly volatile: boolean;
  /**
   * True: what an event persists is durable once its effects are carried out, so the replica goes on within the same event, and gets no
   * `persisted`. That is so where the data is in memory.
   */
  readonly persistsAtOnce: boolean;
  /** True: a persisted write is flushed only once that is reported (`flushed`). False: it is flushed at once, or need not be. */
  readonly reportsFlushes: boolean;
  /** Bounds on the applied entries that are kept for replicas that lack only those: count and estimated bytes. */
  readonly retainEntries: number;
  readonly retainBytes: number;
  /** Bounds on the entries that wait to be committed; beyond them writes are refused. */
  readonly maxUncommittedEntries: number;
  readonly maxUncommittedBytes: number;
  /**
   * The part of this shard in the requests that its node recognises (R16). Above it the primary raises the floor below which requests
   * are forgotten, unless the node has room for more.
   */
  readonly maxRequests: number;
  /** The same, for their estimated memory: a request keeps its answer, which may contain values. */
  readonly maxRequestBytes: number;
  /** Above this number of requests the primary raises the floor although its node has room. At least `maxRequests`. */
  readonly mostRequests: number;
  /** Bounds on one Append; a single larger entry is still sent alone. */
  readonly maxBatchEntries: number;
  readonly maxBatchBytes: number;
  /** The most Appends in flight to one peer; large ones are sent one by one. */
  readonly maxBatchesInFlight: number;
}
