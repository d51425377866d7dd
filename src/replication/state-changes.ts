/**
 * What a replica learns of `state`: from a read, or from the answer to its own compare-and-set (R1, R7, R8, R12, R13).
 * Both end in `conclude`, so that it makes no difference which came first.
 */

import { maybeAnswerGiveUp } from './primary/membership.js';
import type { ProposalOutcome } from './protocol/event.js';
import { continues, endOf, isGivenUp } from './protocol/lineage.js';
import { epochIdOf, type ShardState } from './protocol/shard-state.js';
import type { Core } from './state/core.js';
import { invariant } from './state/invariant.js';
import type { Proposal, Reading } from './state/state-register.js';
import { adoptEpoch, becomeFollower, becomePrimary, exit } from './state/transitions.js';

/** A read of `state`, or that there is none: a loss for a replica that knows of a history (R3, R13). */
export function onReading(core: Core, reading: Reading): void {
  const before = core.register.state;
  const news = core.register.observe(reading, core.nowMs);
  if (news === undefined) return;
  const { settled, lost } = news;
  const { state } = reading;
  if (lost !== undefined) core.note({ kind: 'stateWentBack', from: lost, to: state });
  // Others may have seen the lost proposal come true.
  if (lost !== undefined && settled !== undefined) core.noteRemovals(settled.next);
  if (state === undefined) {
    core.foundHistory = undefined;
    if (settled !== undefined) failed(core, settled);
    return stepDown(core);
  }
  // Its id tells: this is the epoch that was asked for, whichever of the attempts wrote it.
  const succeeded = settled !== undefined && epochIdOf(state) === epochIdOf(settled.next);
  conclude(core, state, settled, succeeded);
  if (lost !== undefined && !isServedHere(core, state)) stepDown(core);
  maybeAnswerGiveUp(core);
  noteMembers(core, before, state);
}

export function onProposalResult(core: Core, number: number, outcome: ProposalOutcome): void {
  const before = core.register.state;
  const settled = core.register.settle(number, outcome, core.nowMs);
  if (settled === undefined) {
    if (outcome.kind === 'conflict' || outcome.kind === 'missing') core.emit({ type: 'refreshState', afterWrite: false });
    return;
  }
  if (settled.succeeded) {
    conclude(core, settled.proposal.next, settled.proposal, true);
    maybeAnswerGiveUp(core);
    noteMembers(core, before, settled.proposal.next);
  } else failed(core, settled.proposal);
}

/**
 * ZooKeeper shows less than it did (R7). A primary of the very epoch that `state` names goes on: nobody else can have claimed,
 * and the members of the set that it finds are required until they are taken out again. Any other must stop serving.
 */
function isServedHere({ role, self }: Core, state: ShardState): boolean {
  return role.kind === 'primary' && state.primary === self && epochIdOf(state) === role.epochId;
}

function stepDown(core: Core): void {
  if (core.role.kind === 'primary') becomeFollower(core);
}

function conclude(core: Core, state: ShardState, settled: Proposal | undefined, succeeded: boolean): void {
  if (settled?.purpose === 'end' && succeeded) {
    core.note({ kind: 'historyEnded' });
    exit(core, true);
    return;
  }
  if (settled !== undefined && !succeeded) failed(core, settled);
  if (isOther(core, state) && !maybeDiscard(core, state)) return keepData(core, state);
  core.foundHistory = undefined;
  core.noteRemovals(state);
  // An attempt that failed says nothing about how we came to be named after all: by a handover (R12).
  if (isOurs(core, state, succeeded)) return takeUp(core, state, succeeded ? settled : undefined);
  if (succeeded) hintPeers(core);
  adoptEpoch(core, state.history, endOf(state));
}

/** The data here is of another line, and not merely newer than a `state` that went back. Whoever that names, it is not this data. */
function isOther({ line }: Core, state: ShardState): boolean {
  return line !== undefined && !continues(state, line) && !continues(line, state);
}

/** The operator has given up what is held here (R13). The replica keeps its id, as with any copy that is taken anew (R10). */
function maybeDiscard(core: Core, state: ShardState): boolean {
  const { line } = core;
  if (line === undefined || !isGivenUp(line, state.givenUp)) return false;
  core.note({ kind: 'historyGivenUp', held: line });
  stepDown(core);
  core.reset(0, { epoch: 0, id: '' }, false);
  return true;
}

/** Nothing is given up for a history that is not that of the data here (R1); the operator decides which goes on (R13). */
function keepData(core: Core, state: ShardState): void {
  const { line } = core;
  if (line !== undefined && core.foundHistory === undefined) core.note({ kind: 'twoHistories', held: line, found: state });
  core.foundHistory = state;
  stepDown(core);
  // Refusals carry the other line's epoch, so that its primary takes them for answers.
  if (state.history === core.history && state.epoch > core.epoch) adoptEpoch(core, state.history, endOf(state));
}

/** A successor, or a member that is out or in, need not wait for its watch. */
function hintPeers(core: Core): void {
  if (core.role.kind !== 'primary') return;
  for (const peer of core.role.peers.values()) if (peer.linked) core.send(peer.id, { type: 'stateChanged' });
}

/** `state` names this replica in an epoch that it has not served: its own claim, or a handover to it (R4, R12). */
function isOurs(core: Core, state: ShardState, succeeded: boolean): boolean {
  if (state.primary !== core.self) return false;
  // An older state that came back names a replica that has given its copy up meanwhile: it has nothing of that to serve.
  if (!core.complete && !succeeded && !hasGivenUp(core, state)) return false;
  if (core.history === state.history) return state.epoch > core.epoch;
  return succeeded || core.history === undefined;
}

/** Nothing else names an incomplete replica, or raises the floor so: the operator accepts that its half-laid copy is lost (R13). */
function hasGivenUp(core: Core, state: ShardState): boolean {
  return !core.complete && state.seqFloor > core.log.lastSeq + 1;
}

function takeUp(core: Core, state: ShardState, settled: Proposal | undefined): void {
  const token = core.role.kind === 'claimant' ? core.role.forceToken : undefined;
  // After an ended history the shard begins empty, too. The command may have been given to an earlier process.
  const beginsEmpty = settled?.purpose === 'birth' ? !core.isNew || state.seqFloor > 1 : hasGivenUp(core, state);
  if (beginsEmpty) core.reset(state.seqFloor - 1, endOf(state), true);
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
