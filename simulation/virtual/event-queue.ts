/** What is going to happen, in order of simulated true time; what is due at one instant happens in the order it was put in. */
interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class EventQueue {
  /** True time. */
  nowMs = 0;
  /** How many events have happened. */
  count = 0;
  readonly #heap: Due[] = [];
  #lastOrder = 0;

  after(delayMs: number, run: () => void): void {
    const due = { atMs: this.nowMs + Math.max(0, delayMs), order: ++this.#lastOrder, run };
    const heap = this.#heap;
    let index = heap.length;
    heap.push(due);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(due, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = due;
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

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    const { length } = heap;
    if (length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= length) break;
      if (child + 1 < length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
