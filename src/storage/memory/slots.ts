/** Items by small numbers. The number of a removed item is used again. */
export class Slots<T> {
  readonly #limit: number;
  readonly #items: (T | undefined)[] = [];
  readonly #free: number[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get count(): number {
    return this.#items.length - this.#free.length;
  }

  /** @throws RangeError if every number is in use. */
  add(item: T): number {
    const number = this.#free.pop() ?? this.#items.length;
    if (number >= this.#limit) throw new RangeError(`the storage in memory is full: ${this.#limit} pieces are in use`);
    this.#items[number] = item;
    return number;
  }

  /** The number must be in use. */
  at(number: number): T {
    return this.#items[number]!;
  }

  remove(number: number): void {
    this.#items[number] = undefined;
    this.#free.push(number);
  }

  /** The numbers of the items, and undefined for those that are free. */
  entries(): Iterable<[number, T | undefined]> {
    return this.#items.entries();
  }
}
