/** The array is compacted once at least this many items were taken and they outnumber the rest. */
const minCut = 1_024;

/** First-in, first-out queue with access by index. `shift` takes constant time on average, and releases the item. */
export class Queue<Item> {
  #items: (Item | undefined)[] = [];
  /** Index of the first item: the places before it are empty until the array is compacted. */
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

  /** Takes the last item. */
  pop(): Item | undefined {
    return this.#items.length > this.#head ? this.#items.pop() : undefined;
  }

  /** Takes the first item. */
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
