/** A queue gives memory back once it has this many places and fewer than one in `sparse` of them is taken. */
const shrinksFrom = 1_024;
const sparse = 8;
/** A power of two. */
const fewestPlaces = 8;

/**
 * First-in, first-out queue with access by index. Each call takes constant time on average, and an item that is taken is released.
 * It is a ring: a queue that is nearly always short uses the same few places again and again.
 */
export class Queue<Item> {
  #places: (Item | undefined)[] = newPlaces(fewestPlaces);
  /** Place of the first item, below the number of places. */
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** `index` counts from the first in the queue; undefined beyond the last. */
  at(index: number): Item | undefined {
    return index < 0 || index >= this.#length ? undefined : this.#places[this.#placeOf(index)];
  }

  push(item: Item): void {
    if (this.#length === this.#places.length) this.#resize(2 * this.#length);
    this.#places[this.#placeOf(this.#length++)] = item;
  }

  /** Takes the last item. */
  pop(): Item | undefined {
    if (this.#length === 0) return undefined;
    return this.#take(this.#placeOf(--this.#length));
  }

  /** Takes the first item. */
  shift(): Item | undefined {
    if (this.#length === 0) return undefined;
    const place = this.#head;
    this.#head = this.#placeOf(1);
    this.#length--;
    return this.#take(place);
  }

  clear(): void {
    this.#places = newPlaces(fewestPlaces);
    this.#head = 0;
    this.#length = 0;
  }

  #placeOf(index: number): number {
    return (this.#head + index) & (this.#places.length - 1);
  }

  #take(place: number): Item | undefined {
    const item = this.#places[place];
    this.#places[place] = undefined;
    const count = this.#places.length;
    if (count >= shrinksFrom && sparse * this.#length < count) this.#resize(count / 2);
    return item;
  }

  #resize(count: number): void {
    const places = newPlaces<Item>(count);
    for (let index = 0; index < this.#length; index++) places[index] = this.at(index);
    this.#places = places;
    this.#head = 0;
  }
}

function newPlaces<Item>(count: number): (Item | undefined)[] {
  return new Array<Item | undefined>(count).fill(undefined);
}
