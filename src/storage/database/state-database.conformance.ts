/** What every database that holds the state of replicas promises. Each implementation runs these tests. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { maxKeyBytes } from '../../limits.js';
import { compareUtf8 } from '../../utf8-order.js';
import type { CopyPosition, FoundCopy, Row, RowTotals, StateDatabase } from './state-database.js';

/** A database on a disk of its own, empty at first. */
export interface DatabaseUnderTest {
  /** Opens what is stored, for the first time or again. What was opened before has been closed. */
  open(): Promise<StateDatabase>;
  /** Nothing is open. */
  dispose(): Promise<void>;
}

const mebibyte = 1_024 * 1_024;
const everything = 1_000_000;

export function positionAt(seq: number, changes: Partial<CopyPosition> = {}): CopyPosition {
  const name = { writerId: '0123456789abcdef', resets: 3, complete: true };
  return { ...name, seq, epoch: 7, epochId: 'epoch 7', throughSeq: seq, requestFloor: 2, timeMs: 5_000, ...changes };
}

export function rowOf(key: string, text: string | undefined, version: number, expiresAtMs?: number): Row {
  return { key, value: text === undefined ? undefined : Buffer.from(text), version, expiresAtMs };
}

/** Pages of the range in both directions, with every bound on the number of rows that matters. @param ordered all keys of shard 0 */
async function expectPages(
  database: StateDatabase,
  ordered: readonly string[],
  from: string,
  to: string | undefined,
): Promise<void> {
  const inRange = ordered.filter((key) => compareUtf8(key, from) >= 0 && (to === undefined || compareUtf8(key, to) < 0));
  for (const reverse of [false, true]) {
    const expected = reverse ? inRange.toReversed() : inRange;
    for (const most of [1, 3, inRange.length || 1, everything]) {
      const { rows, isExhausted } = await database.page(0, { from, to, reverse, most, maxBytes: everything });
      expect(rows.map(({ key }) => key)).toEqual(expected.slice(0, most));
      expect(isExhausted).toBe(most >= expected.length);
    }
  }
}

export function describeStateDatabase(name: string, create: () => Promise<DatabaseUnderTest>): void {
  describe(`${name}, as a database of the state of replicas`, () => {
    let tested: DatabaseUnderTest;
    let database: StateDatabase;

    beforeEach(async () => {
      tested = await create();
      database = await tested.open();
    });
    afterEach(async () => {
      await database.close();
      await tested.dispose();
    });

    async function reopen(): Promise<void> {
      await database.close();
      database = await tested.open();
    }

    /** Begins an empty copy of the shard. */
    async function begin(shard: number): Promise<void> {
      await database.begin(shard, positionAt(0));
    }

    async function put(shard: number, ...rows: readonly Row[]): Promise<RowTotals> {
      const [totals] = await database.commit([{ shard, rows }]);
      return totals!;
    }

    async function textAt(shard: number, key: string): Promise<string | undefined> {
      const stored = await database.get(shard, key);
      return stored && Buffer.from(stored.value).toString();
    }

    async function keysFrom(shard: number, from: string, most = everything, maxBytes = everything): Promise<string[]> {
      return (await database.page(shard, { from, most, maxBytes })).rows.map(({ key }) => key);
    }

    function foundOf(shard: number): FoundCopy | undefined {
      return database.found.find((copy) => copy.shard === shard);
    }

    it('has nothing at first', async () => {
      expect(database.found).toEqual([]);
      expect(await database.get(0, 'a')).toBeUndefined();
      expect(await database.head(0, 'a')).toBeUndefined();
      expect(await database.page(0, { from: '', most: 10, maxBytes: 10 })).toEqual({ rows: [], isExhausted: true });
      expect(await database.earliest(0, 10)).toEqual([]);
      expect(await database.removeSome(0, 10)).toBe(0);
    });

    it('reads what a commit has stored, of the shard only', async () => {
      await begin(0);
      await begin(1);
      await put(0, rowOf('a', 'one', 4, 9_000));
      expect(await database.get(0, 'a')).toMatchObject({ version: 4, expiresAtMs: 9_000 });
      expect(await textAt(0, 'a')).toBe('one');
      expect(await database.head(0, 'a')).toEqual({ version: 4, expiresAtMs: 9_000 });
      expect((await database.head(0, 'a'))?.expiresAtMs).toBe(9_000);
      expect(await database.get(1, 'a')).toBeUndefined();
      expect(await database.page(1, { from: '', most: 10, maxBytes: 10 })).toEqual({ rows: [], isExhausted: true });
    });

    it('commits changes of several shards together, and reports the totals of each in their order', async () => {
      await begin(5);
      await begin(2);
      const totals = await database.commit([
        { shard: 5, rows: [rowOf('a', '12', 1), rowOf('b', '', 2, 10)], position: positionAt(2) },
        { shard: 2, rows: [rowOf('ü', '3', 1)], position: positionAt(1) },
      ]);
      expect(totals).toEqual([
        { keys: 2, expiring: 1, bytes: 4 },
        { keys: 1, expiring: 0, bytes: 3 },
      ]);
    });

    it('executes commits in their order', async () => {
      await begin(0);
      for (let version = 1; version <= 20; version++) await put(0, rowOf('a', `value ${version}`, version));
      expect(await textAt(0, 'a')).toBe('value 20');
    });

    it('is not changed by a row that is not newer, so that a commit may be repeated', async () => {
      await begin(0);
      await put(0, rowOf('a', 'one', 5), rowOf('b', 'two', 6));
      const repeated = [rowOf('a', 'other', 5), rowOf('b', undefined, 6), rowOf('c', undefined, 7)];
      expect(await put(0, ...repeated)).toEqual({ keys: 2, expiring: 0, bytes: 8 });
      expect(await put(0, rowOf('a', undefined, 4), rowOf('b', 'old', 3, 77))).toEqual({ keys: 2, expiring: 0, bytes: 8 });
      expect([await textAt(0, 'a'), await textAt(0, 'b')]).toEqual(['one', 'two']);
      expect(await database.earliest(0, 10)).toEqual([]);
    });

    it('removes a key by a newer row without a value', async () => {
      await begin(0);
      await put(0, rowOf('a', 'one', 1, 100), rowOf('b', 'two', 2));
      expect(await put(0, rowOf('a', undefined, 3))).toEqual({ keys: 1, expiring: 0, bytes: 4 });
      expect(await database.get(0, 'a')).toBeUndefined();
      expect(await database.head(0, 'a')).toBeUndefined();
      expect(await keysFrom(0, '')).toEqual(['b']);
      expect(await database.earliest(0, 10)).toEqual([]);
    });

    it('keeps totals exact when rows are overwritten, deleted, get an expiry, change it and lose it', async () => {
      await begin(0);
      expect(await put(0, rowOf('a', '1', 1))).toEqual({ keys: 1, expiring: 0, bytes: 2 });
      expect(await put(0, rowOf('a', '12345', 2, 50))).toEqual({ keys: 1, expiring: 1, bytes: 6 });
      expect(await put(0, rowOf('a', '123', 3, 60))).toEqual({ keys: 1, expiring: 1, bytes: 4 });
      expect(await put(0, rowOf('a', '', 4))).toEqual({ keys: 1, expiring: 0, bytes: 1 });
      expect(await put(0, rowOf('b', '1', 5, 70), rowOf('a', undefined, 6))).toEqual({ keys: 1, expiring: 1, bytes: 2 });
      expect(await put(0)).toEqual({ keys: 1, expiring: 1, bytes: 2 });
      await reopen();
      expect(foundOf(0)).toMatchObject({ totals: { keys: 1, expiring: 1, bytes: 2 }, earliestExpiryMs: 70 });
      expect(await put(0, rowOf('b', undefined, 7))).toEqual({ keys: 0, expiring: 0, bytes: 0 });
    });

    it('finds the position and the parts of requests again', async () => {
      await begin(3);
      const position = positionAt(12, { throughSeq: 14, epochId: '', requestFloor: 9, timeMs: 2 ** 41 });
      const part = (text: string, isWhole: boolean) => ({ isWhole, bytes: Buffer.from(text) });
      await database.commit([{ shard: 3, rows: [], position: positionAt(1), requests: part('void', false) }]);
      await database.commit([{ shard: 3, rows: [], position: positionAt(2), requests: part('whole', true) }]);
      await database.commit([{ shard: 3, rows: [], position, requests: part('first', false) }]);
      await database.commit([{ shard: 3, rows: [], requests: part('', false) }]);
      await database.commit([{ shard: 3, rows: [], requests: part('second', false) }]);
      await reopen();
      expect(foundOf(3)).toMatchObject({ shard: 3, position, earliestExpiryMs: undefined });
      expect(foundOf(3)!.requests.map((bytes) => Buffer.from(bytes).toString())).toEqual(['whole', 'first', '', 'second']);
    });

    it('finds rows again, and no copy that it was not given', async () => {
      await begin(0);
      await begin(7);
      await put(7, rowOf('a', 'one', 1, 400), rowOf('b', 'two', 2, 300), rowOf('c', 'three', 3));
      await reopen();
      expect(database.found.map(({ shard }) => shard).sort()).toEqual([0, 7]);
      expect(await textAt(7, 'b')).toBe('two');
      expect(foundOf(7)).toMatchObject({ totals: { keys: 3, expiring: 2, bytes: 14 }, earliestExpiryMs: 300 });
    });

    it('keeps many parts of requests, and large ones', async () => {
      await begin(0);
      const bytes = new Uint8Array(3 * mebibyte).fill(7);
      await database.commit([{ shard: 0, rows: [], requests: { isWhole: true, bytes } }]);
      for (let part = 0; part < 200; part++)
        await database.commit([{ shard: 0, rows: [], requests: { isWhole: false, bytes: Uint8Array.of(part) } }]);
      await reopen();
      expect(foundOf(0)!.requests.length).toBe(201);
      expect(Buffer.compare(foundOf(0)!.requests[0]!, bytes)).toBe(0);
      expect(
        foundOf(0)!
          .requests.slice(1)
          .map(([byte]) => byte),
      ).toEqual(Array.from({ length: 200 }, (_, part) => part));
    });

    it('begins a copy with a new name, without requests; its old rows are removed in portions, and those of others stay', async () => {
      await begin(0);
      await begin(1);
      const many = Array.from({ length: 25 }, (_, number) => rowOf(`key ${number}`, 'x', number + 1, 1_000 + number));
      await put(0, ...many);
      await put(1, ...many);
      await database.commit([{ shard: 0, rows: [], requests: { isWhole: false, bytes: Buffer.from('old') } }]);
      const next = positionAt(40, { resets: 4, complete: false });
      await database.begin(0, next);
      let removed = 0;
      for (let some = await database.removeSome(0, 10); some > 0; some = await database.removeSome(0, 10)) {
        expect(some).toBeLessThanOrEqual(10);
        removed += some;
      }
      expect(removed).toBe(25);
      expect(await keysFrom(0, '')).toEqual([]);
      expect(await database.earliest(0, 10)).toEqual([]);
      expect((await keysFrom(1, '')).length).toBe(25);
      expect(await put(0, rowOf('key 3', 'new', 1))).toEqual({ keys: 1, expiring: 0, bytes: 8 });
      expect(await put(1)).toEqual({ keys: 25, expiring: 25, bytes: 165 });
      await reopen();
      expect(foundOf(0)).toMatchObject({ position: next, requests: [], totals: { keys: 1, expiring: 0, bytes: 8 } });
    });

    it('goes on with the removal of rows after it was opened again', async () => {
      await begin(0);
      await put(0, ...Array.from({ length: 25 }, (_, number) => rowOf(`key ${number}`, 'x', number + 1)));
      await database.begin(0, positionAt(0, { resets: 4, complete: false }));
      expect(await database.removeSome(0, 10)).toBeGreaterThan(0);
      await reopen();
      while ((await database.removeSome(0, 10)) > 0);
      expect(await keysFrom(0, '')).toEqual([]);
      expect(await put(0)).toEqual({ keys: 0, expiring: 0, bytes: 0 });
    });

    it('forgets a copy that is not there any more, and may get another one', async () => {
      await begin(0);
      await put(0, rowOf('a', 'one', 1));
      await database.begin(0, undefined);
      await reopen();
      expect(foundOf(0)).toBeUndefined();
      while ((await database.removeSome(0, 10)) > 0);
      await database.begin(0, positionAt(9));
      expect(await put(0, rowOf('a', 'two', 10))).toEqual({ keys: 1, expiring: 0, bytes: 4 });
      await reopen();
      expect(foundOf(0)?.position).toEqual(positionAt(9));
    });

    it('pages in the order of the bytes of the keys', async () => {
      await begin(0);
      const keys = ['\u0000', '\u0000a', 'a', 'a\u0000', 'a\u0000b', 'aa', 'b', 'z', 'é', 'ü', '\ud7ff', '\ue000', '\uffff'];
      const ordered = [...keys, '\u{10000}', '\u{1f511}', '\u{1f511}a', '\u{10ffff}'];
      await put(0, ...ordered.toReversed().map((key, index) => rowOf(key, `value of ${key}`, index + 1)));
      expect(await keysFrom(0, '')).toEqual(ordered);
      for (const [index, key] of ordered.entries()) {
        expect(await keysFrom(0, key)).toEqual(ordered.slice(index));
        expect(await keysFrom(0, `${key}\u0000`)).toEqual(ordered.slice(index + 1));
      }
    });

    it('bounds a page by rows and by bytes, and it has one row at least', async () => {
      await begin(0);
      await put(0, ...Array.from({ length: 30 }, (_, number) => rowOf(`key ${10 + number}`, 'x'.repeat(100), number + 1)));
      expect(await keysFrom(0, '', 3)).toEqual(['key 10', 'key 11', 'key 12']);
      expect(await keysFrom(0, 'key 115', 1)).toEqual(['key 12']);
      expect(await keysFrom(0, '', everything, 1)).toHaveLength(1);
      const some = await keysFrom(0, '', everything, 1_000);
      expect(some.length).toBeGreaterThan(5);
      expect(some.length).toBeLessThan(15);
    });

    it('pages in both directions between any two bounds, with or without values, and knows where the range ends', async () => {
      await begin(0);
      await begin(1);
      const keys = ['\u0000', 'a', 'a\u0000', 'aa', 'b', 'é', '\uffff', '\u{10000}', '\u{10ffff}', 'k'.repeat(maxKeyBytes)];
      const ordered = keys.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
      await put(0, ...keys.map((key, index) => rowOf(key, 'x'.repeat(50), index + 1, 100 + index)));
      await put(1, rowOf('b', 'other', 1));
      const bounds = ['', ...ordered.flatMap((key) => [key, `${key}\u0000`])];
      for (const [index, from] of bounds.entries())
        for (const to of [...bounds.slice(Math.max(0, index - 1), index + 8), undefined])
          await expectPages(database, ordered, from, to);
      const query = { from: 'a', to: 'b', most: everything, maxBytes: 9, keysOnly: true };
      for (const reverse of [false, true]) {
        const { rows } = await database.page(0, { ...query, reverse });
        expect(rows.length).toBeGreaterThan(1);
        for (const { key, value, version, expiresAtMs } of rows) {
          const index = keys.indexOf(key);
          expect([value!.length, version, expiresAtMs]).toEqual([0, index + 1, 100 + index]);
        }
      }
    });

    it('shows whole rows in a page', async () => {
      await begin(0);
      await put(0, rowOf('a', 'one', 3, 70), rowOf('b', '', 4));
      const page = await database.page(0, { from: '', most: 10, maxBytes: everything });
      expect(
        page.rows.map(({ key, value, version, expiresAtMs }) => [key, Buffer.from(value!).toString(), version, expiresAtMs]),
      ).toEqual([
        ['a', 'one', 3, 70],
        ['b', '', 4, undefined],
      ]);
    });

    it('finds the keys that expire first, in the order of their deadlines', async () => {
      await begin(0);
      await begin(1);
      const late = 2 ** 42 - 1;
      await put(
        0,
        rowOf('a', '', 1, 300),
        rowOf('b', '', 2, late),
        rowOf('c', '', 3),
        rowOf('d', '', 4, 5),
        rowOf('e', '', 5, 256),
      );
      await put(1, rowOf('other', '', 1, 1));
      expect(await database.earliest(0, 2)).toEqual([
        { key: 'd', expiresAtMs: 5 },
        { key: 'e', expiresAtMs: 256 },
      ]);
      expect((await database.earliest(0, 10)).map(({ key }) => key)).toEqual(['d', 'e', 'a', 'b']);
      await put(0, rowOf('d', '', 6, 400), rowOf('e', undefined, 7), rowOf('a', '', 8));
      expect(await database.earliest(0, 10)).toEqual([
        { key: 'd', expiresAtMs: 400 },
        { key: 'b', expiresAtMs: late },
      ]);
    });

    it('keeps an empty value, which is not a deleted key', async () => {
      await begin(0);
      await put(0, rowOf('a', '', 1));
      await reopen();
      const stored = await database.get(0, 'a');
      expect(stored).toMatchObject({ version: 1 });
      expect(stored!.value.length).toBe(0);
    });

    it('keeps the longest keys, and pages from behind them', async () => {
      await begin(0);
      const longest = ['k'.repeat(maxKeyBytes), `${'k'.repeat(maxKeyBytes - 1)}l`, '\u{1f511}'.repeat(maxKeyBytes / 4)];
      await put(0, ...longest.map((key, index) => rowOf(key, `${index}`, index + 1, 10 + index)));
      await reopen();
      for (const [index, key] of longest.entries()) expect(await textAt(0, key)).toBe(`${index}`);
      expect(await keysFrom(0, '')).toEqual(longest);
      expect(await keysFrom(0, `${longest[0]}\u0000`)).toEqual(longest.slice(1));
      expect((await database.earliest(0, 10)).map(({ key }) => key)).toEqual(longest);
    });

    it('keeps values of several MiB beside small ones', async () => {
      await begin(0);
      const large = new Uint8Array(4 * mebibyte);
      for (let index = 0; index < large.length; index += 4_093) large[index] = index % 251;
      await put(0, { key: 'large', value: large, version: 1 }, rowOf('small', 'x', 2));
      await reopen();
      const stored = await database.get(0, 'large');
      expect(Buffer.compare(stored!.value, large)).toBe(0);
      expect(await textAt(0, 'small')).toBe('x');
      expect(foundOf(0)?.totals).toEqual({ keys: 2, expiring: 0, bytes: large.length + 11 });
    });

    it('commits many rows at once', async () => {
      await begin(0);
      const rows = Array.from({ length: 5_000 }, (_, number) =>
        rowOf(`key ${String(number).padStart(5, '0')}`, `${number}`, number + 1),
      );
      expect((await put(0, ...rows)).keys).toBe(5_000);
      expect(await keysFrom(0, '')).toEqual(rows.map(({ key }) => key));
      expect((await put(0, ...rows.map(({ key }) => rowOf(key, undefined, 6_000)))).keys).toBe(0);
    });

    it('keeps large numbers exactly', async () => {
      await begin(0);
      const version = Number.MAX_SAFE_INTEGER;
      const position = positionAt(version, { epoch: 2 ** 40, timeMs: 2 ** 45, requestFloor: version - 1 });
      await database.commit([{ shard: 0, rows: [rowOf('a', 'x', version, 2 ** 45)], position }]);
      await reopen();
      expect(foundOf(0)?.position).toEqual(position);
      expect(await database.head(0, 'a')).toEqual({ version, expiresAtMs: 2 ** 45 });
    });

    it('has its commits after a flush', async () => {
      await begin(0);
      await put(0, rowOf('a', 'one', 1));
      await database.flush();
      await Promise.all([database.flush(), put(0, rowOf('a', 'two', 2)), database.flush()]);
      expect(await textAt(0, 'a')).toBe('two');
    });

    it('may be closed twice', async () => {
      await database.close();
      await database.close();
    });
  });
}
