/**
 * Walks the ring and skips closed nodes, which take no more copies. It remembers the way past closed points, so that it does not
 * visit them again and again (the path halving of union-find).
 */
import type { Ring } from './ring.js';

export class RingWalk {
  readonly #ring: Ring;
  /** By node. A closed node stays closed. */
  readonly #closed: Uint8Array;
  #openCount: number;
  /** By point: where to look next if its node is closed. */
  readonly #next: Int32Array;

  constructor(ring: Ring, nodeCount: number, isOpen: (node: number) => boolean = () => true) {
    this.#ring = ring;
    this.#closed = Uint8Array.from({ length: nodeCount }, (_, node) => (isOpen(node) ? 0 : 1));
    this.#openCount = this.#closed.filter((closed) => closed === 0).length;
    this.#next = new Int32Array(ring.size);
    for (let point = 1; point < ring.size; point++) this.#next[point - 1] = point;
  }

  get isOver(): boolean {
    return this.#openCount === 0;
  }

  close(node: number): void {
    if (this.#closed[node] === 1) return;
    this.#closed[node] = 1;
    this.#openCount -= 1;
  }

  /** The first open and suitable node clockwise from a shard, within one turn of the ring. The test may close nodes. */
  firstFrom(shard: number, isSuitable: (node: number) => boolean): number | undefined {
    const start = this.#ring.startOf(shard);
    let passed = -1;
    while (!this.isOver) {
      const point = this.#openPoint((start + passed + 1) % this.#ring.size);
      const offset = (point - start + this.#ring.size) % this.#ring.size;
      // The point is not beyond the last one: the turn is complete.
      if (offset <= passed) return undefined;
      const node = this.#ring.nodeAt(point);
      if (isSuitable(node)) return node;
      passed = offset;
    }
    return undefined;
  }

  /** The distance from a shard to the first open node. */
  distanceFrom(shard: number): number {
    return this.isOver ? Number.POSITIVE_INFINITY : this.#ring.distance(shard, this.#openPoint(this.#ring.startOf(shard)));
  }

  #openPoint(start: number): number {
    const next = this.#next;
    let point = start;
    while (this.#closed[this.#ring.nodeAt(point)] === 1) {
      const after = next[point]!;
      if (this.#closed[this.#ring.nodeAt(after)] === 1) next[point] = next[after]!;
      point = after;
    }
    return point;
  }
}
