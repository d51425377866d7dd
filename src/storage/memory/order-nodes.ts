/**
 * The memory of the order index: nodes of 512 bytes in small pages.
 *
 * Nodes are numbered without a gap: when one is given up, the last one takes its place. So pages have no holes. The first page grows by
 * doubling, so the index of a few keys takes one node.
 *
 * A node has a head of two words, and then its columns, each with a word for every entry:
 *
 *   number of entries | level and skip | words of keys | addresses of records | in an inner node: numbers of the children
 */

const nodeWords = 128;
const nodeShift = 7;
export const headWords = 2;
/** The most entries of a leaf, which has two columns. */
export const leafEntries = (nodeWords - headWords) / 2;
/** The most entries of an inner node, which has three columns. */
export const innerEntries = (nodeWords - headWords) / 3;

const pageShift = 4;
const pageNodes = 1 << pageShift;
const pageWords = pageNodes * nodeWords;
const levelShift = 16;
const skipMask = (1 << levelShift) - 1;

export class OrderNodes {
  readonly #pages: Int32Array[] = [];
  #count = 0;
  #bytes = 0;

  /** Bytes of all pages. */
  get bytes(): number {
    return this.#bytes;
  }
  /** The number of nodes. */
  get count(): number {
    return this.#count;
  }

  /** The page of a node. It may be another one after the next `add`. */
  page(node: number): Int32Array {
    return this.#pages[node >>> pageShift]!;
  }
  /** Where in its page the node begins. */
  base(node: number): number {
    return (node & (pageNodes - 1)) << nodeShift;
  }

  entries(node: number): number {
    return this.page(node)[this.base(node)]!;
  }
  /** 0: a leaf. */
  level(node: number): number {
    return this.page(node)[this.base(node) + 1]! >>> levelShift;
  }
  /** Leading bytes that all keys of the node have in common, and that its words leave out. */
  skip(node: number): number {
    return this.page(node)[this.base(node) + 1]! & skipMask;
  }
  setSkip(node: number, skip: number): void {
    this.page(node)[this.base(node) + 1] = (this.level(node) << levelShift) | skip;
  }
  /** The most entries of the node. */
  capacity(node: number): number {
    return this.level(node) === 0 ? leafEntries : innerEntries;
  }

  setWord(node: number, place: number, word: number): void {
    this.page(node)[this.base(node) + headWords + place] = word;
  }
  address(node: number, place: number): number {
    return this.page(node)[this.base(node) + headWords + this.capacity(node) + place]!;
  }
  setAddress(node: number, place: number, address: number): void {
    this.page(node)[this.base(node) + headWords + this.capacity(node) + place] = address;
  }
  child(node: number, place: number): number {
    return this.page(node)[this.base(node) + headWords + 2 * innerEntries + place]!;
  }
  setChild(node: number, place: number, child: number): void {
    this.page(node)[this.base(node) + headWords + 2 * innerEntries + place] = child;
  }

  /** Adds an empty node. @returns its number. */
  add(level: number): number {
    const node = this.#count++;
    if (this.#count * nodeWords * Int32Array.BYTES_PER_ELEMENT > this.#bytes) this.#grow();
    this.page(node)[this.base(node)] = 0;
    this.page(node)[this.base(node) + 1] = level << levelShift;
    return node;
  }

  /** Gives up a node: the last one takes its place and number. */
  remove(node: number): void {
    const last = --this.#count;
    const from = this.base(last);
    if (node !== last) this.page(node).set(this.page(last).subarray(from, from + nodeWords), this.base(node));
    // One page beyond those in use stays, so that nodes that come and go do not make pages.
    const kept = this.#count === 0 ? 0 : ((this.#count + pageNodes - 1) >>> pageShift) + 1;
    while (this.#pages.length > kept) this.#bytes -= this.#pages.pop()!.byteLength;
  }

  /** Makes room for an entry at this place. The node is not full. */
  openGap(node: number, place: number): void {
    const entries = this.entries(node);
    this.#shift(node, place, entries, 1);
    this.page(node)[this.base(node)] = entries + 1;
  }

  /** Removes the entry at this place. */
  closeGap(node: number, place: number): void {
    const entries = this.entries(node);
    this.#shift(node, place + 1, entries, -1);
    this.page(node)[this.base(node)] = entries - 1;
  }

  /** Adds a node behind this one, with its entries from `kept` on. @returns its number. */
  split(node: number, kept: number): number {
    const right = this.add(this.level(node));
    this.setSkip(right, this.skip(node));
    this.#move(node, kept, right, 0, this.entries(node) - kept);
    return right;
  }

  /** Moves entries between two nodes that stand side by side, until the left one has this many. Words are not corrected. */
  balance(left: number, right: number, target: number): void {
    const before = this.entries(left);
    const moving = target - before;
    if (moving < 0) {
      this.#shift(right, 0, this.entries(right), -moving);
      this.#move(left, target, right, 0, -moving);
    } else {
      const rest = this.entries(right) - moving;
      this.#move(right, 0, left, before, moving);
      this.#shift(right, moving, moving + rest, -moving);
    }
  }

  /** Copies entries, and corrects both counts. */
  #move(from: number, at: number, to: number, toPlace: number, entries: number): void {
    const capacity = this.capacity(from);
    const [source, target] = [this.page(from), this.page(to)];
    const [sourceBase, targetBase] = [this.base(from), this.base(to)];
    for (let column = headWords; column + capacity <= nodeWords; column += capacity) {
      const first = sourceBase + column + at;
      for (let entry = 0; entry < entries; entry++) target[targetBase + column + toPlace + entry] = source[first + entry]!;
    }
    source[sourceBase] = source[sourceBase]! - entries;
    target[targetBase] = target[targetBase]! + entries;
  }

  /** Moves the entries from `first` to before `end` by some places within their node. */
  #shift(node: number, first: number, end: number, by: number): void {
    const capacity = this.capacity(node);
    const page = this.page(node);
    const base = this.base(node);
    for (let column = base + headWords; column + capacity <= base + nodeWords; column += capacity) {
      if (by > 0) for (let at = column + end - 1; at >= column + first; at--) page[at + by] = page[at]!;
      else for (let at = column + first; at < column + end; at++) page[at + by] = page[at]!;
    }
  }

  #grow(): void {
    const [first] = this.#pages;
    if (first !== undefined && first.length < pageWords) {
      this.#pages[0] = new Int32Array(2 * first.length);
      this.#pages[0].set(first);
      this.#bytes += first.byteLength;
      return;
    }
    const page = new Int32Array(first === undefined ? nodeWords : pageWords);
    this.#pages.push(page);
    this.#bytes += page.byteLength;
  }
}
