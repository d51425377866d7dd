/** Succession: which replica takes over, and after how long (R3, R4, R12). */

import type { CandidateFact } from '../protocol/event.js';
import type { ReplicaId } from '../protocol/ids.js';
import type { ShardState } from '../protocol/shard-state.js';

/** Lowest order first. A replica may have two znodes for a moment (R2); the older one counts. */
function inOrder(candidates: readonly CandidateFact[]): CandidateFact[] {
  return [...candidates].sort((one, other) => one.order - other.order);
}

/**
 * The place of `self` among the replicas that may succeed the primary that `state` names; 0 is next in line. Undefined if `self`
 * may not succeed. Order alone never elects: only members of the in-sync set count. A stopping member does not count while
 * another member lives, and an impaired one comes behind all others. The primary that `state` names may claim again, last in line.
 */
export function placeInLine(state: ShardState, candidates: readonly CandidateFact[], self: ReplicaId): number | undefined {
  const members = inOrder(candidates).filter((candidate) => state.inSync.includes(candidate.replicaId));
  const willing = members.filter((candidate) => !candidate.stopping);
  const eligible = willing.length > 0 ? willing : members;
  const able = [...eligible.filter(({ impaired }) => !impaired), ...eligible.filter(({ impaired }) => impaired)];
  const others = [...new Set(able.map((candidate) => candidate.replicaId))].filter((id) => id !== state.primary);
  if (!eligible.some((candidate) => candidate.replicaId === self)) return undefined;
  return self === state.primary ? others.length : others.indexOf(self);
}

/** The replica that may begin a history where there is none: the lowest candidate that is not stopping (R3, R13). */
export function firstInLine(candidates: readonly CandidateFact[]): ReplicaId | undefined {
  return inOrder(candidates).find((candidate) => !candidate.stopping)?.replicaId;
}

/** The replica in this place claims this long after the last beacon that it answered: grace, and two beacons a place (R4). */
export function claimDelayMs(place: number, graceMs: number, beaconMs: number): number {
  return graceMs + place * 2 * beaconMs;
}
