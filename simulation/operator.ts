/**
 * The operator: gives up what only dead members held, and keeps the vow that goes with it (R13). Members of the in-sync set
 * are made sure to be dead for good first; where ZooKeeper has lost `state`, everyone must have said so.
 */
import type { SimProcess } from './sim-process.js';
import type { World } from './world.js';

/** Whether the command was given. */
export function callOperator(world: World): boolean {
  const live = world.nodes.flatMap(({ process }) => process ?? []);
  const candidates = live.filter(({ runs, stopping, session }) => runs && !stopping && session.connected);
  if (candidates.length === 0) return false;
  const { state } = world.ensemble;
  if (state === undefined) {
    if (!world.isStateLost || live.some((process) => process.paused || !process.replica.snapshot(process.nowMs).offline))
      return false;
    for (const node of world.nodes) if (node.process === undefined) world.loseData(node.index);
  } else {
    if (state.primary === undefined || !state.inSync.every((id) => isGone(world, id))) return false;
    for (const node of world.nodes) {
      if (node.kept !== undefined && state.inSync.includes(node.kept.replicaId)) world.loseData(node.index);
    }
  }
  const best = candidates.reduce((one, other) => (isBetter(other, one) ? other : one));
  world.trace.add(best.nodeIndex, () => `OPERATOR forces ${best.replicaId}`);
  best.handle({ type: 'force', token: () => {} });
  return true;
}

/** No process holds it, and none has it registered. */
function isGone(world: World, replicaId: string): boolean {
  return (
    world.processOf(replicaId) === undefined &&
    !world.ensemble.now.candidates.some((candidate) => candidate.replicaId === replicaId)
  );
}

/** The complete one with the longest history, as the command chooses. */
function isBetter(one: SimProcess, other: SimProcess): boolean {
  const [first, second] = [one.replica.snapshot(one.nowMs), other.replica.snapshot(other.nowMs)];
  if (first.complete !== second.complete) return first.complete;
  if (first.lastEpoch !== second.lastEpoch) return first.lastEpoch > second.lastEpoch;
  return first.lastSeq > second.lastSeq;
}
