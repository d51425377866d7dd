/**
 * The end of a schedule: the faults are over, and the cluster must serve again. If no copy of the data is left, every
 * replica must report that, and the cluster must serve once the operator has accepted the loss (R13).
 */
import { place } from '../../src/placement/index.js';
import { endOf } from '../../src/replication/index.js';
import { sha256 } from '../cluster/agent.js';
import type { Site } from '../cluster/site.js';
import type { World } from '../cluster/world.js';
import { require } from '../safety/violation.js';
import { callOperator, isDivided, isStranded } from './operator.js';

const sliceMs = 100;
/**
 * The longest time from the last fault until the cluster is stable. Sessions of dead processes expire within it, and
 * joiners enter one after the other.
 */
const stableWithinMs = 60_000;
/**
 * The same where nodes place shards: vanished nodes are replaced and later taken back, and one move follows the
 * other.
 */
const placedWithinMs = 200_000;
/** Within this time every replica has noticed that no copy is left: sessions expire, and then a grace passes. */
const offlineWithinMs = 15_000;

export function bringToRest(site: Site): void {
  const { queue, worlds } = site;
  // A fault that is over may have caused more, such as a restart after a crash, which others notice later.
  while (queue.nowMs < site.busyUntilMs) site.runUntil(site.busyUntilMs);
  const withinMs = site.rules === undefined ? stableWithinMs : placedWithinMs;
  const endMs = queue.nowMs + withinMs;
  const lostSinceMs = new Map<World, number>();
  for (let unstable = worlds.find(isUnstable); unstable !== undefined || !isSettled(site); unstable = worlds.find(isUnstable)) {
    require(queue.nowMs < endMs, () =>
      `the cluster does not serve again within ${withinMs} ms: ${describeRun(unstable ?? worlds[0]!)}${describePlacement(site)}`);
    site.runUntil(queue.nowMs + sliceMs);
    for (const world of worlds) attend(world, lostSinceMs);
  }
}

function isUnstable(world: World): boolean {
  return !isStable(world);
}

/** The operator's work for one shard. If its data is lost, every replica must report that within a while. */
function attend(world: World, lostSinceMs: Map<World, number>): void {
  const { nowMs } = world.queue;
  settleHistories(world);
  if (!isLost(world)) {
    lostSinceMs.delete(world);
    return;
  }
  const sinceMs = lostSinceMs.get(world) ?? nowMs;
  lostSinceMs.set(world, sinceMs);
  if (everyoneSaysOffline(world) && callOperator(world)) lostSinceMs.delete(world);
  else require(nowMs - sinceMs < offlineWithinMs, () => `no copy is left, and not everyone says so: ${describeRun(world)}`);
}

/** Where ZooKeeper has lost data the operator decides which history goes on. */
export function settleHistories(world: World): void {
  if (isStranded(world) || isDivided(world)) callOperator(world);
}

/** Every node is registered, and `place()` would change nothing. */
function isSettled(site: Site): boolean {
  const { rules, registry, machines, worlds } = site;
  if (rules === undefined) return true;
  const placement = registry.state;
  const live = registry.now.candidates.filter(({ stopping }) => !stopping);
  if (placement === undefined || live.length < machines.length) return false;
  const nodes = machines.map(({ name }) => {
    const { zone, weight } = site.registrationOf(name, false);
    return { id: name, zone, weight };
  });
  return place(placement, nodes, { ...rules, shardCount: worlds.length, sha256 }) === placement;
}

function describePlacement({ registry }: Site): string {
  return `\nplacement ${JSON.stringify(registry.now)}`;
}

/**
 * Every node where the shard belongs is in sync, no other node has any data of it, and the preferred primary serves
 * (R15).
 */
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
  // A primary that was frozen while ZooKeeper went back serves another epoch for a moment.
  if (primary?.replica.epochId !== endOf(state).id) return false;
  return primary.replica.refusalOfRead(primary.nowMs) === undefined;
}

/** No member of the in-sync set has its data any more, or ZooKeeper has lost the set. */
export function isLost(world: World): boolean {
  const { state } = world.ensemble;
  if (state === undefined) return world.isStateLost;
  return state.primary !== undefined && state.inSync.every((id) => world.diskOf(id)?.destroyed === true);
}

function everyoneSaysOffline(world: World): boolean {
  return world.running.every((process) => {
    const { offline, serving } = process.replica.status(process.nowMs);
    require(!serving || world.isStateLost, () => `${process.replicaId} serves, though no member of the in-sync set has its data`);
    return offline;
  });
}

export function describeRun(world: World): string {
  const snapshots = world.nodes.map(({ name, process }) =>
    process === undefined ? `${name} is down` : JSON.stringify(process.replica.status(process.nowMs)),
  );
  return [`state ${JSON.stringify(world.ensemble.now.znode)}`, ...snapshots].join('\n');
}
