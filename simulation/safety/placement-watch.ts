/**
 * What must hold of `placement` whenever it is written, seen from ZooKeeper: each follows from the one that stood there, places every
 * shard, moves nothing while the same nodes are there, and drops no node that was there all the while.
 */
import type { Placement, PlacementNode } from '../../src/placement/index.js';
import type { Placing } from '../plan/setup.js';
import type { Ensemble } from '../virtual/ensemble.js';
import type { EventQueue } from '../virtual/event-queue.js';
import { require } from './violation.js';

/** How old what a controller goes by may be: servers that lag, watches that come late or not at all, requests that hang. */
const mostStaleMs = 20_000;
/** Its clock may be fast. */
const leastRate = 0.85;

/** The run of all shards, as far as these checks use it. */
interface WatchedRun {
  readonly rules: Placing | undefined;
  readonly queue: EventQueue;
  readonly registry: Ensemble<Placement>;
}

export class PlacementWatch {
  readonly #site: WatchedRun;
  /** For whom each was computed. */
  readonly #nodesOf = new WeakMap<Placement, string>();
  #lastNodes: string | undefined;

  constructor(site: WatchedRun) {
    this.#site = site;
  }

  onComputed(placement: Placement, nodes: readonly PlacementNode[]): void {
    const ids = nodes.map(({ id, zone, weight }) => `${id} ${zone} ${weight}`);
    if (!this.#nodesOf.has(placement)) this.#nodesOf.set(placement, ids.sort().join(', '));
  }

  onState(next: Placement | undefined, before: Placement | undefined): void {
    if (next === undefined) return;
    for (const [shard, ids] of next.shards.entries()) this.#checkShard(shard, ids);
    const nodes = this.#nodesOf.get(next);
    if (before !== undefined) this.#checkChange(next, before, nodes);
    this.#lastNodes = nodes;
  }

  #checkShard(shard: number, ids: readonly string[]): void {
    require(ids.length > 0 && ids.length <= this.#site.rules!.replicas, () => `shard ${shard} is placed on ${ids.length} nodes`);
    require(new Set(ids).size === ids.length, () => `shard ${shard} is placed on ${ids.join(', ')}`);
  }

  #checkChange(next: Placement, before: Placement, nodes: string | undefined): void {
    require(next.version === before.version + 1, () => `placement ${next.version} is written over ${before.version}`);
    require(nodes !== this.#lastNodes, () =>
      `placement ${next.version} moves what need not move: the nodes are the same as before, ${nodes}`);
    const named = new Set(next.shards.flat());
    const members = new Set(nodes?.split(', ').map((node) => node.split(' ')[0]!));
    for (const id of new Set(before.shards.flat())) {
      if (named.has(id) || members.has(id)) continue;
      require(this.#wasMissed(id), () => `placement ${next.version} drops ${id}, which has not been away for long`);
    }
  }

  /** It has announced its leave, or was away for as long as a node that vanished keeps its shards, as whoever wrote this may know. */
  #wasMissed(id: string): boolean {
    const { queue, registry, rules } = this.#site;
    const awayBeforeMs = queue.nowMs - leastRate * rules!.replaceAfterMs;
    const sinceMs = queue.nowMs - rules!.replaceAfterMs / leastRate - mostStaleMs;
    let untilMs = queue.nowMs;
    for (let index = registry.history.length - 1; index >= 0 && untilMs >= sinceMs; index -= 1) {
      const { candidates, sinceMs: fromMs } = registry.history[index]!;
      const found = candidates.find(({ replicaId }) => replicaId === id);
      if (found === undefined ? fromMs <= awayBeforeMs : found.stopping) return true;
      untilMs = fromMs;
    }
    return false;
  }
}
