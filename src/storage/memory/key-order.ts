/**
 * The order of the keys of a storage: a B+ tree of the addresses of their records (Bayer, McCreight, Organization and Maintenance of Large
 * Ordered Indexes, 1972; Comer, The Ubiquitous B-Tree, 1979).
 *
 * Beside each address stand four bytes of its key: those behind the bytes that all keys of the node have in common. So a search mostly
 * compares numbers, and reads about one record in each node (prefixes: Bayer, Unterauer, Prefix B-Trees, 1977; words of keys: Graefe,
 * Larson, B-Tree Indexes and CPU Caches, 2001). An entry of an inner node has the address of the first record below it, so the tree needs
 * no memory for whole keys.
 *
 * A leaf has at least 25 and at most 63 entries, an inner node 16 to 42 children. Only the last leaf may have fewer, because keys that are
 * added in their order leave full leaves behind them. So a key takes 8 to 22 bytes of nodes.
 *
 * A record that is overwritten in its place changes nothing here. The caller reports each record that moves.
 */
import { OrderNodes } from './order-nodes.js';
import { OrderSearch } from './order-search.js';
import { type OrderPlace, OrderWalk } from './order-walk.js';
import { noRecord } from './record-address.js';
import type { Records } from './records.js';

const fewestInLeaf = 25;
const fewestInInner = 16;
/** A node skips further bytes only if at least this many can be skipped: every change of its skip reads all records of the node. */
const leastGain = 2;

export class KeyOrder {
  readonly #records: Records;
  readonly #nodes = new OrderNodes();
  readonly #search: OrderSearch;
  #root = 0;
  /** 0: the tree is empty, and has no root. */
  #levels = 0;
  /** Nodes that no other node refers to any more. */
  readonly #unlinked: number[] = [];

  constructor(records: Records) {
    this.#records = records;
    this.#search = new OrderSearch(this.#nodes, records);
  }

  get bytes(): number {
    return this.#nodes.bytes;
  }

  /** Adds the record of a key that is not in the order: `length` bytes from `words[start]` on. */
  insert(words: Int32Array, start: number, length: number, address: number): void {
    if (this.#levels === 0) {
      this.#root = this.#nodes.add(0);
      this.#levels = 1;
    }
    const { nodes, places } = this.#search;
    this.#search.aim(words, start, length, noRecord);
    this.#search.run(this.#root, this.#levels);
    const isFirst = places[0] === 0;
    const levels = this.#levels;
    this.#insertAt(0, places[0]!, address, 0);
    // The first key of all: it is in the first child of each node above.
    if (isFirst) for (let level = 1; level < levels; level++) this.#setAddress(nodes[level]!, 0, address);
    if (isFirst && this.#levels > levels) this.#setAddress(this.#root, 0, address);
  }

  /** The record of this key has moved. */
  replace(words: Int32Array, start: number, length: number, from: number, to: number): void {
    const { nodes, places } = this.#search;
    this.#find(words, start, length, from);
    this.#nodes.setAddress(nodes[0]!, places[0]!, to);
    for (let level = 1; places[level - 1] === 0 && level < this.#levels; level++)
      this.#nodes.setAddress(nodes[level]!, places[level]!, to);
  }

  /** Removes the key. Its record must still be there. */
  remove(words: Int32Array, start: number, length: number, address: number): void {
    const { nodes, places } = this.#search;
    this.#find(words, start, length, address);
    const leaf = nodes[0]!;
    this.#nodes.closeGap(leaf, places[0]!);
    const entries = this.#nodes.entries(leaf);
    if (places[0] === 0 && entries > 0) this.#correctFirst(0);
    if (entries < fewestInLeaf) this.#fill(0);
    this.#giveUpUnlinked();
  }

  /** Whether the key is in the order. @param address of its record */
  has(words: Int32Array, start: number, length: number, address: number): boolean {
    if (this.#levels === 0) return false;
    this.#search.aim(words, start, length, address);
    this.#search.run(this.#root, this.#levels);
    return this.#search.isFound;
  }

  #find(words: Int32Array, start: number, length: number, address: number): void {
    if (!this.has(words, start, length, address)) throw new Error('a record is missing in the order of the keys');
  }

  /**
   * Goes over the records from one text (inclusive) to another one (exclusive), upwards or downwards. The walk is valid until the order
   * changes. @returns undefined if the range is empty.
   * @param to undefined: to the end
   */
  walk(from: string, to: string | undefined, isReverse: boolean): OrderWalk | undefined {
    if (this.#levels === 0) return undefined;
    const low = Buffer.from(from);
    const high = to === undefined ? undefined : Buffer.from(to);
    if (high !== undefined && low.compare(high) >= 0) return undefined;
    const [first, last] = [this.#placeOf(low), this.#placeOf(high)];
    return isReverse
      ? new OrderWalk(this.#nodes, this.#levels, last, first, true)
      : new OrderWalk(this.#nodes, this.#levels, first, last, false);
  }

  /** @param bound undefined: the end of the order */
  #placeOf(bound: Buffer | undefined): OrderPlace {
    if (bound === undefined) this.#search.runToEnd(this.#root, this.#levels);
    else {
      const words = new Int32Array((bound.length + 3) >>> 2);
      Buffer.from(words.buffer).set(bound);
      this.#search.aim(words, 0, bound.length, noRecord);
      this.#search.run(this.#root, this.#levels);
    }
    return this.#search.found;
  }

  /** Inserts an entry into the node of the present search at this level. @param child of an inner node */
  #insertAt(level: number, place: number, address: number, child: number): void {
    const nodes = this.#nodes;
    const node = this.#search.nodes[level]!;
    const capacity = nodes.capacity(node);
    if (nodes.entries(node) < capacity) return this.#put(node, place, address, child);
    const kept = this.#keptInSplit(level, place, capacity);
    const right = nodes.split(node, kept);
    this.#narrow(node);
    if (kept === capacity) nodes.setSkip(right, nodes.skip(node));
    else this.#narrow(right);
    if (place > kept || kept === capacity) this.#put(right, place - kept, address, child);
    else this.#put(node, place, address, child);
    const rightFirst = nodes.address(right, 0);
    if (level < this.#levels - 1) return this.#insertAt(level + 1, this.#search.places[level + 1]! + 1, rightFirst, right);
    this.#root = nodes.add(level + 1);
    this.#levels++;
    this.#put(this.#root, 0, nodes.address(node, 0), node);
    this.#put(this.#root, 1, rightFirst, right);
  }

  /** The number of entries that stay in a full node. The last leaf of the order stays full. */
  #keptInSplit(level: number, place: number, capacity: number): number {
    if (place < capacity) return (capacity + 1) >>> 1;
    for (let above = level + 1; above < this.#levels; above++) {
      const { nodes, places } = this.#search;
      if (places[above]! < this.#nodes.entries(nodes[above]!) - 1) return (capacity + 1) >>> 1;
    }
    return level === 0 ? capacity : capacity - fewestInInner;
  }

  #put(node: number, place: number, address: number, child: number): void {
    const nodes = this.#nodes;
    const entries = nodes.entries(node);
    // A key between two entries has the bytes that these have in common, so only a new first or last entry can have fewer.
    if (entries > 0 && (place === 0 || place === entries)) this.#admit(node, address, nodes.address(node, 0));
    nodes.openGap(node, place);
    this.#write(node, place, address);
    if (nodes.level(node) > 0) nodes.setChild(node, place, child);
  }

  #write(node: number, place: number, address: number): void {
    this.#nodes.setAddress(node, place, address);
    this.#nodes.setWord(node, place, this.#records.keyWord(address, this.#nodes.skip(node)));
  }

  /** Lets the node skip no more bytes than the record has in common with `other`, which stays in the node. */
  #admit(node: number, address: number, other: number): void {
    const skip = this.#nodes.skip(node);
    if (skip === 0) return;
    const common = this.#records.commonKeyBytes(address, other);
    if (common < skip) this.#restate(node, common);
  }

  /** Sets the address of an entry of an inner node, below which another record is the first one now. */
  #setAddress(node: number, place: number, address: number): void {
    const last = this.#nodes.entries(node) - 1;
    if (last > 0 && (place === 0 || place === last))
      this.#admit(node, address, this.#nodes.address(node, place === 0 ? last : 0));
    this.#write(node, place, address);
  }

  /** The first record of the node at this level has changed: corrects the entries above it. */
  #correctFirst(level: number): void {
    const { nodes, places } = this.#search;
    const address = this.#nodes.address(nodes[level]!, 0);
    for (let above = level + 1; above < this.#levels; above++) {
      this.#setAddress(nodes[above]!, places[above]!, address);
      if (places[above]! > 0) return;
    }
  }

  /** The node at this level has too few entries: it receives some from a neighbour, or is merged with it. */
  #fill(level: number): void {
    const nodes = this.#nodes;
    const path = this.#search;
    if (level === this.#levels - 1) return this.#lower(level);
    const parent = path.nodes[level + 1]!;
    const place = Math.max(0, path.places[level + 1]! - 1);
    const left = nodes.child(parent, place);
    const right = nodes.child(parent, place + 1);
    const together = nodes.entries(left) + nodes.entries(right);
    if (together > nodes.capacity(left)) {
      nodes.balance(left, right, together >>> 1);
      this.#restate(left);
      this.#restate(right);
      this.#setAddress(parent, place + 1, nodes.address(right, 0));
      return;
    }
    nodes.balance(left, right, together);
    nodes.closeGap(parent, place + 1);
    this.#unlinked.push(right);
    this.#restate(left);
    path.nodes[level] = left;
    path.places[level + 1] = place;
    // The node has lost its only entry, and has the entries of its right neighbour now.
    if (nodes.address(parent, place) !== nodes.address(left, 0)) this.#correctFirst(level);
    if (nodes.entries(parent) < fewestInInner) this.#fill(level + 1);
  }

  /** The root has few entries: removes it if it has only one child, or, as a leaf, no entry. */
  #lower(level: number): void {
    const root = this.#root;
    if (this.#nodes.entries(root) > Math.min(level, 1)) return;
    this.#unlinked.push(root);
    this.#levels--;
    if (level > 0) this.#root = this.#nodes.child(root, 0);
  }

  /** Skips more bytes in a node that was split, if that is worth the work. */
  #narrow(node: number): void {
    if (this.#nodes.entries(node) > 1 && this.#commonBytes(node) >= this.#nodes.skip(node) + leastGain) this.#restate(node);
  }

  /** Bytes that all keys of the node have in common: those of the first and the last one. */
  #commonBytes(node: number): number {
    const nodes = this.#nodes;
    return this.#records.commonKeyBytes(nodes.address(node, 0), nodes.address(node, nodes.entries(node) - 1));
  }

  /** Lets the node skip this many bytes. Default: all that its keys have in common. */
  #restate(node: number, skip = this.#commonBytes(node)): void {
    const nodes = this.#nodes;
    nodes.setSkip(node, skip);
    for (let place = nodes.entries(node) - 1; place >= 0; place--) this.#write(node, place, nodes.address(node, place));
  }

  #giveUpUnlinked(): void {
    // The highest number first, so that a last node that moves to a free number is always in use.
    for (const node of this.#unlinked.sort((one, other) => other - one)) {
      const last = this.#nodes.count - 1;
      if (node !== last) this.#rename(last, node);
      this.#nodes.remove(node);
    }
    this.#unlinked.length = 0;
  }

  /** A node gets another number: changes the reference to it. */
  #rename(node: number, name: number): void {
    if (node === this.#root) {
      this.#root = name;
      return;
    }
    const above = this.#nodes.level(node) + 1;
    this.#search.aimAt(this.#nodes.address(node, 0));
    this.#search.run(this.#root, this.#levels, above);
    this.#nodes.setChild(this.#search.nodes[above]!, this.#search.places[above]!, name);
  }
}
