/** The state of a node at one moment, as its metrics show it. */
import type { CoreStatus } from '../replication/index.js';

/** A replica that the node holds. */
export interface HeldReplica {
  readonly shard: number;
  readonly replica: CoreStatus;
  readonly keys: number;
  /** Those among them that have a TTL. */
  readonly expiringKeys: number;
  /** Memory that its keys and values take. */
  readonly dataBytes: number;
  /** Whether placement names this node for the shard. */
  readonly placed: boolean;
}

/** The frames of streams of one kind, since the node started. */
export interface FrameFacts {
  readonly sent: number;
  readonly received: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** How the database of a node keeps up. */
export interface DatabaseFacts {
  /** Entries that are applied and not committed in it, of all replicas together. */
  readonly lagEntries: number;
  /** Entries that are applied and not flushed in it, of all replicas together. */
  readonly unflushedEntries: number;
  /** Bytes that wait to be written. */
  readonly overlayBytes: number;
  /** Reads that wait for an answer. */
  readonly waitingReads: number;
  /** For how long the oldest call has waited for its answer. 0: none waits. */
  readonly silentMs: number;
  /** Bytes on disk. Undefined: not known. */
  readonly sizeBytes: number | undefined;
}

export interface NodeFacts {
  readonly held: readonly HeldReplica[];
  /** Shards that are placed here, held or not. */
  readonly placedShards: number;
  readonly minInSync: number;
  readonly ready: boolean;
  readonly zookeeperConnected: boolean;
  /** Number of nodes registered in ZooKeeper, as last reported. */
  readonly nodes: number;
  /** This node is drained: its shards move to other nodes. */
  readonly draining: boolean;
  readonly placementVersion: number;
  /** The format that the cluster uses, and the newest one that the node supports. */
  readonly format: { readonly inUse: number; readonly newest: number };
  /** Open connections to the node's port, over gRPC and frames. */
  readonly grpcConnections: number;
  /** Connections to that port that were refused or cut off since the start, by reason. */
  readonly cutConnections: Readonly<Record<string, number>>;
  readonly pipelines: number;
  /** Scans that are under way. */
  readonly openScans: number;
  /** The frames of clients' pipelines, and of the streams between this node and others. */
  readonly frames: { readonly client: FrameFacts; readonly node: FrameFacts };
  /** Operations that have not been answered. */
  readonly pending: { readonly pipeline: number; readonly single: number };
  /** Single calls among them that are kept until their shard is served. */
  readonly keptCalls: number;
  readonly logLinesDropped: number;
  /** NaN if the system does not report them. */
  readonly descriptors: { readonly open: number; readonly allowed: number };
  /** Room that the data directory takes; 0: there is none. */
  readonly diskBytes: number;
  /** The database with the data. Undefined: the data is in memory. */
  readonly database: DatabaseFacts | undefined;
  readonly limits: {
    readonly dataBytes: number;
    readonly logBytes: number;
    readonly memoryBytes: number;
    readonly diskBytes: number;
  };
}
