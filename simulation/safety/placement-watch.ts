/**
 * Checks of `placement` whenever it is written to ZooKeeper. Each placement follows from the one before, places every
 * shard, moves nothing while the nodes stay the same, and drops no node that was registered all the time.
 */
import type { Placement, PlacementNode } from '../../src/placement/index.js';
import type { Placing } from '../plan/setup.js';
import type { Ensemble } from '../virtual/ensemble.js';
import type { EventQueue } from '../virtual/event-queue.js';
import { require } from './violation.js';

/** The highest age of what a controller has read: servers lag, watches are late or muted, requests hang. */
const mostStaleMs = 20_000;
/** A controller's clock may be fast by this factor. */
const leastRate = 0.85;

/** The run of all shards, as far as these checks use it. */
interface WatchedRun {
  readonly rules: Placing | undefined;
  readonly queue: EventQueue;
  readonly registry: Ensemble<Placement>;
}

export class PlacementWatch {
  readonly #site: WatchedRun;
  /** The nodes for which each placement was computed. */
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

  /**
   * The node has announced that it leaves; or it was away for as long as a vanished node keeps its shards, as far as
   * the writer may know.
   */
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
