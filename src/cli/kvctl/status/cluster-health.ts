/** Judges the health of a whole cluster. Pure. */
import type { ClusterHealth } from './fail-on.js';
import type { GatheredCluster } from './gather.js';
import { type ShardView, viewShards } from './shard-view.js';
import { collectWarnings } from './status-report.js';

export function healthOf(view: GatheredCluster): ClusterHealth {
  const shards = viewShards(view);
  if (shards.length === 0 || !shards.every(serves)) return 'not-serving';
  return shards.every(hasItsCopies) && collectWarnings(view).length === 0 ? 'serving' : 'warnings';
}

/** A primary with fewer copies in sync than min-in-sync answers reads and refuses every write. */
function serves({ state, inSync, info }: ShardView): boolean {
  return state === 'serving' && inSync >= info.minInSync;
}

function hasItsCopies({ inSync, inSyncLive, wanted }: ShardView): boolean {
  return inSyncLive === inSync && inSync >= wanted;
}
