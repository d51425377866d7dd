/**
 * The ring of consistent hashing (Karger, Lehman, Leighton, Panigrahy, Levine, Lewin: Consistent Hashing and Random Trees,
 * STOC 1997), with virtual nodes (DeCandia et al.: Dynamo, SOSP 2007). Every node and every shard has positions on a circle of
 * 2^32, and a shard goes to the first nodes clockwise from its own position.
 *
 * Positions are the 32-bit words, most significant byte first, of SHA-256 of a label and a block number.
 */
import type { Members } from './members.js';
import type { PlacementRules } from './placement.js';
import type { Steps } from './steps.js';

const circle = 2 ** 32;
const wordsPerDigest = 8;
/** Larger than every index of a node. A position times this is still exact in a double. */
const indexSpan = 2 ** 16;
/** The circle is sorted in this many arcs, one for each step: a million points at once would take too long for one step. */
const arcCount = 2 ** 10;
const arcLength = circle / arcCount;

export class Ring {
  /** In clockwise order; equal positions in the order of the nodes. */
  readonly #positions: Float64Array;
  readonly #nodes: Int32Array;
  readonly #shards: Float64Array;

  static *of({ ids, weights }: Members, { shardCount, vnodes, sha256 }: PlacementRules): Steps<Ring> {
    const heaviest = weights.reduce((most, weight) => Math.max(most, weight), 0);
    const arcs = Array.from({ length: arcCount }, (): number[] => []);
    for (const [node, id] of ids.entries()) {
      const count = Math.max(1, Math.round((vnodes * weights[node]!) / heaviest));
      for (const position of positionsOf(`node ${id}`, count, sha256))
        arcs[Math.floor(position / arcLength)]!.push(position * indexSpan + node);
      yield;
    }
    const ring = new Ring(
      arcs.reduce((sum, points) => sum + points.length, 0),
      positionsOf('shard', shardCount, sha256),
    );
    let at = 0;
    for (const points of arcs) {
      for (const point of Float64Array.from(points).sort()) {
        ring.#positions[at] = Math.floor(point / indexSpan);
        ring.#nodes[at] = point % indexSpan;
        at += 1;
      }
      yield;
    }
    return ring;
  }

  private constructor(size: number, shards: readonly number[]) {
    this.#positions = new Float64Array(size);
    this.#nodes = new Int32Array(size);
    this.#shards = Float64Array.from(shards);
  }

  get size(): number {
    return this.#nodes.length;
  }

  nodeAt(point: number): number {
    return this.#nodes[point]!;
  }

  /** The first point clockwise from a shard. */
  startOf(shard: number): number {
    const position = this.#shards[shard]!;
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#positions[middle]! < position) low = middle + 1;
      else high = middle;
    }
    return low === this.size ? 0 : low;
  }

  /** The distance from a shard clockwise to a point. */
  distance(shard: number, point: number): number {
    return (this.#positions[point]! - this.#shards[shard]! + circle) % circle;
  }
}

function positionsOf(label: string, count: number, sha256: PlacementRules['sha256']): number[] {
  const positions: number[] = [];
  for (let block = 0; positions.length < count; block++) {
    const digest = sha256(`${label} ${block}`);
    for (let word = 0; word < wordsPerDigest && positions.length < count; word++) positions.push(wordAt(digest, word * 4));
  }
  return positions;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
