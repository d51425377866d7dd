/**
 * Which segments a replica needs: those with entries above its newest snapshot.
 *
 * Metadata needs no segment, because each segment begins with the metadata of every replica.
 */

interface Pin {
  readonly segment: number;
  /** No entry of the replica in this segment that still counts has a higher seq. */
  end: number;
}

export class SegmentPins {
  /** By segment, oldest first. The ends never fall from one to the next. */
  readonly #pins: Pin[] = [];

  /** The oldest segment that the replica needs. Undefined: none. */
  get oldest(): number | undefined {
    return this.#pins[0]?.segment;
  }

  /** A record in this segment, the newest one, leaves the replica's log with this end. */
  add(segment: number, end: number): void {
    const pins = this.#pins;
    let last = pins.length - 1;
    if (last >= 0 && pins[last]!.segment === segment && pins[last]!.end <= end) {
      pins[last]!.end = end;
      return;
    }
    // The log may have become shorter: the entries above its end count no more.
    for (; last >= 0 && pins[last]!.end > end; last--) pins[last]!.end = end;
    if (pins.at(-1)?.segment !== segment) pins.push({ segment, end });
  }

  /** A snapshot holds every entry up to this seq. */
  cover(seq: number): void {
    let covered = 0;
    while (covered < this.#pins.length && this.#pins[covered]!.end <= seq) covered++;
    if (covered > 0) this.#pins.splice(0, covered);
  }

  /** No segment before this one is needed: what counted there was written again. */
  coverBefore(segment: number): void {
    while ((this.#pins[0]?.segment ?? segment) < segment) this.#pins.shift();
  }
}
