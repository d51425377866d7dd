/**
 * A pause among the faults: those that are under way end, and then the cluster must soon serve, as long as data is left, and
 * planned stops must come to their end.
 */
import { describe, isLost } from './ending.js';
import { require } from './violation.js';
import type { World } from './world.js';

const sliceMs = 50;
/** From the end of the last fault on: links and sessions are found dead and opened again, and the last in line claims. */
const servesWithinMs = 15_000;
const failsOverWithinMs = 4000;

export function rest(world: World): void {
  const { queue } = world;
  for (;;) {
    // What is over may have brought about more, and what was armed goes off.
    while (queue.nowMs < world.busyUntilMs) world.runUntil(world.busyUntilMs);
    const isServed = isRead(world) && !world.running.some(({ stopping }) => stopping);
    if (isLost(world) || isServed) return;
    require(queue.nowMs < world.busyUntilMs + servesWithinMs, () =>
      `${servesWithinMs} ms after the last fault nobody serves, or one that stops is still there: ${describe(world)}`);
    world.runUntil(queue.nowMs + sliceMs);
  }
}

/** Where members of the set are well, one of them takes over from a primary that is frozen before its session is over (R4). */
export function failOver(world: World): void {
  const { queue, ensemble } = world;
  const primary = world.processOf(ensemble.state?.primary ?? '');
  const others = world.running.filter((process) => process !== primary && process.stopping === false);
  const areWell = others.some(({ replicaId, session }) => session.connected && ensemble.state?.inSync.includes(replicaId));
  if (primary === undefined || !areWell) return;
  const endMs = queue.nowMs + failsOverWithinMs;
  primary.pause(failsOverWithinMs);
  world.faults += 1;
  world.trace.add(primary.nodeIndex, () => 'FAULT frozen amid a rest');
  do {
    world.runUntil(queue.nowMs + sliceMs);
    // What was armed has gone off, and may be over already.
    if (world.busyUntilMs > queue.nowMs || isLost(world)) break;
    require(queue.nowMs < endMs, () => `${failsOverWithinMs} ms after the primary froze nobody else serves: ${describe(world)}`);
  } while (!isRead(world));
  primary.resume();
}

function isRead({ running }: World): boolean {
  return running.some(({ replica, nowMs }) => replica.refusalOfRead(nowMs) === undefined);
}
