import type { ShardInfo } from '../../../wire/contract/kv-api.js';
import type { ShardHistory } from './shard-histories.js';

/**
 * The reason why a shard needs an operator. `two-histories`: replicas hold data of different histories, or ZooKeeper
 * names another history. `state-lost`: ZooKeeper has no state of the shard any more. `state-went-back`: ZooKeeper
 * shows an older state than replicas know. `replicas-gone`: no member of the in-sync set is live.
 */
export type OfflineCause = 'two-histories' | 'state-lost' | 'state-went-back' | 'replicas-gone';

/** Undefined: the shard is not offline and has one history. */
export function offlineCauseOf(
  { offline, replicas }: Pick<ShardInfo, 'offline' | 'replicas'>,
  histories: readonly ShardHistory[],
): OfflineCause | undefined {
  if (histories.length > 1) return 'two-histories';
  if (!offline) return undefined;
  const inSync = replicas.filter((replica) => replica.inSync);
  if (inSync.length === 0) return 'state-lost';
  return inSync.some(({ live }) => live) ? 'state-went-back' : 'replicas-gone';
}
