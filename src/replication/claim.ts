/**
 * A follower that may become primary: birth, succession, rebirth after an ended history, the operator's command
 * (R3, R4, R13). Each is a compare-and-set of `state`; `state-news.ts` hears what became of it.
 */
import type { Core } from './core.js';
import type { CandidateFact } from './event.js';
import { isBelowKnownEpoch } from './offline.js';
import { isPlaced } from './placed.js';
import { born, bornAgain, claimed, forced, isEnded, type ShardState } from './shard-state.js';
import type { ProposalPurpose } from './state-register.js';
import { claimDelayMs, firstInLine, placeInLine } from './succession.js';
import { becomeClaimant } from './transitions.js';

/** Beacons to hear after waking from a pause, before claiming: what was said meanwhile is heard first (R4). */
const beaconsToHearAfterWaking = 2;

export function maybeClaim(core: Core): void {
  if (core.role.kind !== 'follower' || core.stopped) return;
  if (!core.sessionConnected || core.register.proposal !== undefined || !core.register.wasRead) return;
  if (core.durability.oldestStartedMs !== undefined) return;
  if (core.nowMs - core.wokeMs < beaconsToHearAfterWaking * core.options.beaconMs) return;
  const { state } = core.register;
  if (state === undefined) maybeGiveBirth(core);
  else if (isEnded(state)) maybeBeginAgain(core, state);
  else maybeSucceed(core, state);
}

/** A history begins where it belongs (R15). */
function placedCandidates(core: Core): readonly CandidateFact[] {
  return core.candidates.filter(({ replicaId }) => isPlaced(core, replicaId));
}

/** One that holds entries or has known an epoch never does: for it a missing `state` is a loss (R3, R13). */
function maybeGiveBirth(core: Core): void {
  if (!core.isNew || firstInLine(placedCandidates(core)) !== core.self) return;
  propose(core, 'birth', born(core.self));
}

function maybeBeginAgain(core: Core, state: ShardState): void {
  if (state.epoch < core.epoch || firstInLine(placedCandidates(core)) !== core.self) return;
  propose(core, 'birth', bornAgain(state, core.self));
}

function maybeSucceed(core: Core, state: ShardState): void {
  // A state older than the epoch one knows comes from a server that lags.
  if (state.epoch < core.epoch || !core.complete) return;
  const { graceMs, beaconMs } = core.options;
  // Nobody waits for less: a loyal backup need not know its place.
  if (core.nowMs - core.loyalSinceMs < claimDelayMs(0, graceMs, beaconMs)) return;
  const place = placeInLine(state, core.candidates, core.self);
  if (place === undefined) return;
  // One that stepped down goes last, or at once if it is alone (R4).
  const waitsSinceMs = place === 0 ? core.loyalSinceMs : Math.max(core.loyalSinceMs, core.steppedDownMs);
  if (core.nowMs - waitsSinceMs < claimDelayMs(place, graceMs, beaconMs)) return;
  core.note({ kind: 'claiming', silentMs: core.nowMs - core.loyalSinceMs });
  propose(core, 'claim', claimed(state, core.self));
}

/** From before it is sent, no beacon and no entry of the older epoch is answered: the role says so (R4). */
function propose(core: Core, purpose: ProposalPurpose, next: ShardState, forceToken?: unknown): void {
  becomeClaimant(core, next.epoch, forceToken);
  const proposal = core.register.propose(purpose, next, core.nowMs);
  core.emit({ type: 'writeState', proposal: proposal.number, expectedVersion: proposal.expectedVersion, next });
}

/** The operator vouches that the members of the in-sync set are stopped for good (R13). */
export function onForce(core: Core, token: unknown): void {
  const reason = reasonNotToForce(core);
  if (reason !== undefined) return core.emit({ type: 'answer', token, answer: { kind: 'notForced', reason } });
  propose(core, 'force', forced(core.register.state, core.self, core.epoch, core.log.lastSeq), token);
}

function reasonNotToForce(core: Core): string | undefined {
  if (core.role.kind === 'primary') return 'this replica is the primary already';
  if (core.stopping !== undefined) return 'this node is stopping';
  if (!core.sessionConnected || !core.register.wasRead) return 'ZooKeeper cannot be reached; nothing was changed';
  if (core.role.kind === 'claimant' || core.register.proposal !== undefined) return 'a change of state is under way; try again';
  if (core.durability.oldestStartedMs !== undefined) return 'its disk has not caught up with what it has taken; try again';
  const live = core.register.state?.inSync.filter((id) => core.isCandidate(id)) ?? [];
  // Whoever a state of a lower epoch names is refused by those that know a higher one: it cannot serve (R3, R8).
  if (live.length > 0 && !isBelowKnownEpoch(core)) return `members of the in-sync set are registered: ${live.join(', ')}`;
  if (core.register.isMissing && core.isNew) return 'the shard has no history yet; a primary is about to be chosen';
  return undefined;
}
