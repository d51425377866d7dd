import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KvError } from '../../errors.js';
import { ScanMemory } from './scan-memory.js';
import { PageReader, ScannedPrimary } from './scanned-primary.fixture.js';
import { ShardScan } from './shard-scan.js';

const wholeRange = { from: '', to: undefined };

function scanOf(
  primary: ScannedPrimary,
  reader: PageReader,
  options: { reverse?: boolean; limit?: number; maxKeys?: number } = {},
) {
  const { reverse = false, limit = 0, maxKeys = 1_000 } = options;
  const counted: number[] = [];
  const scan = new ShardScan({
    nodeId: 'a',
    request: { reverse, limit, keysOnly: false },
    range: wholeRange,
    bounds: { maxKeys, maxBytes: 1024 * 1024 },
    reply: reader.reply,
    memory: new ScanMemory(1024 * 1024),
    replica: () => primary,
    onPage: (keys) => counted.push(keys),
    refusalOf: (error) => error,
  });
  return { scan, counted };
}

const byBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));
const manyKeys = Array.from({ length: 2_000 }, (_, index) => `key:${index}`).sort(byBytes);

function primaryOf(keys: readonly string[]): ScannedPrimary {
  const primary = new ScannedPrimary();
  for (const key of keys) primary.write({ [key]: `value of ${key}` });
  return primary;
}

test.each([false, true])('a scan (reverse: %s) - shows every key once, in order, and its pages grow', async (reverse) => {
  const reader = new PageReader();
  const { scan, counted } = scanOf(primaryOf(manyKeys), reader, { reverse });
  expect(await scan.run()).toBeUndefined();
  expect(reader.hasEnded).toBe(true);
  expect(reader.keys).toEqual(reverse ? manyKeys.toReversed() : manyKeys);
  expect(counted[0]).toBe(64);
  expect(counted.reduce((sum, keys) => sum + keys)).toBe(manyKeys.length);
  expect(reader.pages.map(({ isLast }) => isLast)).toEqual(reader.pages.map((_, index) => index === reader.pages.length - 1));
  expect(reader.pages.at(-1)).toMatchObject({ isExhausted: true, epoch: 3, nodeId: 'a', position: { history: 'h', seq: 2_000 } });
  expect(reader.pages[0]!.records[0]!.value.toString()).toBe(`value of ${reader.keys[0]}`);
});

test('a scan - ends at its limit, and at an empty range with one empty page', async () => {
  const reader = new PageReader();
  await scanOf(primaryOf(manyKeys), reader, { limit: 100 }).scan.run();
  expect(reader.keys).toEqual(manyKeys.slice(0, 100));
  expect(reader.pages.at(-1)).toMatchObject({ isLast: true, isExhausted: false });
  const empty = new PageReader();
  await scanOf(primaryOf([]), empty).scan.run();
  expect(empty.pages).toEqual([expect.objectContaining({ records: [], isLast: true, isExhausted: true })]);
});

test('a page - is the state at its position, whatever is written between two pages', async () => {
  const keys = [...'abcdef'];
  const step = fc.dictionary(fc.constantFrom(...keys), fc.option(fc.constantFrom('1', '2'), { nil: undefined }));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), fc.boolean(), async (steps, reverse) => {
      const primary = primaryOf(keys);
      const held = new Map<string, string>();
      for (const key of keys) held.set(key, `value of ${key}`);
      const states = new Map([[primary.seq, new Map(held)]]);
      const waiting = steps.values();
      const reader = new PageReader(() => {
        const next = waiting.next();
        if (next.done) return;
        primary.write(next.value);
        for (const [key, value] of Object.entries(next.value))
          if (value === undefined) held.delete(key);
          else held.set(key, value);
        states.set(primary.seq, new Map(held));
      });
      await scanOf(primary, reader, { reverse, maxKeys: 2 }).scan.run();
      let before: string | undefined;
      for (const { records, position, isExhausted } of reader.pages) {
        const state = states.get(position.seq)!;
        const shown = records.map(({ key, value }) => [key, value.toString()]);
        const last = isExhausted ? undefined : records.at(-1)!.key;
        const isShown = (key: string): boolean =>
          reverse
            ? (before === undefined || key < before) && (last === undefined || key >= last)
            : (before === undefined || key > before) && (last === undefined || key <= last);
        const wanted = [...state].filter(([key]) => isShown(key)).sort(([one], [other]) => byBytes(one, other));
        expect(shown).toEqual(reverse ? wanted.toReversed() : wanted);
        before = records.at(-1)?.key ?? before;
      }
    }),
    { numRuns: 100 },
  );
});

test('a page - has no key that is due: such keys are deleted first, in one entry, and the page waits for that', async () => {
  const primary = primaryOf(['a', 'd']);
  primary.write({ b: '1', c: '1' }, 50);
  primary.write({ later: '1' }, 80);
  primary.nowMs = 50;
  primary.keepsDeletes = true;
  const reader = new PageReader();
  const over = scanOf(primary, reader).scan.run();
  for (let turns = 0; turns < 5; turns++) await turn();
  expect(reader.pages).toEqual([]);
  primary.kept[0]!();
  await over;
  expect(primary.expired).toEqual([['b', 'c']]);
  expect(reader.pages).toHaveLength(1);
  expect(reader.pages[0]!.records.map(({ key, expiresInMs }) => [key, expiresInMs])).toEqual([
    ['a', undefined],
    ['d', undefined],
    ['later', 30],
  ]);
});

test('a page - leaves a key that is due and being written to that write, and waits for it', async () => {
  const primary = primaryOf(['a']);
  primary.write({ b: 'old' }, 50);
  primary.nowMs = 50;
  primary.busy.add('b');
  const reader = new PageReader();
  await scanOf(primary, reader).scan.run();
  expect(primary.expired).toEqual([]);
  expect(reader.pages[0]!.records.map(({ key, value }) => [key, value.toString()])).toEqual([
    ['a', 'value of a'],
    ['b', 'new'],
  ]);
});

test.each([false, true])(
  'a page - deletes no key that was written after the page was read (storage answers later: %s)',
  async (isLater) => {
    const primary = primaryOf(['a']);
    primary.write({ b: 'old', c: 'old' }, 50);
    primary.nowMs = 50;
    if (isLater) primary.storageDelay = Promise.resolve();
    // A write that has waited for its key takes effect right behind the first reading.
    primary.onRead = () => {
      primary.onRead = () => {};
      queueMicrotask(() => primary.write({ b: 'new' }));
    };
    const reader = new PageReader();
    await scanOf(primary, reader).scan.run();
    expect(reader.pages[0]!.records.map(({ key, value }) => [key, value.toString()])).toEqual([
      ['a', 'value of a'],
      ['b', 'new'],
    ]);
  },
);

test('a scan - is refused as a read is, before a page, between two, and after the wait for a delete', async () => {
  const refusal = new KvError('LEASE_LAPSED', 'it lapsed');
  const primary = primaryOf(manyKeys);
  const between = new PageReader(() => {
    primary.refusal = refusal;
  });
  expect(await scanOf(primary, between).scan.run()).toBe(refusal);
  expect([between.pages.length, between.error, between.hasEnded]).toEqual([1, refusal, false]);
  const before = new PageReader();
  await scanOf(primary, before).scan.run();
  expect([before.pages.length, before.error]).toEqual([0, refusal]);

  const expiring = primaryOf([]);
  expiring.write({ a: '1' }, 50);
  expiring.nowMs = 50;
  expiring.keepsDeletes = true;
  const late = new PageReader();
  const over = scanOf(expiring, late).scan.run();
  await turn();
  expiring.refusal = refusal;
  expiring.kept[0]!();
  expect(await over).toBe(refusal);
  expect(late.pages).toEqual([]);
});

test('a page that the storage answers later - has the position of its moment, and is refused if the lease has lapsed meanwhile', async () => {
  const primary = primaryOf(['a', 'b']);
  let answer!: () => void;
  primary.storageDelay = new Promise((resolve) => {
    answer = resolve;
  });
  const reader = new PageReader();
  const over = scanOf(primary, reader).scan.run();
  primary.write({ c: '1' });
  answer();
  await over;
  expect([reader.keys, reader.pages[0]!.position.seq]).toEqual([['a', 'b', 'c'], 3]);

  const refusals: [(primary: ScannedPrimary) => void, string][] = [
    [(one) => (one.refusal = new KvError('LEASE_LAPSED', 'it lapsed')), 'LEASE_LAPSED'],
    [(one) => (one.epoch += 1), 'NOT_PRIMARY'],
    [(one) => (one.resets += 1), 'NOT_PRIMARY'],
  ];
  for (const [change, code] of refusals) {
    const late = new PageReader();
    const scan = scanOf(primary, late).scan.run();
    change(primary);
    expect(await scan).toMatchObject({ code });
    expect(late.pages).toEqual([]);
    primary.refusal = undefined;
  }
});

test('a scan - does not go on while its client does not read, nor after the client has gone', async () => {
  const reader = new PageReader();
  reader.mayRead = false;
  const { scan } = scanOf(primaryOf(manyKeys), reader);
  const over = scan.run();
  for (let turns = 0; turns < 20; turns++) await turn();
  expect(reader.pages).toHaveLength(1);
  reader.reply.onClosed();
  expect(await over).toMatchObject({ code: 'CANCELLED' });
  expect([reader.pages.length, reader.error]).toEqual([1, undefined]);
});

test('a page - that the storage answers after the client has gone, or the node has closed, is not sent', async () => {
  for (const give of [
    (_: ShardScan, reader: PageReader): void => reader.reply.onClosed(),
    (scan: ShardScan): void => scan.giveUp(),
  ]) {
    const primary = primaryOf(['a']);
    let answer!: () => void;
    primary.storageDelay = new Promise((resolve) => {
      answer = resolve;
    });
    const reader = new PageReader();
    const { scan } = scanOf(primary, reader);
    const over = scan.run();
    give(scan, reader);
    answer();
    expect(await over).toBeInstanceOf(KvError);
    expect(reader.pages).toEqual([]);
  }
});

test('a scan - of a node that closes is refused, as something to be tried again', async () => {
  const reader = new PageReader();
  reader.mayRead = false;
  const { scan } = scanOf(primaryOf(manyKeys), reader);
  const over = scan.run();
  scan.giveUp();
  await over;
  expect(reader.error).toMatchObject({ code: 'STOPPING', retryable: true });
});
