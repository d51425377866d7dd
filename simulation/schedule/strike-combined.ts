/** Faults that strike several targets at once, where a rule is thinnest. */

import type { SimNode } from '../cluster/sim-node.js';
import type { SimProcess } from '../cluster/sim-process.js';
import type { World } from '../cluster/world.js';
import type { Fault } from '../plan/decision.js';

export function loseAnswerOfSuccessor(world: World, fault: Extract<Fault, { kind: 'unheard' }>, process: SimProcess): boolean {
  const { queue, site, ensemble } = world;
  const reconnectMs = 1 + process.random.below(fault.forMs);
  process.session.loseNext = { lateMs: 0, reconnectMs };
  const sessions = site.machines.flatMap((machine) => machine.sessions);
  for (const session of sessions) session.shown.lagMs = fault.lagMs;
  queue.after(fault.forMs, () => {
    for (const session of sessions) session.shown.lagMs = 0;
  });
  const old = world.processOf(ensemble.state?.primary ?? '');
  if (old === undefined || old === process) return true;
  const { machine } = world.nodes[old.nodeIndex]!;
  for (const session of machine.sessions) session.hangsUntilMs = queue.nowMs + fault.forMs;
  machine.resume();
  return true;
}

export function delaySnapshot(world: World, fault: Extract<Fault, { kind: 'lateSnapshot' }>, joiner: SimNode): boolean {
  const { queue, ensemble } = world;
  joiner.snapshotLateMs = fault.lateMs;
  queue.after(fault.forMs, () => {
    joiner.snapshotLateMs = 0;
    const primary = world.processOf(ensemble.state?.primary ?? '');
    if (fault.then === 'new stream') primary?.run(() => primary.links.breakTo(joiner.index, undefined));
    if (fault.then === 'new epoch' && primary !== undefined) world.nodes[primary.nodeIndex]!.machine.pause(fault.lateMs);
  });
  return true;
}
