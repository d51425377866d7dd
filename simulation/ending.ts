/**
 * The end of a schedule: the faults are over, and the cluster must serve again, unless no copy of the data is left. Then it
 * must say so, and go on once the operator has accepted the loss (R13).
 */
import { callOperator, isStranded } from './operator.js';
import { require } from './violation.js';
import type { World } from './world.js';

const sliceMs = 100;
/** From the last fault on. Sessions of the dead expire within it, and joiners come in one after the other. */
const stableWithinMs = 60_000;
/** Everyone has noticed by then that nobody holds the data: sessions expire, and then a grace passes. */
const offlineWithinMs = 15_000;

export function bringToRest(world: World): void {
  // What is over may have brought about more: a restart after a crash, which somebody else then notices.
  while (world.queue.nowMs < world.busyUntilMs) world.runUntil(world.busyUntilMs);
  const endMs = world.queue.nowMs + stableWithinMs;
  let lostSinceMs: number | undefined;
  while (!isStable(world)) {
    require(world.queue.nowMs < endMs, () => `the cluster does not serve again within ${stableWithinMs} ms: ${describe(world)}`);
    world.runUntil(world.queue.nowMs + sliceMs);
    if (isStranded(world)) callOperator(world);
    if (!isLost(world)) lostSinceMs = undefined;
    else {
      lostSinceMs ??= world.queue.nowMs;
      if (everyoneSaysOffline(world) && callOperator(world)) lostSinceMs = undefined;
      else
        require(world.queue.nowMs - lostSinceMs < offlineWithinMs, () =>
          `no copy is left, and not everyone says so: ${describe(world)}`);
    }
  }
}

/** Every node where the shard belongs is in sync, and no other has anything of it; the preferred primary serves (R15). */
function isStable(world: World): boolean {
  const { state } = world.ensemble;
  const { nodes, preferred } = world.placement;
  if (state === undefined || state.inSync.length !== nodes.length) return false;
  const isWhole = nodes.every((index) => {
    const { process } = world.nodes[index]!;
    return process?.stopping === false && state.inSync.includes(process.replicaId);
  });
  const others = world.nodes.filter(({ index }) => !nodes.includes(index));
  if (!isWhole || others.some(({ process, kept }) => process !== undefined || kept !== undefined)) return false;
  if (preferred !== undefined && world.nodeIndexOf(state.primary ?? '') !== preferred) return false;
  const primary = world.processOf(state.primary ?? '');
  return primary?.replica.refusalOfRead(primary.nowMs) === undefined;
}

/** No member of the in-sync set has its data any more, or nobody knows who the members are. */
export function isLost(world: World): boolean {
  const { state } = world.ensemble;
  if (state === undefined) return world.isStateLost;
  return state.primary !== undefined && state.inSync.every((id) => world.diskOf(id)?.destroyed === true);
}

function everyoneSaysOffline(world: World): boolean {
  return world.running.every((process) => {
    const { offline, serving } = process.replica.snapshot(process.nowMs);
    require(!serving || world.isStateLost, () => `${process.replicaId} serves, though no member of the in-sync set has its data`);
    return offline;
  });
}

export function describe(world: World): string {
  const snapshots = world.nodes.map(({ name, process }) =>
    process === undefined ? `${name} is down` : JSON.stringify(process.replica.snapshot(process.nowMs)),
  );
  return [`state ${JSON.stringify(world.ensemble.now.znode)}`, ...snapshots].join('\n');
}
