import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deadlines } from './deadlines.js';

/** The index, and the places of records as it reports them. */
class Recorded {
  readonly places = new Map<number, number>();
  readonly deadlines = new Deadlines((address, place) => this.places.set(address, place));
  readonly #expected = new Map<number, number>();
  #lastAddress = 0;

  step({
    kind,
    pick,
    ms,
  }: {
    readonly kind: 'add' | 'change' | 'remove' | 'move';
    readonly pick: number;
    readonly ms: number;
  }): void {
    const known = [...this.#expected.keys()][pick % Math.max(1, this.#expected.size)];
    if (kind === 'add' || known === undefined) {
      this.#expected.set(++this.#lastAddress, ms);
      this.deadlines.add(ms, this.#lastAddress);
      return;
    }
    const place = this.places.get(known)!;
    if (kind === 'change') {
      this.#expected.set(known, ms);
      return this.deadlines.change(place, ms);
    }
    const before = this.#expected.get(known)!;
    this.#expected.delete(known);
    this.places.delete(known);
    if (kind === 'remove') return this.deadlines.remove(place);
    this.#expected.set(++this.#lastAddress, before);
    this.places.set(this.#lastAddress, place);
    this.deadlines.moved(place, this.#lastAddress);
  }

  expectExact(): void {
    expect(this.deadlines.count).toBe(this.#expected.size);
    for (const [address, ms] of this.#expected) expect(this.deadlines.at(this.places.get(address)!)).toBe(ms);
    const sorted = [...this.#expected].sort(([, one], [, other]) => one - other);
    expect(this.deadlines.earliestMs).toBe(sorted[0]?.[1]);
    for (const timeMs of [0, 20, 2 ** 40]) {
      const due = sorted.filter(([, ms]) => ms <= timeMs).map(([address]) => address);
      expect(this.deadlines.due(timeMs, Number.POSITIVE_INFINITY).toSorted(byNumber)).toEqual(due.toSorted(byNumber));
    }
  }
}

function byNumber(one: number, other: number): number {
  return one - other;
}

describe('the index of deadlines', () => {
  const kind = fc.constantFrom('add' as const, 'add' as const, 'change' as const, 'remove' as const, 'move' as const);
  const ms = fc.oneof(fc.nat(40), fc.integer({ min: 2 ** 32 - 5, max: 2 ** 48 - 1 }));

  it('knows every deadline, the earliest one, and what is due, whatever is added, changed, moved and removed', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ kind, pick: fc.nat(), ms }), { maxLength: 150 }), (steps) => {
        const recorded = new Recorded();
        for (const step of steps) recorded.step(step);
        recorded.expectExact();
      }),
    );
  });

  it('finds the earliest ones first, and no more than it is asked for', () => {
    const { deadlines } = new Recorded();
    for (let number = 1; number <= 1_000; number++) deadlines.add((number * 7_919) % 1_009, number);
    const earliest = deadlines.due(1_009, 1);
    expect(earliest).toHaveLength(1);
    expect(deadlines.due(deadlines.earliestMs!, 10)).toEqual(earliest);
    expect(deadlines.due(1_009, 17)).toHaveLength(17);
    expect(deadlines.due(deadlines.earliestMs! - 1, 17)).toEqual([]);
  });

  it('takes ten bytes an item, and gives its memory back', () => {
    const { deadlines, places } = new Recorded();
    for (let number = 1; number <= 100_000; number++) deadlines.add((number * 7_919) % 100_003, number);
    expect(deadlines.bytes / 100_000).toBeLessThan(10.2);
    for (let number = 1; number <= 100_000; number++) deadlines.remove(places.get(number)!);
    expect(deadlines).toMatchObject({ count: 0, earliestMs: undefined });
    expect(deadlines.bytes).toBeLessThan(11_000);
  });
});
