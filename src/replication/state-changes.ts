/**
 * Changes of `state`: a replica learns of them from a read, or from the answer to its own compare-and-set (R1, R7, R8, R12, R13).
 * `conclude` handles both, so that their order makes no difference.
 */

import { maybeAnswerGiveUp } from './primary/membership.js';
import type { ProposalOutcome } from './protocol/event.js';
import { continues, endOf, isGivenUp } from './protocol/lineage.js';
import { epochIdOf, type ShardState } from './protocol/shard-state.js';
import type { Core } from './state/core.js';
import { invariant } from './state/invariant.js';
import type { Proposal, RegisterReading } from './state/state-register.js';
import { adoptEpoch, becomeFollower, becomePrimary, exit } from './state/transitions.js';

/** Handles a reading. If there is no `state`, a replica that knows a history steps down: ZooKeeper has lost it (R3, R13). */
export function onReading(core: Core, reading: RegisterReading): void {
  const before = core.register.state;
  const observation = core.register.observe(reading, core.nowMs);
  if (observation === undefined) return;
  const { settled, lost } = observation;
  const { state } = reading;
  if (lost !== undefined) core.note({ kind: 'stateWentBack', from: lost, to: state });
  // The lost proposal may have succeeded before the loss, and other replicas may have seen it.
  if (lost !== undefined && settled !== undefined) core.noteRemovals(settled.next);
  if (state === undefined) {
    core.foundHistory = undefined;
    if (settled !== undefined) failed(core, settled);
    return stepDown(core);
  }
  // The id of the epoch proves that the proposal succeeded, whichever attempt wrote it.
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
 * ZooKeeper has lost data (R7). A primary of the very epoch that `state` names goes on: no other replica can have claimed, and
 * the members of the older set are required until they are evicted again. Any other primary must stop serving.
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
  // After a failed attempt, a handover may still name this replica (R12).
  if (isOurs(core, state, succeeded)) return takeUp(core, state, succeeded ? settled : undefined);
  if (succeeded) hintPeers(core);
  adoptEpoch(core, state.history, endOf(state));
}

/** The data here is of another line, and not only newer than a `state` that went back. */
function isOther({ line }: Core, state: ShardState): boolean {
  return line !== undefined && !continues(state, line) && !continues(line, state);
}

/** Discards the data here if the operator has given it up (R13). The replica keeps its id, as with every snapshot (R10). */
function maybeDiscard(core: Core, state: ShardState): boolean {
  const { line } = core;
  if (line === undefined || !isGivenUp(line, state.givenUp)) return false;
  core.note({ kind: 'historyGivenUp', held: line });
  stepDown(core);
  core.reset(0, { epoch: 0, id: '' }, false);
  return true;
}

/** Keeps the data here although `state` is of another history (R1): the operator decides which one goes on (R13). */
function keepData(core: Core, state: ShardState): void {
  const { line } = core;
  if (line !== undefined && core.foundHistory === undefined) core.note({ kind: 'twoHistories', held: line, found: state });
  core.foundHistory = state;
  stepDown(core);
  // Refusals then carry the epoch of the other line, so that its primary accepts them as answers.
  if (state.history === core.history && state.epoch > core.epoch) adoptEpoch(core, state.history, endOf(state));
}

/** Sends `stateChanged`, so that a successor, or a member that is in or out, need not wait for its watch. */
function hintPeers(core: Core): void {
  if (core.role.kind !== 'primary') return;
  for (const peer of core.role.peers.values()) if (peer.linked) core.send(peer.id, { type: 'stateChanged' });
}

/** `state` names this replica in an epoch that it has not served: its own claim, or a handover to it (R4, R12). */
function isOurs(core: Core, state: ShardState, succeeded: boolean): boolean {
  if (state.primary !== core.self) return false;
  // An older state that came back may name a replica that has discarded its copy since: it has nothing to serve.
  if (!core.complete && !succeeded && !hasGivenUp(core, state)) return false;
  if (core.history === state.history) return state.epoch > core.epoch;
  return succeeded || core.history === undefined;
}

/** An operator's command: only that names an incomplete replica with such a floor. Its half-written copy is given up (R13). */
function hasGivenUp(core: Core, state: ShardState): boolean {
  return !core.complete && state.seqFloor > core.log.lastSeq + 1;
}

function takeUp(core: Core, state: ShardState, settled: Proposal | undefined): void {
  const token = core.role.kind === 'claimant' ? core.role.forceToken : undefined;
  // After an ended history the shard begins empty, too. An earlier process may have received the command.
  const beginsEmpty = settled?.purpose === 'birth' ? !core.isNew || state.seqFloor > 1 : hasGivenUp(core, state);
  if (beginsEmpty) core.reset(state.seqFloor - 1, endOf(state), true);
  invariant(core.complete, 'an incomplete replica is named primary');
  // It did not know of a claim of its earlier process when it answered beacons, so that claim is no proof of a grace (R4).
  const mayBeEarlierClaim = core.isRestarted && settled === undefined;
  becomePrimary(core, state, mayBeEarlierClaim ? core.loyalSinceMs + core.options.graceMs : core.nowMs);
  if (token !== undefined) {
    core.emit({ type: 'answer', token, answer: { kind: 'forced', epoch: state.epoch, seqFloor: state.seqFloor } });
  }
}

function failed(core: Core, proposal: Proposal): void {
  const { role } = core;
  // The wait restarts: the state that beat this claim names a primary.
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
