/** The nodes that `placement` names for the shard, and whether each of them holds a copy (R15). */

import { nodeIdOf, type ReplicaId } from '../protocol/ids.js';
import type { Core } from './core.js';
import type { Primary } from './role.js';

/** A member counts as alive while at most this many beacons are unanswered. */
const missedBeacons = 3;

/** An empty list means that nothing has been decided: it moves no copy. */
export function onPlaced(core: Core, nodes: readonly string[]): void {
  if (nodes.length === 0) return;
  core.placed = nodes;
  core.placedMs = core.nowMs;
  core.isPlacedHere = nodes.includes(core.node);
  core.isPreferredHere = nodes[0] === core.node;
}

/** Until the shell has reported a placement, the shard belongs on every node. */
export function isPlaced({ placed }: Pick<Core, 'placed'>, id: ReplicaId): boolean {
  return placed === undefined || placed.includes(nodeIdOf(id));
}

/**
 * As the primary sees it: each placed node has a member that has answered since the placement was reported, and lately. A member
 * in `leaving`, which is about to be taken out of the set, does not count.
 */
export function isWhole(core: Core, role: Primary, leaving: readonly ReplicaId[] = []): boolean {
  const { placed, register, self } = core;
  if (placed === undefined) return false;
  const staying = register.confirmed.filter((id) => !leaving.includes(id));
  return holdsAll(
    placed,
    staying.filter((id) => id === self || isAlive(core, role, id)),
  );
}

/** True if each of the nodes has one of these members. */
export function holdsAll(nodes: readonly string[], members: readonly ReplicaId[]): boolean {
  const holding = new Set(members.map(nodeIdOf));
  return nodes.every((node) => holding.has(node));
}

/** A peer that follows the log, answers beacons, and is not about to go. */
export function isAlive({ nowMs, placedMs, options }: Core, role: Primary, id: ReplicaId): boolean {
  const peer = role.peers.get(id);
  if (peer === undefined || peer.phase !== 'replicating' || peer.refused || peer.stopping || peer.leaving) return false;
  return peer.answeredSentMs >= placedMs && nowMs - peer.answeredSentMs <= missedBeacons * options.beaconMs;
}
