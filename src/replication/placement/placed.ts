/** Where the shard belongs, and whether it is all there (R15). */

import { nodeIdOf, type ReplicaId } from '../protocol/shard-state.js';
import type { Core } from '../state/core.js';
import type { Primary } from '../state/role.js';

/** Beacons that a member may have left unanswered and still counts as alive. */
const missedBeacons = 3;

/** Everyone is, until the shell has told otherwise. */
export function isPlaced({ placed }: Pick<Core, 'placed'>, id: ReplicaId): boolean {
  return placed === undefined || placed.includes(nodeIdOf(id));
}

/** As a primary sees it: each of the nodes has a member that has answered since it was named, and not long ago. */
export function isWhole(core: Core, role: Primary): boolean {
  const { placed, register, self } = core;
  return (
    placed !== undefined &&
    holdsAll(
      placed,
      register.confirmed.filter((id) => id === self || isAlive(core, role, id)),
    )
  );
}

/** Each of the nodes has a member among these. */
export function holdsAll(nodes: readonly string[], members: readonly ReplicaId[]): boolean {
  const holding = new Set(members.map(nodeIdOf));
  return nodes.every((node) => holding.has(node));
}

export function isAlive({ nowMs, placedMs, options }: Core, role: Primary, id: ReplicaId): boolean {
  const peer = role.peers.get(id);
  if (peer === undefined || peer.phase !== 'replicating' || peer.refused || peer.stopping || peer.leaving) return false;
  return peer.answeredSentMs >= placedMs && nowMs - peer.answeredSentMs <= missedBeacons * options.beaconMs;
}
