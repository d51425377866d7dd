/** In which segments the entries of a replica's log are that still count, so that a reader of entries knows where to begin. */

interface Place {
  readonly segment: number;
  /** All entries above this that still count are in this segment or in later ones. */
  readonly after: number;
}

export class SegmentIndex {
  /** By segment, oldest first. `after` never falls from one to the next. */
  #places: Place[];
  #end: number;

  /**
   * @param end the seq of the last entry; without places, the one before the first segment
   * @param places those of another index
   */
  constructor(end = 0, places: readonly Place[] = []) {
    this.#end = end;
    this.#places = [...places];
  }

  get places(): readonly Place[] {
    return this.#places;
  }

  /** The seq of the last entry of the log. */
  get end(): number {
    return this.#end;
  }
  /** The seq above which all entries are there. */
  get start(): number {
    return this.#places[0]?.after ?? this.#end;
  }

  /** A record in this segment, the newest one, leaves the log with this end. */
  add(segment: number, end: number): void {
    // The log may have become shorter.
    while ((this.#places.at(-1)?.after ?? -1) >= end) this.#places.pop();
    if (this.#places.at(-1)?.segment !== segment) this.#places.push({ segment, after: Math.min(this.#end, end) });
    this.#end = end;
  }

  /** A record in this segment has begun the log anew, above this seq. */
  startAt(segment: number, seq: number): void {
    this.#places = [{ segment, after: seq }];
    this.#end = seq;
  }

  /** The segments up to this one are gone. */
  dropThrough(segment: number): void {
    const kept = this.#places.findIndex((place) => place.segment > segment);
    this.#places = kept === -1 ? [] : this.#places.slice(kept);
  }

  /** The segment in which a reader of this entry begins. Undefined: the entry is not there. */
  segmentOf(seq: number): number | undefined {
    if (seq > this.#end) return undefined;
    return this.#places.findLast(({ after }) => after < seq)?.segment;
  }
}
