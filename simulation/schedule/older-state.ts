/**
 * ZooKeeper comes back with an older `state`. If no process knew that it is older, acknowledged writes could be lost
 * without notice. So ZooKeeper goes back only in two cases. Each member of the older set knows a newer state, or still
 * holds everything, or is gone for good. Or the older state is of the same epoch, whose primary keeps its data and
 * knows of every removal; then a member that was removed may claim, and begin another line.
 */
import { endOf, type ShardState } from '../../src/replication/index.js';
import type { World } from '../cluster/world.js';

/** The highest number of changes that are lost. */
const mostChanges = 3;

/** Returns whether ZooKeeper went back. */
export function goBack(world: World): boolean {
  const { ensemble, random, trace } = world;
  const { history, state, leastIndex } = ensemble;
  if (state === undefined) return false;
  const indexes = history.flatMap(({ znode }, index) =>
    index >= leastIndex && znode !== history[index - 1]?.znode ? [index] : [],
  );
  const older = indexes.slice(-1 - mostChanges, -1).filter((index) => {
    const before = history[index]!.znode?.state;
    return before !== undefined && isKnownToBeOlder(world, before, state);
  });
  if (older.length === 0) return false;
  const { znode } = history[random.pick(older)]!;
  trace.add(undefined, () => `ZooKeeper comes back with ${JSON.stringify(znode)}`);
  ensemble.goBackTo(znode);
  return true;
}

function isKnownToBeOlder(world: World, before: ShardState, now: ShardState): boolean {
  // No replica is left that knows of an ended history.
  if (before.primary === undefined) return false;
  const isSameEpoch = before.epoch === now.epoch;
  if (isSameEpoch && knowsRemovals(world, now)) return true;
  // A process that does not know a newer epoch may be the primary of this one, and cut off from those that do. It would go on (R7).
  if (!isSameEpoch && world.running.some(({ replica }) => replica.epoch <= before.epoch)) return false;
  return before.inSync.every((id) => {
    const disk = world.diskOf(id);
    if (disk === undefined || disk.destroyed) return true;
    return isSameEpoch ? now.inSync.includes(id) : disk.epoch > before.epoch;
  });
}

/**
 * The primary knows the removals, on its disk: no write relied on one that it learns of later. Or its data is gone,
 * and another member has learned of the removals before any write relied on them.
 */
function knowsRemovals(world: World, { primary, inSync, lineage }: ShardState): boolean {
  const end = endOf({ lineage });
  const isGone = world.diskOf(primary ?? '')?.destroyed === true;
  const knowing = isGone ? inSync : inSync.filter((id) => id === primary);
  return knowing.some((id) => {
    const disk = world.diskOf(id);
    const known = disk?.line?.lineage.at(-1);
    return disk?.destroyed === false && (isGone || (known?.id === end.id && known.removals === end.removals));
  });
}
