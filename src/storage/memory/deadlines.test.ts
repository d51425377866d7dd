import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deadlines, restOf } from './deadlines.js';

/** The index, and the places of records as it reports them. */
class Recorded {
  readonly places = new Map<number, number>();
  readonly #rests = new Map<number, number>();
  readonly deadlines = new Deadlines({
    setPlace: (address, place) => this.places.set(address, place),
    restMs: (address) => this.#rests.get(address)!,
  });
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
      return this.add(ms, this.#lastAddress);
    }
    const place = this.places.get(known)!;
    if (kind === 'change') {
      this.#expected.set(known, ms);
      this.#rests.set(known, restOf(ms));
      return this.deadlines.change(place, ms);
    }
    const before = this.#expected.get(known)!;
    this.#expected.delete(known);
    this.places.delete(known);
    if (kind === 'remove') return this.deadlines.remove(place);
    this.#expected.set(++this.#lastAddress, before);
    this.places.set(this.#lastAddress, place);
    this.#rests.set(this.#lastAddress, restOf(before));
    this.deadlines.moved(place, this.#lastAddress);
  }

  add(ms: number, address: number): void {
    this.#rests.set(address, restOf(ms));
    this.deadlines.add(ms, address);
  }

  expectExact(): void {
    expect(this.deadlines.count).toBe(this.#expected.size);
    for (const [address, ms] of this.#expected) expect(this.deadlines.at(this.places.get(address)!)).toBe(ms);
    const sorted = [...this.#expected].sort(([, one], [, other]) => one - other);
    expect(this.deadlines.earliestMs).toBe(sorted[0]?.[1]);
    for (const timeMs of [0, 20, 2_000, 2 ** 40]) {
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
  const ms = fc.oneof(fc.nat(40), fc.nat(5_000), fc.integer({ min: 2 ** 32 - 5, max: 2 ** 42 - 1 }));

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
    const recorded = new Recorded();
    const { deadlines } = recorded;
    for (let number = 1; number <= 1_000; number++) recorded.add((number * 7_919) % 1_009, number);
    const earliest = deadlines.due(1_009, 1);
    expect(earliest).toHaveLength(1);
    expect(deadlines.due(deadlines.earliestMs!, 10)).toEqual(earliest);
    expect(deadlines.due(1_009, 17)).toHaveLength(17);
    expect(deadlines.due(deadlines.earliestMs! - 1, 17)).toEqual([]);
  });

  it('takes eight bytes an item, and gives its memory back', () => {
    const recorded = new Recorded();
    const { deadlines, places } = recorded;
    for (let number = 1; number <= 100_000; number++) recorded.add((number * 7_919) % 100_003, number);
    expect(deadlines.bytes / 100_000).toBeLessThan(8.2);
    for (let number = 1; number <= 100_000; number++) deadlines.remove(places.get(number)!);
    expect(deadlines).toMatchObject({ count: 0, earliestMs: undefined });
    expect(deadlines.bytes).toBeLessThan(9_000);
  });
});
