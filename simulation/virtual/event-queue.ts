/**
 * The events that are going to happen, in order of simulated true time. Events that are due at one instant happen in
 * the order in which they were added, unless a script picks another.
 */

/** An event that is going to happen. */
export interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  /** Scripts: it does not happen as long as this returns true. */
  readonly isHeld: (() => boolean) | undefined;
}

export class EventQueue {
  /** Simulated true time. */
  nowMs = 0;
  /** The number of events that have happened. */
  count = 0;
  #heap: Due[] = [];
  #lastOrder = 0;

  after(delayMs: number, run: () => void, isHeld?: () => boolean): void {
    this.#push({ atMs: this.nowMs + Math.max(0, delayMs), order: ++this.#lastOrder, run, isHeld });
  }

  /** Lets the next event happen if it is due by `endMs`; otherwise it is `endMs` now. */
  runNext(endMs: number): boolean {
    const next = this.#heap[0];
    if (next === undefined || next.atMs > endMs) {
      this.nowMs = Math.max(this.nowMs, endMs);
      return false;
    }
    this.#removeFirst();
    this.nowMs = next.atMs;
    this.count += 1;
    next.run();
    return true;
  }

  /** Scripts: what can happen now, in order. */
  due(): Due[] {
    return this.#heap.filter((due) => this.#isDue(due)).sort(compare);
  }

  /** Scripts: lets one of those that are due happen. */
  runOne(due: Due): void {
    this.#heap = this.#heap.filter((other) => other !== due).sort(compare);
    this.count += 1;
    due.run();
  }

  /** Scripts: lets the first of those that are due happen. Whether there was one. */
  runFirstDue(): boolean {
    const held: Due[] = [];
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= this.nowMs; first = this.#heap[0]) {
      this.#removeFirst();
      if (this.#isDue(first)) {
        for (const other of held) this.#push(other);
        this.count += 1;
        first.run();
        return true;
      }
      held.push(first);
    }
    for (const other of held) this.#push(other);
    return false;
  }

  #isDue({ atMs, isHeld }: Due): boolean {
    return atMs <= this.nowMs && isHeld?.() !== true;
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(due);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (compare(due, heap[parent]!) > 0) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = due;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    const { length } = heap;
    if (length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= length) break;
      if (child + 1 < length && compare(heap[child + 1]!, heap[child]!) < 0) child += 1;
      if (compare(heap[child]!, last) > 0) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}

function compare(one: Due, other: Due): number {
  return one.atMs === other.atMs ? one.order - other.order : one.atMs - other.atMs;
}
