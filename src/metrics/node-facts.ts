/** What a node tells of itself to those who watch it, at one moment. */
import type { CoreStatus } from '../replication/index.js';

export interface HeldReplica {
  readonly shard: number;
  readonly replica: CoreStatus;
  readonly keys: number;
  /** What its data costs in memory. */
  readonly dataBytes: number;
  /** Whether placement names this node for the shard. */
  readonly placed: boolean;
}

export interface NodeFacts {
  readonly held: readonly HeldReplica[];
  /** Shards that are placed here, held or not. */
  readonly placedShards: number;
  readonly minInSync: number;
  readonly ready: boolean;
  readonly zookeeperConnected: boolean;
  /** Registered in ZooKeeper, as last heard. */
  readonly nodes: number;
  readonly placementVersion: number;
  readonly grpcConnections: number;
  readonly pipelines: number;
  /** Operations that have not been answered. */
  readonly pending: { readonly pipeline: number; readonly single: number };
  readonly logLinesDropped: number;
  /** NaN where the system does not report them. */
  readonly descriptors: { readonly open: number; readonly allowed: number };
  readonly limits: { readonly dataBytes: number; readonly logBytes: number; readonly memoryBytes: number };
}
