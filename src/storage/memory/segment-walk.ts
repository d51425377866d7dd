/**
 * Iterator over the records of one segment of the index that survives changes between its steps. The index reports each record
 * that moves, so the walk misses no record that stays, and looks none up again.
 */
import { noRecord } from './record-address.js';

export class SegmentWalk {
  readonly segment: number;
  readonly #addresses: number[];
  #next = 0;
  /** Index in `#addresses` of each address. It is built at the first move, because usually no record moves. */
  #places: Map<number, number> | undefined;

  constructor(segment: number, addresses: number[]) {
    this.segment = segment;
    this.#addresses = addresses;
  }

  /** @returns the address of the next record that is in use now; `noRecord` at the end. */
  next(): number {
    while (this.#next < this.#addresses.length) {
      const address = this.#addresses[this.#next++]!;
      if (address !== noRecord) return address;
    }
    return noRecord;
  }

  /** @param to the new address, or `noRecord` if the record was removed. The old address may be reused from here on. */
  moved(from: number, to: number): void {
    this.#places ??= this.#placesToCome();
    const places = this.#places;
    const place = places.get(from);
    if (place === undefined) return;
    this.#addresses[place] = to;
    places.delete(from);
    if (to !== noRecord) places.set(to, place);
  }

  #placesToCome(): Map<number, number> {
    const places = new Map<number, number>();
    for (let place = this.#next; place < this.#addresses.length; place++) places.set(this.#addresses[place]!, place);
    return places;
  }
}
