/**
 * A database ceases to answer where members of the set are well: the primary of that node hands over soon (R12). While that lasts,
 * its replica does not take over if another member can.
 */
import type { SimProcess } from '../cluster/sim-process.js';
import type { Site } from '../cluster/site.js';
import type { World } from '../cluster/world.js';
import { require } from '../safety/violation.js';
import { describeRun, isLost } from './ending.js';

const sliceMs = 50;
/** The longest time until another replica serves, from when the database counts as one that does not answer. */
const handsOverWithinMs = 4000;
/** The same from the freeze of a primary: a grace, and the wait in line. */
const claimsWithinMs = 5000;
/** The longest wait for joiners. Any other fault ends it. */
const gathersWithinMs = 5000;
/** A key that no client writes: only the database can say that it is absent. */
const absentKey = 'absent';

export function failOverState(site: Site): void {
  const world = site.worlds[0]!;
  gather(site, world);
  const primary = world.processOf(world.ensemble.state?.primary ?? '');
  if (primary?.behind === undefined || !isWell(world, primary) || others(world, primary).length === 0) return;
  const { machine } = world.nodes[primary.nodeIndex]!;
  const { timeoutMs } = world.plan.setup.lag!;
  machine.stateAwayUntilMs = Number.POSITIVE_INFINITY;
  site.faults += 1;
  world.trace.add(primary.nodeIndex, () => 'FAULT its database ceases to answer amid a rest');
  primary.behind.whenRows([absentKey], () => {});
  const isOver = waitFor(site, world, primary, timeoutMs + handsOverWithinMs);
  if (isOver) takeOverAgain(site, world, primary);
  machine.stateAwayUntilMs = site.queue.nowMs;
}

/** Waits a while until all that run are well. */
function gather(site: Site, world: World): void {
  const endMs = site.queue.nowMs + gathersWithinMs;
  while (site.queue.nowMs < endMs && !world.running.every((process) => isWell(world, process))) {
    if (site.busyUntilMs > site.queue.nowMs) return;
    site.runUntil(site.queue.nowMs + sliceMs);
  }
}

/** The successor freezes. @param away the database of this member does not answer */
function takeOverAgain(site: Site, world: World, away: SimProcess): void {
  const serving = servingIn(world);
  const knows = away.knowledge.candidates.some(({ replicaId, impaired }) => replicaId === away.replicaId && impaired);
  if (serving === undefined || !knows || !isWell(world, away)) return;
  const able = others(world, serving).filter((one) => one !== away);
  if (able.length === 0) return;
  const { machine } = world.nodes[serving.nodeIndex]!;
  machine.pause(claimsWithinMs);
  world.trace.add(serving.nodeIndex, () => 'FAULT frozen: a member whose database answers takes over');
  // An armed fault may take those that are able to lead.
  if (waitFor(site, world, serving, claimsWithinMs) && able.every((one) => isWell(world, one)))
    require(servingIn(world) !== away, () =>
      `${away.replicaId} takes over, whose database does not answer: ${describeRun(world)}`);
  machine.resume();
}

/** Returns whether another replica serves. False: something else has happened. */
function waitFor(site: Site, world: World, left: SimProcess, withinMs: number): boolean {
  const { queue } = site;
  const endMs = queue.nowMs + withinMs;
  for (let serving = servingIn(world); serving === undefined || serving === left; serving = servingIn(world)) {
    // An armed fault has struck, and may be over already.
    if (site.busyUntilMs > queue.nowMs || isLost(world) || world.ensemble.isOlder) return false;
    require(queue.nowMs < endMs, () =>
      `${withinMs} ms after ${left.replicaId} was to be replaced nobody is: ${describeRun(world)}`);
    site.runUntil(queue.nowMs + sliceMs);
  }
  return true;
}

function servingIn({ running }: World): SimProcess | undefined {
  return running.find(({ replica, nowMs }) => replica.refusalOfRead(nowMs) === undefined);
}

/** Members that can take over. */
function others(world: World, than: SimProcess): SimProcess[] {
  return world.running.filter((process) => process !== than && isWell(world, process));
}

function isWell({ ensemble, nodes }: World, { replicaId, session, stopping, nodeIndex, runs }: SimProcess): boolean {
  const isMember = ensemble.state?.inSync.includes(replicaId) === true && !ensemble.isOlder;
  return isMember && runs && session.connected && !stopping && !nodes[nodeIndex]!.machine.isLeaving;
}
