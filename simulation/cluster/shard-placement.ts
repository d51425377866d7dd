/** Where one shard belongs: the decided placement, and how each node learns of it (R15). */
import type { Placement as DecidedPlacement } from '../../src/placement/index.js';
import type { Random } from '../plan/random.js';
import type { Ensemble } from '../virtual/ensemble.js';
import type { EventQueue } from '../virtual/event-queue.js';
import type { SimNode } from './sim-node.js';
import { nodeIndexOf, nodeName } from './sim-node.js';

/** The run of one shard, as far as its placement uses it. */
interface PlacedRun {
  readonly site: { readonly rules: unknown; readonly registry: Ensemble<DecidedPlacement> };
  readonly shard: number;
  readonly nodes: readonly SimNode[];
  readonly queue: EventQueue;
  readonly random: Random;
  tellPlaced(index: number, placed: readonly string[] | undefined): void;
}

export class ShardPlacement {
  readonly #world: PlacedRun;
  #version = 0;
  #nodes: readonly number[] | undefined;

  constructor(world: PlacedRun) {
    this.#world = world;
  }

  /** Indexes of the nodes, the preferred primary's first. Every node, until a placement is decided. */
  get nodes(): readonly number[] {
    return this.#decided ?? this.#world.nodes.map(({ index }) => index);
  }
  get preferred(): number | undefined {
    return this.#decided?.[0];
  }
  /** The nodes decide by themselves where the plan has rules for that. */
  get #decided(): readonly number[] | undefined {
    const { site, shard } = this.#world;
    return site.rules === undefined ? this.#nodes : site.registry.state?.shards[shard]?.map(nodeIndexOf);
  }

  /** A placement from outside. Each node learns of it at another time within `lateMs`. */
  change(nodes: readonly number[], lateMs: number): void {
    const { nodes: all, queue, random } = this.#world;
    const version = ++this.#version;
    this.#nodes = nodes.map((index) => index % all.length);
    const names = this.#nodes.map(nodeName);
    for (const node of all) queue.after(random.next() * lateMs, () => this.#tell(node, names, version));
  }

  #tell(node: SimNode, names: readonly string[], version: number): void {
    if (node.placedVersion >= version) return;
    node.placedVersion = version;
    this.#world.tellPlaced(node.index, names);
  }
}

/** Whether an empty replica is started there. */
export function belongsTo({ placed, name }: SimNode): boolean {
  return placed === undefined || placed.includes(name);
}
