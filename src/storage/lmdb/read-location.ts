/**
 * Decides where reads are executed: in the event loop, or off it.
 *
 * LMDB reads from memory that the kernel fills from the file. A page that is not there yet stops the thread that reads it until the
 * disk has answered. In the event loop that would delay beacons, too. So reads leave the event loop
 * - for as long as the file is larger than the memory that its pages may take, and
 * - from the first read that has waited for the disk until no page had to be read from the disk for a while. A restart begins like this,
 *   since its pages are not in memory yet, and so does a smaller file whose pages other processes drive out.
 *
 * A read that leaves takes several times as much work, and no more of the event loop's time however slow the disk is.
 */

/** A read that takes longer may have waited for the disk; then the count of page faults tells. A read from memory takes 1 to 3 µs. */
const suspectMs = 0.05;
/** For how long no page must have come from the disk before reads return to the event loop. So a read in it waits at most once in it. */
const quietMs = 1_000;

export interface ReadLocationOptions {
  /** The memory that pages of the file may take. */
  readonly cacheBytes: number;
  /** Pages that had to be read from the disk, for the whole process: grows. */
  readonly majorFaults?: () => number;
  readonly nowMs?: () => number;
}

export class ReadLocation {
  readonly #cacheBytes: number;
  readonly #majorFaults: () => number;
  readonly nowMs: () => number;
  #isLarger = false;
  /** Undefined: no page had to be read lately. */
  #checkMs: number | undefined;
  #faults: number;

  constructor(options: ReadLocationOptions) {
    this.#cacheBytes = options.cacheBytes;
    this.#majorFaults = options.majorFaults ?? (() => process.resourceUsage().majorPageFault);
    this.nowMs = options.nowMs ?? (() => performance.now());
    this.#faults = this.#majorFaults();
    this.#checkMs = this.nowMs() + quietMs;
  }

  set fileBytes(bytes: number) {
    this.#isLarger = bytes > this.#cacheBytes;
  }

  /** Reads must not be executed in the event loop. */
  get isAway(): boolean {
    if (this.#isLarger) return true;
    if (this.#checkMs === undefined) return false;
    if (this.nowMs() >= this.#checkMs) this.#checkMs = this.#hasFaulted() ? this.nowMs() + quietMs : undefined;
    return this.#checkMs !== undefined;
  }

  /** A read in the event loop has ended that began at this time. */
  readSince(startMs: number): void {
    const endMs = this.nowMs();
    if (endMs - startMs >= suspectMs && this.#hasFaulted()) this.#checkMs = endMs + quietMs;
  }

  #hasFaulted(): boolean {
    const before = this.#faults;
    this.#faults = this.#majorFaults();
    return this.#faults > before;
  }
}
