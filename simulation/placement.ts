/** Where the shard belongs, as the controller has decided, and as each node knows (R15). */
import type { SimNode } from './sim-node.js';
import { nodeName } from './sim-node.js';
import type { World } from './world.js';

export class Placement {
  readonly #world: World;
  #version = 0;
  #nodes: readonly number[] | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /** The preferred primary's first. All, until something has been decided. */
  get nodes(): readonly number[] {
    return this.#nodes ?? this.#world.nodes.map(({ index }) => index);
  }
  get preferred(): number | undefined {
    return this.#nodes?.[0];
  }

  /** Each node learns of it at another time, within `lateMs`. */
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
    node.placed = names;
    const { process } = node;
    if (process === undefined) this.#world.start(node.index);
    else process.run(() => process.handle({ type: 'placed', nodes: names }));
  }
}

/** Whether an empty replica is started there. */
export function belongsTo({ placed, name }: SimNode): boolean {
  return placed === undefined || placed.includes(name);
}
