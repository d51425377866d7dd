/**
 * The roster: which nodes may hold shards, and which of them is the controller. Pure: each call carries the time.
 *
 * Every node keeps a roster, whether it is the controller or not. So a new controller continues where the old one stopped, and
 * does not wait anew for a node that vanished long ago.
 */
import type { NodeRegistration } from '../coordination/index.js';
import type { PlacementNode } from '../placement/index.js';
import { stayingNodes } from './staying-nodes.js';

/** The nodes on which to place shards. */
export interface RosterMembers {
  readonly nodes: readonly PlacementNode[];
  /** Absent nodes whose weight and zone are unknown: any placement computed without them might move data in vain. */
  readonly unknownIds: readonly string[];
  /** When the next absent node stops counting; undefined if there is none. */
  readonly nextExpiryMs: number | undefined;
}

export class Roster {
  readonly #replaceAfterMs: number;
  /** Registered nodes in order of registration. */
  #live: readonly NodeRegistration[] = [];
  /** The last known registration of each node, live or absent. */
  readonly #lastSeen = new Map<string, NodeRegistration>();
  /** Nodes that hold shards by the placement and are not registered, and since when. */
  readonly #absentSinceMs = new Map<string, number>();
  #placedIds: ReadonlySet<string> = new Set();

  constructor(replaceAfterMs: number) {
    this.#replaceAfterMs = replaceAfterMs;
  }

  /** The node with the lowest znode that is not leaving. */
  get controllerId(): string | undefined {
    return this.#live.find(({ leaving }) => leaving !== true)?.nodeId;
  }

  /** `live`: the registered nodes, in order. `placedIds`: the nodes that the placement names. */
  update(live: readonly NodeRegistration[], placedIds: ReadonlySet<string>, nowMs: number): void {
    this.#live = live;
    this.#placedIds = placedIds;
    const liveIds = new Set(live.map(({ nodeId }) => nodeId));
    for (const node of live) this.#lastSeen.set(node.nodeId, node);
    for (const id of this.#lastSeen.keys()) if (!liveIds.has(id) && !placedIds.has(id)) this.#lastSeen.delete(id);
    for (const id of this.#absentSinceMs.keys()) if (liveIds.has(id) || !placedIds.has(id)) this.#absentSinceMs.delete(id);
    for (const id of placedIds) if (!liveIds.has(id) && !this.#absentSinceMs.has(id)) this.#absentSinceMs.set(id, nowMs);
  }

  /** Absences do not count while ZooKeeper is away: they are counted anew from the next update on. */
  forgetAbsences(): void {
    this.#absentSinceMs.clear();
  }

  /**
   * The live nodes that stay, and the absent nodes that may return. A node that announced its leave and is gone has left. A node
   * that drains counts only while there are fewer other nodes than copies.
   */
  members(nowMs: number, drainingIds: ReadonlySet<string> = new Set(), replicas = 1): RosterMembers {
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
    const staying = stayingNodes(counting, drainingIds, this.#placedIds, replicas);
    return { nodes: staying.map(({ nodeId: id, zone, weight }) => ({ id, zone, weight })), unknownIds, nextExpiryMs };
  }
}
