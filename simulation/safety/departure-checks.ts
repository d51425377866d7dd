/**
 * Checks of planned departures: the proposals of a replica that leaves, and the set that it leaves behind (R12, R13,
 * R15).
 */
import { type Effect, nodeIdOf } from '../../src/replication/index.js';
import type { ReplicaProcess } from '../virtual/process.js';
import { require } from './violation.js';

type Proposal = Extract<Effect, { type: 'writeState' }>;

/** Checks a primary's proposal to hand over or to end the history, against all that the primary knows. */
export function checkDeparture(process: ReplicaProcess, { next }: Proposal, minInSync: number, volatile: boolean): void {
  const { replica, replicaId, knowledge } = process;
  const { state } = knowledge;
  if (!replica.isPrimaryIn(replica.epoch) || next.epoch === replica.epoch) return;
  const { commitIndex, lastSeq } = replica.status(0);
  const isDrained = commitIndex === lastSeq || (state?.inSync.length ?? 0) < minInSync;
  if (next.primary === undefined) {
    const others = knowledge.candidates.filter(
      (candidate) => candidate.replicaId !== replicaId && !candidate.stopping && belongs(process, candidate.replicaId),
    );
    require(volatile, () => `${replicaId} ends a history that is on disk`);
    require(state?.inSync.join() === replicaId, () => `${replicaId} ends a history with ${state?.inSync.join(', ')} in sync`);
    require(others.length === 0, () => `${replicaId} ends a history though ${others[0]?.replicaId} could go on with it`);
  } else {
    const successor = knowledge.candidates.find((candidate) => candidate.replicaId === next.primary);
    const isImpaired = knowledge.candidates.some((candidate) => candidate.replicaId === replicaId && candidate.impaired);
    require(process.stopping || isImpaired || isToHandOver(process, next.primary), () =>
      `${replicaId} hands over to ${next.primary}, and neither stops nor is to: the shard belongs on ${knowledge.placed}`);
    require(process.stopping || !successor?.impaired, () => `${replicaId} hands over to ${next.primary}, whose database is away`);
    require(state?.inSync.includes(next.primary) === true, () => `${replicaId} hands over to ${next.primary}, not in sync`);
    require(successor?.stopping === false, () => `${replicaId} hands over to ${next.primary}, which is stopping or gone`);
    require(next.inSync.join() === state?.inSync.join(), () => `${replicaId} hands over the set as ${next.inSync.join(', ')}`);
    const isToGo = !process.stopping && !isImpaired && !belongs(process, replicaId);
    if (isToGo) requireWhole(process, next.inSync, () => `${replicaId} hands over to go`);
  }
  require(isDrained, () => `${replicaId} leaves at ${commitIndex} what it has appended up to ${lastSeq}`);
}

function belongs({ knowledge }: ReplicaProcess, replicaId: string): boolean {
  return knowledge.placed?.includes(nodeIdOf(replicaId)) ?? true;
}

/** True if the shard belongs elsewhere, or prefers the successor's node (R15). */
function isToHandOver(process: ReplicaProcess, successor: string): boolean {
  const { placed } = process.knowledge;
  if (placed === undefined) return false;
  const isPlaced = belongs(process, process.replicaId);
  return isPlaced ? nodeIdOf(successor) === placed[0] : belongs(process, successor);
}

/**
 * A primary gives a copy only to replicas on nodes where the shard belongs, as far as it knows, and takes only those
 * into the set (R15).
 */
export function checkGiven(process: ReplicaProcess, ids: readonly string[]): void {
  for (const id of ids)
    require(belongs(process, id), () => `${process.replicaId} gives the shard to ${id}, where it does not belong`);
}

/**
 * When a primary proposes to remove members because the shard has moved, each node where the shard belongs keeps a
 * member (R15).
 */
export function checkMoved(process: ReplicaProcess, removed: readonly { readonly id: string; readonly reason: string }[]): void {
  const moved = removed.filter(({ reason }) => reason === 'moved');
  if (moved.length === 0) return;
  const staying = (process.knowledge.state?.inSync ?? []).filter((id) => !removed.some((removal) => removal.id === id));
  requireWhole(process, staying, () => `${process.replicaId} takes out ${moved.map(({ id }) => id).join(', ')}`);
  for (const { id } of moved) require(!belongs(process, id), () => `${process.replicaId} takes out ${id}, which belongs there`);
}

/**
 * A replica is released only if, as far as it knows, no set counts on its copy and every node where the shard belongs
 * has one (R15).
 */
export function checkRelease(process: ReplicaProcess, inSync: readonly string[]): void {
  const { replicaId, replica, knowledge } = process;
  require(!belongs(process, replicaId), () => `${replicaId} is released, and belongs there`);
  require(!inSync.includes(replicaId), () => `${replicaId} is released, and is in sync`);
  const { state } = knowledge;
  const holdsNothing = state === undefined ? replica.status(0).lastSeq === 0 : state.primary === undefined;
  if (!holdsNothing) requireWhole(process, state?.inSync ?? [], () => `${replicaId} is released`);
}

function requireWhole({ knowledge }: ReplicaProcess, members: readonly string[], what: () => string): void {
  const nodes = new Set(members.map((id) => nodeIdOf(id)));
  const lacking = knowledge.placed?.find((name) => !nodes.has(name));
  require(lacking === undefined, () => `${what()}, and ${lacking} has no member among ${members.join(', ')}`);
}

/**
 * A replica whose data ends with its process must not stop cleanly while a set counts on it, or while its own
 * proposal of such a set may succeed. A joiner that reads from a lagging server may not know yet that it was added;
 * for the others it is then a member that crashes. Only a primary that is alone in its set stops as a member, if its
 * data stays on disk.
 */
export function checkCleanStop({ replica, replicaId, knowledge }: ReplicaProcess, wasPrimary: boolean, volatile: boolean): void {
  const { state, proposed } = knowledge;
  const isLast = !volatile && wasPrimary && state?.inSync.join() === replicaId && proposed === undefined;
  const members = [...(state?.inSync ?? []), ...(proposed?.inSync ?? [])];
  require(isLast || !members.includes(replicaId), () =>
    `${replicaId} has stopped in epoch ${replica.epoch}, cleanly, and is in sync`);
}
