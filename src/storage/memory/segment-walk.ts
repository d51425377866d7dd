/**
 * The records of one segment of the index, one after the other, for somebody who pauses in between: it learns where records
 * went meanwhile, so that none that stays is missed, and none has to be looked up again.
 */
import { noRecord } from './address.js';

export class SegmentWalk {
  readonly segment: number;
  readonly #addresses: number[];
  #next = 0;
  /** Where in `#addresses` an address stands. Not made before something moves: mostly nothing does. */
  #places: Map<number, number> | undefined;

  constructor(segment: number, addresses: number[]) {
    this.segment = segment;
    this.#addresses = addresses;
  }

  /** The address of a record that is in use now; `noRecord` when all have been seen. */
  next(): number {
    while (this.#next < this.#addresses.length) {
      const address = this.#addresses[this.#next++]!;
      if (address !== noRecord) return address;
    }
    return noRecord;
  }

  /** `to`: `noRecord` if the record is gone. The address may belong to another record from here on. */
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
