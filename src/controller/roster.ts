/**
 * Who counts as a node that holds shards, and who of them is the controller. Pure: time comes in with each call.
 *
 * Every node keeps one, whether it is the controller or not: so a new controller goes on where the old one stopped, and does
 * not begin to wait anew for a node that vanished long ago.
 */
import type { NodeRegistration } from '../coordination/index.js';
import type { PlacementNode } from '../placement/index.js';

/** Whom to place shards on. */
export interface Members {
  readonly nodes: readonly PlacementNode[];
  /** Absent ones of which nothing is known, weight and zone included: nothing can be computed that may not move data in vain. */
  readonly unknownIds: readonly string[];
  /** When an absent node stops counting; undefined if there is none. */
  readonly nextExpiryMs: number | undefined;
}

export class Roster {
  readonly #replaceAfterMs: number;
  /** In order of registration. */
  #live: readonly NodeRegistration[] = [];
  /** As each was last seen, the live and the absent. */
  readonly #lastSeen = new Map<string, NodeRegistration>();
  /** Nodes that shards are placed on and that are not registered. */
  readonly #absentSinceMs = new Map<string, number>();

  constructor(replaceAfterMs: number) {
    this.#replaceAfterMs = replaceAfterMs;
  }

  /** The node with the lowest znode. One that leaves hands this over as well. */
  get controllerId(): string | undefined {
    return this.#live.find(({ leaving }) => leaving !== true)?.nodeId;
  }

  /** `live` is what is registered, in order; `placedIds` whoever the placement names. */
  update(live: readonly NodeRegistration[], placedIds: ReadonlySet<string>, nowMs: number): void {
    this.#live = live;
    const liveIds = new Set(live.map(({ nodeId }) => nodeId));
    for (const node of live) this.#lastSeen.set(node.nodeId, node);
    for (const id of this.#lastSeen.keys()) if (!liveIds.has(id) && !placedIds.has(id)) this.#lastSeen.delete(id);
    for (const id of this.#absentSinceMs.keys()) if (liveIds.has(id) || !placedIds.has(id)) this.#absentSinceMs.delete(id);
    for (const id of placedIds) if (!liveIds.has(id) && !this.#absentSinceMs.has(id)) this.#absentSinceMs.set(id, nowMs);
  }

  /** While nobody can be seen nobody can be missed: absences are counted from the next update on. */
  forgetAbsences(): void {
    this.#absentSinceMs.clear();
  }

  /** The live that stay, and the absent that may yet return. One that announced its leave and is gone has left. */
  members(nowMs: number): Members {
    const counting = this.#live.filter(({ leaving }) => leaving !== true);
    const unknownIds: string[] = [];
    let nextExpiryMs: number | undefined;
    for (const [id, sinceMs] of this.#absentSinceMs) {
      const expiryMs = sinceMs + this.#replaceAfterMs;
      const lastSeen = this.#lastSeen.get(id);
      if (expiryMs <= nowMs || lastSeen?.leaving === true) continue;
      nextExpiryMs = Math.min(nextExpiryMs ?? expiryMs, expiryMs);
      if (lastSeen === undefined) unknownIds.push(id);
      else counting.push(lastSeen);
    }
    return { nodes: counting.map(({ nodeId: id, zone, weight }) => ({ id, zone, weight })), unknownIds, nextExpiryMs };
  }
}
