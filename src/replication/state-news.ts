/**
 * What a replica learns of `state`: from a read, or from the answer to its own compare-and-set (R7, R8, R12, R13).
 * Both end in `follow`, so that it makes no difference which came first.
 */
import type { Core } from './core.js';
import type { ProposalOutcome } from './event.js';
import { invariant } from './invariant.js';
import type { ShardState } from './shard-state.js';
import type { Proposal } from './state-register.js';
import { adoptEpoch, becomeFollower, becomePrimary, exit } from './transitions.js';

export function onStateRead(core: Core, version: number, state: ShardState): void {
  const before = core.register.state;
  const news = core.register.observe(version, state);
  if (news === undefined) return;
  const { settled } = news;
  // Content tells: the present state names us in the epoch we asked for, whichever of our attempts wrote it.
  const succeeded = settled !== undefined && state.epoch === settled.next.epoch && state.primary === settled.next.primary;
  conclude(core, state, settled, succeeded);
  noteMembers(core, before, state);
}

export function onProposalResult(core: Core, number: number, outcome: ProposalOutcome): void {
  const before = core.register.state;
  const settled = core.register.settle(number, outcome);
  if (settled === undefined) {
    if (outcome.kind === 'conflict' || outcome.kind === 'missing') core.emit({ type: 'refreshState' });
    return;
  }
  if (settled.succeeded) {
    conclude(core, settled.proposal.next, settled.proposal, true);
    noteMembers(core, before, settled.proposal.next);
  } else failed(core, settled.proposal);
}

/** A `state` that was there is gone: a loss for whoever has known an epoch (R3, R13). */
export function onStateMissing(core: Core): void {
  const news = core.register.observeMissing();
  if (news === undefined) return;
  if (news.settled !== undefined) failed(core, news.settled);
  if (core.role.kind === 'primary') becomeFollower(core);
}

function conclude(core: Core, state: ShardState, settled: Proposal | undefined, succeeded: boolean): void {
  if (settled?.purpose === 'end' && succeeded) {
    core.note({ kind: 'historyEnded' });
    exit(core, true);
    return;
  }
  if (settled !== undefined && !succeeded) failed(core, settled);
  // An attempt that failed says nothing about how we came to be named after all: by a handover (R12).
  if (isOurs(core, state)) return takeUp(core, state, succeeded ? settled : undefined);
  if (succeeded) hintPeers(core);
  adoptEpoch(core, state.epoch);
}

/** A successor, or a member that is out or in, need not wait for its watch. */
function hintPeers(core: Core): void {
  if (core.role.kind !== 'primary') return;
  for (const peer of core.role.peers.values()) if (peer.linked) core.send(peer.id, { type: 'stateChanged' });
}

/** `state` names this replica in an epoch that it has not served: its own claim, or a handover to it (R4, R12). */
function isOurs(core: Core, state: ShardState): boolean {
  return state.primary === core.self && state.epoch > core.epoch;
}

function takeUp(core: Core, state: ShardState, settled: Proposal | undefined): void {
  const token = core.role.kind === 'claimant' ? core.role.forceToken : undefined;
  // After an ended history, and where the operator accepts that a half-laid dump is all there is, the shard begins empty.
  // The command may have been given to an earlier process; nothing else names an incomplete replica, or raises the floor so.
  const hasGivenUp = !core.complete && state.seqFloor > core.log.lastSeq + 1;
  const beginsEmpty = settled?.purpose === 'birth' ? !core.isNew || state.seqFloor > 1 : hasGivenUp;
  if (beginsEmpty) core.reset(state.seqFloor - 1, state.epoch, true);
  invariant(core.complete, 'an incomplete replica is named primary');
  // A claim of its earlier process, which it did not know of when it answered beacons, gives no grace of its own (R4).
  const mayBeEarlierClaim = core.isRestarted && settled === undefined;
  becomePrimary(core, state, mayBeEarlierClaim ? core.loyalSinceMs + core.options.graceMs : core.nowMs);
  if (token !== undefined) {
    core.emit({ type: 'answer', token, answer: { kind: 'forced', epoch: state.epoch, seqFloor: state.seqFloor } });
  }
}

function failed(core: Core, proposal: Proposal): void {
  const { role } = core;
  // Loyalty counts anew: the state that beat this claim has a primary of its own.
  if (role.kind === 'claimant') {
    core.loyalSinceMs = core.nowMs;
    becomeFollower(core);
  }
  if (role.kind !== 'primary') return;
  if (proposal.purpose === 'end') role.ending = false;
  if (proposal.purpose === 'handover' && role.handover !== undefined) role.handover = undefined;
}

function noteMembers(core: Core, before: ShardState | undefined, after: ShardState): void {
  if (before?.inSync.join() !== after.inSync.join()) core.note({ kind: 'inSyncChanged', inSync: after.inSync });
}
