/** Those taken are cut off when there are so many of them, and more than of the others. */
const minCut = 1_024;

/** First in, first out, with a look at what is inside. Taking one is quick however many there are, and lets it go. */
export class Queue<Item> {
  #items: (Item | undefined)[] = [];
  /** Items before it have been taken, and only wait for the array to be cut. */
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** `index` counts from the first in the queue; undefined beyond the last. */
  at(index: number): Item | undefined {
    return this.#items[this.#head + index];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** Takes the last one. */
  pop(): Item | undefined {
    return this.#items.length > this.#head ? this.#items.pop() : undefined;
  }

  /** Takes the first one. */
  shift(): Item | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head >= minCut && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
