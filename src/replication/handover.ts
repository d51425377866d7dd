/**
 * A planned stop (R12, R13): a backup waits until it is out of the in-sync set, a primary hands over, and the last
 * member of a shard that lives in memory ends its history rather than leave one behind that nobody can continue.
 */
import type { Core } from './core.js';
import type { CandidateFact } from './event.js';
import { isOlder } from './offline.js';
import { isPlaced } from './placed.js';
import type { Primary } from './role.js';
import { ended, handedOver, type ReplicaId, type ShardState } from './shard-state.js';
import type { ProposalPurpose } from './state-register.js';
import { exit } from './transitions.js';

export function onStop(core: Core, deadlineMs: number): void {
  core.stopping ??= { deadlineMs };
  maybeStop(core);
}

export function maybeStop(core: Core): void {
  if (core.stopping === undefined || core.stopped) return;
  if (core.nowMs >= core.stopping.deadlineMs) return exit(core, false);
  if (core.role.kind === 'follower') maybeLeave(core);
  else if (core.role.kind === 'primary') maybeHandOver(core, core.role);
}

/**
 * A joiner holds nothing that others rely on; a backup waits for the primary to take it out. One that has known an epoch, and
 * reads that there is no `state`, cannot tell which of them it is: that may come from a server that lags (R13).
 */
function maybeLeave(core: Core): void {
  if (core.register.proposal === undefined && !mayBeMember(core)) exit(core, true);
}

function mayBeMember(core: Core): boolean {
  const { state } = core.register;
  if (state === undefined) return !core.isNew || core.mayHaveBegun;
  // A state that went back, or is of another history, tells nothing of who counts on this copy.
  if (isOlder(core, state) || core.foundHistory !== undefined) return true;
  return core.isInSync || state.primary === core.self;
}

export function mayHandOver(role: Primary): boolean {
  return role.serving && !role.paused && !role.ending && role.handover?.stage !== 'proposed';
}

function maybeHandOver(core: Core, role: Primary): void {
  if (!mayHandOver(role)) return;
  const successor = chooseSuccessor(core, role);
  if (successor !== undefined) return void drainAndPropose(core, role, successor);
  role.handover = undefined;
  // Members that stop or are gone are taken out by maybeChangeMembers; only then is this replica alone.
  if (core.register.required.length > 1 || core.register.proposal !== undefined) return;
  if (!core.options.volatile) return exit(core, true);
  const someoneMayJoin = core.candidates.some(
    ({ replicaId, stopping }) => replicaId !== core.self && !stopping && isPlaced(core, replicaId),
  );
  if (!someoneMayJoin) endHistory(core, role);
}

/** The lowest candidate that may: one where the shard belongs, if there is any. */
function chooseSuccessor(core: Core, role: Primary): ReplicaId | undefined {
  const able = core.candidates.filter((candidate) => maySucceed(core, role, candidate));
  const placed = able.filter(({ replicaId }) => isPlaced(core, replicaId));
  const [first] = (placed.length > 0 ? placed : able).sort((one, other) => one.order - other.order);
  return first?.replicaId;
}

/** It is in sync, answers, and is not stopping. */
export function maySucceed(core: Core, role: Primary, { replicaId, stopping }: CandidateFact): boolean {
  const peer = role.peers.get(replicaId);
  const inSync = core.register.confirmed.includes(replicaId) && peer?.phase === 'replicating' && !peer.refused;
  return inSync && !stopping && !peer.stopping && !peer.leaving && core.nowMs - peer.leaseSentMs < core.options.leaseMs;
}

/** New writes are refused while those appended are committed, so that none of them ends as unknown. Whether it has proposed. */
export function drainAndPropose(core: Core, role: Primary, successor: ReplicaId): boolean {
  if (role.handover?.successor !== successor) {
    role.handover = { successor, stage: 'draining' };
    core.note({ kind: 'handover', to: successor });
  }
  const { register, log } = core;
  const canCommit = register.confirmed.length >= core.options.minInSync;
  const drained = canCommit ? core.commitIndex === log.lastSeq : role.peers.get(successor)?.ackedSeq === log.lastSeq;
  const state = stateToLeave(core);
  if (!drained || state === undefined) return false;
  // From before it is sent until it has definitely failed, no reads (R12).
  role.handover.stage = 'proposed';
  propose(core, 'handover', handedOver(state, successor, core.mintId()));
  return true;
}

/** Undefined: nothing may be proposed, or a set that came back with an older `state` has to be put right first (R7). */
function stateToLeave(core: Core): ShardState | undefined {
  const { state } = core.register;
  return core.mayWriteState && state !== undefined && !isOlder(core, state) ? state : undefined;
}

/** From before it is sent until it has definitely failed, nothing is served (R13). */
function endHistory(core: Core, role: Primary): void {
  const { register, log } = core;
  const state = stateToLeave(core);
  if (state === undefined) return;
  if (core.commitIndex < log.lastSeq && register.confirmed.length >= core.options.minInSync) return;
  role.ending = true;
  propose(core, 'end', ended(state, log.lastSeq, core.mintId()));
}

function propose(core: Core, purpose: ProposalPurpose, next: ShardState): void {
  const proposal = core.register.propose(purpose, next, core.nowMs);
  core.emit({ type: 'writeState', proposal: proposal.number, expectedVersion: proposal.expectedVersion, next });
}
