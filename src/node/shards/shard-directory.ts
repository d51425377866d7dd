/** Tells where the operations of a shard go: to the replica here, or to the node that this node takes for the primary. */
import type { KvError } from '../../errors.js';
import type { LocalShard } from './local-shard.js';

export interface ShardDirectory {
  /** The same on every node, for good. */
  readonly shardCount: number;
  /** Undefined where this node holds no copy of the shard. */
  local(shard: number): LocalShard | undefined;
  /** The address of the shard's primary, as far as this node knows; undefined if it is unknown or this node itself. */
  primaryElsewhere(shard: number): string | undefined;
  /** A request was forwarded to the node at an address, and was served (`failure` undefined) or failed. */
  learnPrimary(shard: number, address: string, failure: KvError | undefined): void;
  /**
   * The ids of the nodes for which an offline shard waits: one of them has to return with its data, or an operator decides (R13).
   * Empty: a node that returns does not help. Undefined: the shard is not offline.
   */
  awaited(shard: number): readonly string[] | undefined;
}
