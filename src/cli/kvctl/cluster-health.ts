/** Judges the health of a whole cluster, and the exit code of `kvctl status` for it. Pure. */
import { type ExitCode, exitCodes } from './exit-codes.js';
import type { GatheredCluster } from './gather.js';
import { type ShardView, viewShards } from './shard-view.js';
import { collectWarnings } from './status-report.js';

/**
 * `serving`: every shard serves, and there are no warnings. `warnings`: every shard serves reads and writes, but a
 * copy is missing, a node does not answer, or a node warns. `not-serving`: some shard does not serve reads or writes.
 */
export type ClusterHealth = 'serving' | 'warnings' | 'not-serving';

/** `never`: every cluster whose status could be read gives exit code 0. */
export type FailOn = 'warnings' | 'not-serving' | 'never';

export const failOnLevels: readonly FailOn[] = ['warnings', 'not-serving', 'never'];

/** With this level `kvctl status && next` runs `next` only if every shard serves, as a rolling restart needs. */
export const defaultFailOn: FailOn = 'not-serving';

export function healthOf(view: GatheredCluster): ClusterHealth {
  const shards = viewShards(view);
  if (shards.length === 0 || !shards.every(serves)) return 'not-serving';
  return shards.every(hasItsCopies) && collectWarnings(view).length === 0 ? 'serving' : 'warnings';
}

export function exitCodeOfHealth(health: ClusterHealth, failOn: FailOn): ExitCode {
  if (health === 'serving' || failOn === 'never') return exitCodes.ok;
  if (health === 'not-serving') return exitCodes.notServing;
  return failOn === 'warnings' ? exitCodes.servesWithWarnings : exitCodes.ok;
}

/** A primary with fewer copies in sync than min-in-sync answers reads and refuses every write. */
function serves({ state, inSync, info }: ShardView): boolean {
  return state === 'serving' && inSync >= info.minInSync;
}

function hasItsCopies({ inSync, inSyncLive, wanted }: ShardView): boolean {
  return inSyncLive === inSync && inSync >= wanted;
}
