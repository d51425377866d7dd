/** A walk over the records of a storage in the order of their keys, or against it. */
import type { OrderNodes } from './order-nodes.js';
import { noRecord } from './record-address.js';

/** A place between two entries of a leaf, and the path to it from the root; see `OrderSearch`. */
export interface OrderPlace {
  readonly nodes: Int32Array;
  readonly places: Int32Array;
}

export class OrderWalk {
  readonly #nodes: OrderNodes;
  readonly #levels: number;
  readonly #at: OrderPlace;
  readonly #endNode: number;
  readonly #endPlace: number;
  readonly #isReverse: boolean;

  /**
   * @param levels of the tree; at least one
   * @param begin the walk changes it
   * @param end where the walk ends
   */
  constructor(nodes: OrderNodes, levels: number, begin: OrderPlace, end: OrderPlace, isReverse: boolean) {
    this.#nodes = nodes;
    this.#levels = levels;
    this.#at = begin;
    this.#endNode = end.nodes[0]!;
    this.#endPlace = end.places[0]!;
    this.#isReverse = isReverse;
  }

  /** The address of the next record; `noRecord` at the end. */
  next(): number {
    const { nodes, places } = this.#at;
    do {
      const leaf = nodes[0]!;
      const place = places[0]!;
      if (leaf === this.#endNode && place === this.#endPlace) return noRecord;
      if (this.#isReverse && place > 0) return this.#nodes.address(leaf, --places[0]!);
      if (!this.#isReverse && place < this.#nodes.entries(leaf)) return this.#nodes.address(leaf, places[0]!++);
    } while (this.#enterNextLeaf());
    return noRecord;
  }

  /** @returns false if there is no other leaf in this direction. */
  #enterNextLeaf(): boolean {
    const { nodes, places } = this.#at;
    let level = 1;
    while (level < this.#levels && places[level] === this.#lastEntry(nodes[level]!)) level++;
    if (level >= this.#levels) return false;
    places[level] = places[level]! + (this.#isReverse ? -1 : 1);
    for (; level > 0; level--) {
      const child = this.#nodes.child(nodes[level]!, places[level]!);
      nodes[level - 1] = child;
      places[level - 1] = this.#isReverse ? this.#nodes.entries(child) - (level > 1 ? 1 : 0) : 0;
    }
    return true;
  }

  /** The last entry of an inner node in the direction of the walk. */
  #lastEntry(node: number): number {
    return this.#isReverse ? 0 : this.#nodes.entries(node) - 1;
  }
}
