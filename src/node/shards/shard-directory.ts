/** Where the operations on a key go: the shard it belongs to, and what this node knows of that shard. */
import type { KvError } from '../../errors.js';
import type { LocalShard } from './local-shard.js';

export interface ShardDirectory {
  /** The same on every node, for good. */
  readonly shardCount: number;
  /** Undefined where this node holds no copy of the shard. */
  local(shard: number): LocalShard | undefined;
  /** Where the shard's primary is, as far as this node knows; undefined if it is unknown or this node itself. */
  primaryElsewhere(shard: number): string | undefined;
  /** What became of a request that was passed on to `asked`: served, or failed. */
  learnPrimary(shard: number, asked: string, failure: KvError | undefined): void;
  /** Whether the shard's data is out of reach until an operator or a returning node mends that. */
  isOffline(shard: number): boolean;
}
