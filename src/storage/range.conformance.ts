/** What every storage promises of the order of its keys. Each engine runs these tests. */
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryOf, writes } from './memory/memory-storage.fixture.js';
import type { RangeItem, RangePage, RangeQuery, StoredValue } from './storage.js';
import { addTo, putText, removal, type StorageUnderTest } from './tested-storage.fixture.js';

const everything = 100_000_000;

const texts = fc.oneof(
  fc.nat(41).map((number) => `key:${number}`),
  fc.string({ unit: 'binary', maxLength: 3 }),
  fc.constantFrom('', 'key', 'key:', 'key;', 'ü', '\u{10ffff}'),
);
const query = fc.record({
  from: fc.oneof({ weight: 1, arbitrary: fc.constant('') }, { weight: 2, arbitrary: texts }),
  to: fc.option(texts, { nil: undefined }),
  reverse: fc.boolean(),
  most: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(everything)),
  maxBytes: fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.constant(everything)),
  keysOnly: fc.boolean(),
});
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('apply' as const), writes: fc.array(writes, { maxLength: 20 }) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('page' as const), query }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type State = ReadonlyMap<string, StoredValue>;

function copied({ items, isExhausted }: RangePage): RangePage {
  return { items: items.map((item) => ({ ...item, value: item.value && Uint8Array.from(item.value) })), isExhausted };
}

/** Everything that the state has of the range, in its order. */
function itemsIn(state: State, { from, to, reverse, keysOnly }: RangeQuery): RangeItem[] {
  const bytes = Buffer.from;
  return [...state]
    .filter(([key]) => bytes(key).compare(bytes(from)) >= 0 && (to === undefined || bytes(key).compare(bytes(to)) < 0))
    .sort(([one], [other]) => bytes(one).compare(bytes(other)) * (reverse ? -1 : 1))
    .map(([key, { value, version, expiresAtMs }]) => ({
      key,
      value: keysOnly ? undefined : Uint8Array.from(value),
      version,
      expiresAtMs,
    }));
}

/** Random writes, while pages are read. Each page must be exactly what a map had in the moment of the page. */
class PagesBesideMap {
  readonly #tested: StorageUnderTest;
  readonly #twin = new Map<string, StoredValue>();
  readonly #checks: Promise<void>[] = [];
  #seq = 0;

  constructor(tested: StorageUnderTest) {
    this.#tested = tested;
    tested.reset();
  }

  async run(step: Step): Promise<void> {
    if (step.kind === 'apply') this.#apply(step.writes);
    else if (step.kind === 'page') this.#checks.push(this.#page(step.query));
    else if (step.kind === 'turn') await turn();
    else if (step.kind === 'settle') await this.#tested.settled();
    else {
      this.#tested.reset();
      this.#twin.clear();
    }
  }

  async checked(): Promise<void> {
    await Promise.all(this.#checks);
  }

  #apply(writes: Extract<Step, { kind: 'apply' }>['writes']): void {
    const entries = writes.map((write) => entryOf([{ ...write, late: 1 }], ++this.#seq));
    this.#tested.apply(entries);
    for (const entry of entries) addTo(this.#twin, entry);
  }

  async #page(query: RangeQuery): Promise<void> {
    let moment: State | undefined;
    const answer = this.#tested.storage.range!(query, () => {
      moment = new Map(this.#twin);
    });
    const { items, isExhausted } = answer instanceof Promise ? await answer : copied(answer);
    const all = itemsIn(moment!, query);
    expect(copied({ items, isExhausted }).items).toEqual(all.slice(0, items.length));
    expect(items.length).toBeLessThanOrEqual(query.most);
    if (isExhausted) expect(items.length).toBe(all.length);
    else expect(items.length).toBeGreaterThan(0);
  }
}

export function describeRange(tested: () => StorageUnderTest): void {
  describe('in the order of its keys', () => {
    /** All keys from there on, in pages. */
    async function expectKeys(
      expected: readonly string[],
      from: string,
      most = everything,
      maxBytes = everything,
    ): Promise<void> {
      const keys: string[] = [];
      for (let [next, isExhausted] = [from, false]; !isExhausted; next = `${keys.at(-1)}\u0000`) {
        const page = await tested().storage.range!({ from: next, most, maxBytes });
        ({ isExhausted } = page);
        if (!isExhausted) expect(page.items.length).toBeGreaterThan(0);
        expect(page.items.length).toBeLessThanOrEqual(most);
        keys.push(...page.items.map(({ key }) => key));
      }
      expect(keys).toEqual(expected);
    }

    it('passes keys in the order of their bytes, written or not', async () => {
      const ordered = [
        '\u0000',
        'a',
        'a\u0000',
        'aa',
        'b',
        'é',
        '\ud7ff',
        '\ue000',
        '\uffff',
        '\u{10000}',
        '\u{1f511}',
        '\u{10ffff}',
      ];
      const shuffled = ordered.toSorted((one, other) => one.length - other.length || (one < other ? 1 : -1));
      tested().apply(shuffled.slice(0, 6).map((key, index) => putText(key, key, index + 1)));
      await tested().settled();
      tested().apply(shuffled.slice(6).map((key, index) => putText(key, key, index + 7)));
      await expectKeys(ordered, '');
      for (const [index, key] of ordered.entries()) await expectKeys(ordered.slice(index), key);
      await tested().settled();
      await expectKeys(ordered, '');
    });

    it('has pages of a bounded size, with one key at least', async () => {
      const keys = Array.from({ length: 30 }, (_, number) => `key ${10 + number}`);
      for (const [index, key] of keys.entries()) {
        tested().apply([putText(key, 'x'.repeat(100), index + 1)]);
        if (index === 15) await tested().settled();
      }
      await expectKeys(keys, '', 3);
      await expectKeys(keys.slice(15), 'key 245', 2);
      await expectKeys(keys, '', everything, 1);
      await expectKeys([], 'key 4');
      const page = await tested().storage.range!({ from: '', most: everything, maxBytes: 1_000 });
      expect(page.items.length).toBeLessThan(15);
    });

    it('leaves out deleted keys, and goes on behind them', async () => {
      for (let number = 10; number < 40; number++) tested().apply([putText(`key ${number}`, 'x', number)]);
      await tested().settled();
      for (let number = 10; number < 35; number++) tested().apply([removal(`key ${number}`, 100 + number)]);
      tested().apply([putText('key 12', 'new', 200)]);
      const left = ['key 12', 'key 35', 'key 36', 'key 37', 'key 38', 'key 39'];
      await expectKeys(left, '', 2);
      await expectKeys(left.slice(1), 'key 13', 1);
      await tested().settled();
      await expectKeys(left, '', 2);
    });

    it('shows exactly what was there in one moment, whatever is written meanwhile', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const beside = new PagesBesideMap(tested());
          for (const step of steps) await beside.run(step);
          await beside.checked();
        }),
        { seed: 20, numRuns: 60 },
      );
    });

    it('goes downwards, and ends before the end of the range', async () => {
      const keys = Array.from({ length: 30 }, (_, number) => `key ${10 + number}`);
      for (const [index, key] of keys.entries()) {
        tested().apply([putText(key, 'x', index + 1)]);
        if (index === 15) await tested().settled();
      }
      const found: string[] = [];
      for (let [to, isExhausted] = ['key 35', false]; !isExhausted; to = found.at(-1)!) {
        const query = { from: 'key 115', to, reverse: true, most: 7, maxBytes: everything, keysOnly: true };
        const page = await tested().storage.range!(query);
        ({ isExhausted } = page);
        for (const { key, value } of page.items) {
          expect(value).toBeUndefined();
          found.push(key);
        }
      }
      expect(found).toEqual(keys.slice(2, 25).reverse());
    });

    it('shows the newest of each key', async () => {
      tested().apply([putText('a', 'old', 1, 50), putText('b', 'kept', 2, 60)]);
      await tested().settled();
      tested().apply([putText('a', 'new', 3)]);
      const { items } = await tested().storage.range!({ from: '', most: 10, maxBytes: everything });
      const expected = [
        { key: 'a', value: Buffer.from('new'), version: 3, expiresAtMs: undefined },
        { key: 'b', value: Buffer.from('kept'), version: 2, expiresAtMs: 60 },
      ];
      expect(items.map((item) => ({ ...item, value: Buffer.from(item.value!) }))).toEqual(expected);
    });
  });
}
