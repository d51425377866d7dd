/**
 * Claims: how a follower tries to become primary, by birth, succession, rebirth after an ended history, or the operator's
 * command (R3, R4, R13). Each is a compare-and-set of `state`; `state-changes.ts` handles the outcome.
 */

import type { CandidateFact } from '../protocol/event.js';
import type { HistoryId } from '../protocol/ids.js';
import { continues, isGivenUp, nameOf } from '../protocol/lineage.js';
import { born, bornAgain, claimed, epochIdOf, forced, isEnded, type ShardState } from '../protocol/shard-state.js';
import { hasStalledLately } from '../stall.js';
import type { Core } from '../state/core.js';
import { holdsCopy, isBelowKnownEpoch, isOlder } from '../state/known-state.js';
import { isPlaced } from '../state/placed.js';
import type { ProposalPurpose } from '../state/state-register.js';
import { becomeClaimant, becomeFollower } from '../state/transitions.js';
import { claimDelayMs, firstInLine, placeInLine } from './succession.js';

export function maybeClaim(core: Core): void {
  if (core.role.kind !== 'follower' || core.stopped) return;
  if (!core.mayWriteState || core.foundHistory !== undefined) return;
  if (core.durability.oldestStartedMs !== undefined) return;
  if (hasStalledLately(core)) return;
  const { state } = core.register;
  if (state === undefined) maybeGiveBirth(core);
  else if (isEnded(state)) maybeBeginAgain(core, state);
  else maybeSucceed(core, state);
}

/** The candidates on placed nodes: a history begins only where the shard belongs (R15). */
function placedCandidates(core: Core): readonly CandidateFact[] {
  return core.candidates.filter(({ replicaId }) => isPlaced(core, replicaId));
}

/**
 * A replica that holds data or knows a history never gives birth: for it a missing `state` is a loss. No replica does where
 * another candidate holds data, placed or not, or where ZooKeeper has lost its data before (R3, R13).
 */
function maybeGiveBirth(core: Core): void {
  if (!core.isNew || isNoBeginning(core)) return;
  if (firstInLine(placedCandidates(core)) !== core.self) return;
  proposeAsClaimant(core, 'birth', born(core.self, core.mintId(), core.mintId()));
}

function isNoBeginning(core: Core): boolean {
  return core.register.isRestored || historiesOfOthers(core).length > 0;
}

/**
 * Withdraws a birth with unknown outcome where a birth may not be proposed any more: ZooKeeper may have lost a history since, or
 * replicas that hold one may have returned. If the birth has succeeded nevertheless, a read of `state` will show it.
 */
export function maybeWithdrawBirth(core: Core): void {
  const { proposal } = core.register;
  const isBirth = proposal?.purpose === 'birth' && proposal.expectedVersion === undefined;
  if (!isBirth || proposal.status !== 'unknown' || core.role.kind !== 'claimant' || !isNoBeginning(core)) return;
  // After a loss the session of the proposal is gone, and the proposal with it. Otherwise it may still succeed.
  core.mayHaveBegun = !core.register.isRestored;
  core.register.withdraw();
  becomeFollower(core);
}

/** The histories that candidates name, other than that of the data here. */
function historiesOfOthers({ candidates, line }: Core): readonly HistoryId[] {
  return candidates.flatMap(({ history }) => (history === undefined || history === line?.history ? [] : [history]));
}

function maybeBeginAgain(core: Core, state: ShardState): void {
  if (isOlder(core, state) || firstInLine(placedCandidates(core)) !== core.self) return;
  proposeAsClaimant(core, 'birth', bornAgain(state, core.self, core.mintId()));
}

function maybeSucceed(core: Core, state: ShardState): void {
  if (isOlder(core, state) || core.line === undefined || !continues(state, core.line)) return;
  const { graceMs, beaconMs } = core.options;
  const loyalSinceMs = state.primary === core.self ? core.lastLoyalMs : core.loyalSinceMs;
  // This is the shortest wait of all, so a loyal backup need not compute its place.
  if (core.nowMs - loyalSinceMs < claimDelayMs(0, graceMs, beaconMs)) return;
  const place = placeInLine(state, core.candidates, core.self);
  if (place === undefined) return;
  // A primary that stepped down claims last, or at once if it is alone (R4).
  const waitsSinceMs = place === 0 ? loyalSinceMs : Math.max(loyalSinceMs, core.steppedDownMs);
  if (core.nowMs - waitsSinceMs < claimDelayMs(place, graceMs, beaconMs)) return;
  core.note({ kind: 'claiming', silentMs: core.nowMs - loyalSinceMs });
  proposeAsClaimant(core, 'claim', claimed(state, core.self, core.mintId()));
}

/** Becomes claimant before the proposal is sent, so that it answers no beacon and no entry of the older epoch (R4). */
function proposeAsClaimant(core: Core, purpose: ProposalPurpose, next: ShardState, forceToken?: unknown): void {
  becomeClaimant(core, next.epoch, epochIdOf(next), forceToken);
  core.propose(purpose, next);
}

/**
 * The operator's command (R13). The operator guarantees that the members of the in-sync set are stopped for good, or chooses one
 * of two histories. `givesUp`: ids of the histories and epochs that are given up; replicas that hold their data discard it.
 */
export function onForce(core: Core, token: unknown, givesUp: readonly string[]): void {
  const reason = reasonNotToForce(core, givesUp);
  if (reason !== undefined) return core.emit({ type: 'answer', token, answer: { kind: 'notForced', reason } });
  proposeAsClaimant(core, 'force', forcedState(core, givesUp), token);
}

function forcedState(core: Core, givesUp: readonly string[]): ShardState {
  const { register, self, line, epoch, log } = core;
  const { state } = register;
  const givenUp = [...(state?.givenUp ?? []), ...givesUp];
  const common = { lastSeq: log.lastSeq, knownEpoch: epoch };
  if (state !== undefined && !isBeside(core, state))
    return forced(self, { ...common, state, line: state, givenUp }, core.mintId());
  // The lost `state` is unknown, and the present one is of another line: the new epoch and floor must lie above both.
  const knownEpoch = Math.max(epoch, state?.epoch ?? 0);
  const beside = state === undefined ? [] : [state.history, ...state.lineage.map(({ id }) => id)];
  const basis = { ...common, knownEpoch, state: undefined, givenUp: [...givenUp, ...beside] };
  return forced(self, { ...basis, line: line ?? { history: core.mintId(), lineage: [] } }, core.mintId());
}

/** `state` has gone back, or is of another history than the data here. */
function isBeside(core: Core, state: ShardState): boolean {
  return isOlder(core, state) || (core.line !== undefined && !continues(state, core.line));
}

function reasonNotToForce(core: Core, givesUp: readonly string[]): string | undefined {
  if (core.role.kind === 'primary') return 'this replica is the primary already';
  if (core.stopping !== undefined) return 'this node is stopping';
  if (!core.sessionConnected || !core.register.wasRead) return 'ZooKeeper cannot be reached; nothing was changed';
  if (core.role.kind === 'claimant' || core.register.proposal !== undefined) return 'a change of state is under way; try again';
  if (!core.register.isFresh) return 'this replica is verifying what ZooKeeper holds for the shard; try again';
  if (core.durability.oldestStartedMs !== undefined) return 'the disk of this replica has not caught up; try again';
  return reasonOfPrimary(core) ?? reasonOfHistories(core, givesUp) ?? reasonOfState(core);
}

/** A primary may serve under a lease that this replica has renewed, whatever ZooKeeper shows (R9). */
function reasonOfPrimary({ role, nowMs, loyalSinceMs, epoch, options }: Core): string | undefined {
  if (role.kind !== 'follower' || role.primary === undefined || nowMs - loyalSinceMs > options.graceMs) return undefined;
  return `the primary of epoch ${epoch}, ${role.primary}, sent a beacon less than ${options.graceMs} ms ago and may serve; stop it for good first`;
}

/** Data of another history is given up only if the command names it (R1). */
function reasonOfHistories(core: Core, givesUp: readonly string[]): string | undefined {
  const { line, foundHistory } = core;
  const { state } = core.register;
  const given = [...givesUp, ...(state?.givenUp ?? [])];
  if (line !== undefined && foundHistory !== undefined && !isGivenUp(foundHistory, givesUp)) {
    return `two histories meet: it holds data of history ${nameOf(line)}, and ZooKeeper names ${nameOf(foundHistory)}; name the one to keep`;
  }
  // A replica without data does not go on with the history of a `state` that went back. It would begin another one.
  const goesOn = state === undefined || (line === undefined && isBeside(core, state)) ? undefined : state.history;
  const others = historiesOfOthers(core).filter((history) => history !== goesOn && !given.includes(history));
  if (others.length === 0) return undefined;
  const held = line === undefined ? 'it holds no data' : `it holds data of history ${nameOf(line)}`;
  return `${held}, and other live replicas hold data of history ${others.join(' and ')}; name the one to keep`;
}

function reasonOfState(core: Core): string | undefined {
  const { register } = core;
  if (register.isMissing && core.isNew && !register.isRestored) {
    return 'the shard has no history yet; a primary is about to be chosen';
  }
  const live = register.state?.inSync.filter((id) => holdsCopy(core, id)) ?? [];
  // Replicas that know a higher epoch refuse the members that an older `state` names, so these cannot serve (R3, R8).
  if (live.length === 0 || isBelowKnownEpoch(core) || core.foundHistory !== undefined) return undefined;
  return `members of the in-sync set are registered: ${live.join(', ')}`;
}
