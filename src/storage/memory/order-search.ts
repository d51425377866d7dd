/**
 * The path from the root of the order index to a place in a leaf.
 *
 * A search compares numbers: the word of the key that it looks for with the words in the node. It reads a record only where words are
 * equal, or to see that the key has the leading bytes that the node skips.
 */
import { keyWord } from './key-bytes.js';
import { headWords, innerEntries, leafEntries, type OrderNodes } from './order-nodes.js';
import type { OrderPlace } from './order-walk.js';
import { noRecord, startUnitOf } from './record-address.js';
import type { Records } from './records.js';

/** An inner node has at least 16 children, so 32-bit addresses fill at most nine levels. */
const mostLevels = 12;

export class OrderSearch {
  /** The node of each level, from the leaf upwards. */
  readonly nodes = new Int32Array(mostLevels);
  /** Above the leaf: the entry of the next node below. In the leaf: the first entry that is not below the key. */
  readonly places = new Int32Array(mostLevels);
  /** The key is in the index. */
  isFound = false;
  readonly #nodes: OrderNodes;
  readonly #records: Records;
  #words!: Int32Array;
  #start = 0;
  #length = 0;
  #known = noRecord;

  constructor(nodes: OrderNodes, records: Records) {
    this.#nodes = nodes;
    this.#records = records;
  }

  /**
   * Sets the key that `run` looks for: `length` bytes from `words[start]` on.
   * @param known the address that the index has for the key; its record may be gone. `noRecord`: not known.
   */
  aim(words: Int32Array, start: number, length: number, known: number): void {
    this.#words = words;
    this.#start = start;
    this.#length = length;
    this.#known = known;
  }

  /** Looks for the key of a record in the index. */
  aimAt(address: number): void {
    const slab = this.#records.slabOf(address);
    const unit = startUnitOf(address);
    this.aim(slab.words, slab.keyStart(unit), slab.keyLength(unit), address);
  }

  /** Goes from the root down to this level. */
  run(root: number, levels: number, downTo = 0): void {
    const nodes = this.#nodes;
    this.isFound = false;
    let node = root;
    for (let level = levels - 1; level > 0 && level >= downTo; level--) {
      let place = this.#placeIn(node, innerEntries);
      if (!this.isFound && place > 0) place--;
      this.nodes[level] = node;
      this.places[level] = place;
      node = nodes.child(node, place);
    }
    if (downTo > 0) return;
    this.nodes[0] = node;
    this.places[0] = this.#placeIn(node, leafEntries);
  }

  /** Goes to the end of the order. */
  runToEnd(root: number, levels: number): void {
    let node = root;
    for (let level = levels - 1; level >= 0; level--) {
      const entries = this.#nodes.entries(node);
      this.nodes[level] = node;
      this.places[level] = level === 0 ? entries : entries - 1;
      if (level > 0) node = this.#nodes.child(node, entries - 1);
    }
  }

  /** A copy of the path of the last search. */
  get found(): OrderPlace {
    return { nodes: this.nodes.slice(), places: this.places.slice() };
  }

  /** The first entry of the node that is not below the key. */
  #placeIn(node: number, capacity: number): number {
    const page = this.#nodes.page(node);
    const base = this.#nodes.base(node);
    const skip = this.#nodes.skip(node);
    const first = base + headWords;
    const end = first + page[base]!;
    const word = keyWord(this.#words, this.#start, this.#length, skip);
    let low = first;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (page[middle]! < word) low = middle + 1;
      else high = middle;
    }
    this.isFound = false;
    if (low < end && page[low] === word) return this.#placeAmongEqual(page, low, first, end, capacity, skip);
    if (skip === 0) return low - first;
    // One record shows whether the key has the bytes that all keys of the node have in common. Otherwise it is before or behind them all.
    const order = this.#compare(page[(low < end ? low : low - 1) + capacity]!);
    if (Math.abs(order) > skip) return low - first;
    return order < 0 ? 0 : end - first;
  }

  /** @param from the first entry whose word is that of the key */
  #placeAmongEqual(page: Int32Array, from: number, first: number, end: number, capacity: number, skip: number): number {
    const word = page[from];
    let low = from;
    let high = from;
    for (; high < end && page[high] === word; high++) {
      if (page[high + capacity] !== this.#known) continue;
      this.isFound = true;
      return high - first;
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = this.#compare(page[middle + capacity]!);
      if (order === 0) {
        this.isFound = true;
        return middle - first;
      }
      if (Math.abs(order) <= skip) return order < 0 ? 0 : end - first;
      if (order < 0) high = middle;
      else low = middle + 1;
    }
    return low - first;
  }

  #compare(address: number): number {
    if (address === this.#known) return 0;
    return this.#records.compareKey(address, this.#words, this.#start, this.#length);
  }
}
