/**
 * What one other node is told of how much the data here takes, so that it accepts no writes for which there is no room here
 * (write-admission.ts). It is told with what leaves anyway: when that has changed by much, and after a while in any case.
 */

/** Between two looks: each takes as long as there are shards. */
const lookMs = 50;
/** Of a change that is told at the next look. */
const muchBytes = 2 ** 20;
/** What was told is told again after this: the other side adds what it knows itself, and so learns that it may cease to. */
const tellMs = 500;

export class DataReport {
  readonly #dataBytes: () => number;
  #toldBytes = 0;
  #toldMs = Number.NEGATIVE_INFINITY;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(dataBytes: () => number) {
    this.#dataBytes = dataBytes;
  }

  /** What to tell now; undefined: nothing. */
  take(nowMs: number): number | undefined {
    if (nowMs < this.#lookedMs + lookMs) return undefined;
    this.#lookedMs = nowMs;
    const bytes = this.#dataBytes();
    if (nowMs < this.#toldMs + tellMs && Math.abs(bytes - this.#toldBytes) < muchBytes) return undefined;
    this.#toldBytes = bytes;
    this.#toldMs = nowMs;
    return bytes;
  }
}
