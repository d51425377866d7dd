/** How a node may leave on a plan: what it proposes on its way out, and what it leaves behind (R12, R13). */
import type { Effect } from '../src/replication/index.js';
import type { SimProcess } from './sim-process.js';
import { require } from './violation.js';

type Proposal = Extract<Effect, { type: 'writeState' }>;

/** A new proposal of a primary, by all that it knows: it hands over, or ends the history. */
export function checkDeparture(process: SimProcess, { next }: Proposal, minInSync: number, volatile: boolean): void {
  const { replica, replicaId, knowledge } = process;
  const { state } = knowledge;
  if (!replica.isPrimaryIn(replica.epoch) || next.epoch === replica.epoch) return;
  const { commitIndex, lastSeq } = replica.snapshot(0);
  const isDrained = commitIndex === lastSeq || (state?.inSync.length ?? 0) < minInSync;
  if (next.primary === undefined) {
    const others = knowledge.candidates.filter((candidate) => candidate.replicaId !== replicaId && !candidate.stopping);
    require(volatile, () => `${replicaId} ends a history that is on disk`);
    require(state?.inSync.join() === replicaId, () => `${replicaId} ends a history with ${state?.inSync.join(', ')} in sync`);
    require(others.length === 0, () => `${replicaId} ends a history though ${others[0]?.replicaId} could go on with it`);
  } else {
    const successor = knowledge.candidates.find((candidate) => candidate.replicaId === next.primary);
    require(process.stopping, () => `${replicaId} hands over and is not stopping`);
    require(state?.inSync.includes(next.primary) === true, () => `${replicaId} hands over to ${next.primary}, not in sync`);
    require(successor?.stopping === false, () => `${replicaId} hands over to ${next.primary}, which is stopping or gone`);
    require(next.inSync.join() === state?.inSync.join(), () => `${replicaId} hands over the set as ${next.inSync.join(', ')}`);
  }
  require(isDrained, () => `${replicaId} leaves at ${commitIndex} what it has appended up to ${lastSeq}`);
}

/**
 * Whose data ends with the process leaves no set behind that counts on it, nor one that it may yet bring about. A joiner
 * that reads from a server that lags may not know yet that it was added: for the others it is then a member that crashes.
 * Only a primary that has nobody else goes as a member, where its data stays on disk.
 */
export function checkCleanStop({ replica, replicaId, knowledge }: SimProcess, wasPrimary: boolean, volatile: boolean): void {
  const { state, proposed } = knowledge;
  const isLast = !volatile && wasPrimary && state?.inSync.join() === replicaId && proposed === undefined;
  const members = [...(state?.inSync ?? []), ...(proposed?.inSync ?? [])];
  require(isLast || !members.includes(replicaId), () =>
    `${replicaId} has stopped in epoch ${replica.epoch}, cleanly, and is in sync`);
}
