/**
 * A pause among the faults. Those under way end, and then the cluster must soon serve, as long as data is left, and
 * planned stops must end.
 */

import type { Site } from '../cluster/site.js';
import type { World } from '../cluster/world.js';
import { require } from '../safety/violation.js';
import { describeRun, isLost, settleHistories } from './ending.js';

const sliceMs = 50;
/**
 * The longest time from the end of the last fault until the cluster serves: dead links and sessions are noticed and
 * opened again, and the last in line claims.
 */
const servesWithinMs = 15_000;
const failsOverWithinMs = 4000;

export function rest(site: Site): void {
  const { queue, worlds } = site;
  for (;;) {
    // A fault that is over may have caused more, and an armed fault may strike.
    while (queue.nowMs < site.busyUntilMs) site.runUntil(site.busyUntilMs);
    for (const world of worlds) settleHistories(world);
    const waiting = worlds.find((world) => !isLost(world) && !(isRead(world) && !world.running.some(({ stopping }) => stopping)));
    if (waiting === undefined) return;
    require(queue.nowMs < site.busyUntilMs + servesWithinMs, () =>
      `${servesWithinMs} ms after the last fault nobody serves, or one that stops is still there: ${describeRun(waiting)}`);
    site.runUntil(queue.nowMs + sliceMs);
  }
}

/**
 * Where members of the set are well, one of them takes over from a primary that is frozen before its session is over
 * (R4).
 */
export function failOver(site: Site): void {
  const { queue, worlds } = site;
  const world = worlds[0]!;
  const { ensemble } = world;
  const primary = world.processOf(ensemble.state?.primary ?? '');
  const others = world.running.filter(
    (process) => process !== primary && process.stopping === false && !world.nodes[process.nodeIndex]!.machine.isLeaving,
  );
  const areWell = others.some(({ replicaId, session }) => session.connected && ensemble.state?.inSync.includes(replicaId));
  // Where ZooKeeper went back an operator has to decide.
  if (primary === undefined || !areWell || ensemble.isOlder) return;
  const endMs = queue.nowMs + failsOverWithinMs;
  const { machine } = world.nodes[primary.nodeIndex]!;
  machine.pause(failsOverWithinMs);
  site.faults += 1;
  world.trace.add(primary.nodeIndex, () => 'FAULT frozen amid a rest');
  do {
    site.runUntil(queue.nowMs + sliceMs);
    // An armed fault has struck, and may be over already.
    if (site.busyUntilMs > queue.nowMs || isLost(world)) break;
    require(queue.nowMs < endMs, () =>
      `${failsOverWithinMs} ms after the primary froze nobody else serves: ${describeRun(world)}`);
  } while (!isRead(world));
  machine.resume();
}

function isRead({ running }: World): boolean {
  return running.some(({ replica, nowMs }) => replica.refusalOfRead(nowMs) === undefined);
}
