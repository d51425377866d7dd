/** Variants of the shell that break what a page of a scan promises: it is linearizable (R9), and one moment of its shard. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'vitest';
import type { PageReader, ScannedPrimary } from '../../../src/node/scans/scanned-primary.fixture.js';
import type { ShardScan } from '../../../src/node/scans/shard-scan.js';
import type { RowPage } from '../../../src/storage/database/state-database.js';
import type { PreparedCheck } from './shell-checks.js';
import { describeShellVariants } from './shell-variant.js';
import { edit } from './variant-lab.js';

const readPageFile = '../node/scans/read-page.ts';
const shardScanFile = '../node/scans/shard-scan.ts';
const orderedPagesFile = '../storage/database/ordered-pages.ts';

interface Scanned {
  readonly primary: ScannedPrimary;
  readonly reader: PageReader;
  readonly scan: ShardScan;
  /** Lets the storage answer the page that it has been asked for. */
  answer(): void;
}

interface Situation {
  readonly maxKeys?: number;
  /** The storage answers a page when the check lets it. */
  readonly isSlow?: boolean;
  /** Called for each page, in the turn in which it is sent. */
  onPage?(scanned: Scanned): void;
}

/** Scans a primary that has written `a` and `b`, in one entry. */
function scansPrimary(
  { maxKeys = 10, isSlow = false, onPage }: Situation,
  check: (scanned: Scanned) => Promise<void>,
): PreparedCheck {
  return async () => {
    const { ScannedPrimary, PageReader } = await import('../../../src/node/scans/scanned-primary.fixture.js');
    const { ShardScan } = await import('../../../src/node/scans/shard-scan.js');
    const { ScanMemory } = await import('../../../src/node/scans/scan-memory.js');
    return async () => {
      const primary = new ScannedPrimary();
      primary.write({ a: 'old', b: 'old' });
      let answer = (): void => {};
      if (isSlow)
        primary.storageDelay = new Promise((resolve) => {
          answer = resolve;
        });
      const reader = new PageReader(() => onPage?.(scanned));
      const scan = new ShardScan({
        nodeId: 'a',
        request: { reverse: false, limit: 0, keysOnly: false },
        range: { from: '', to: undefined },
        bounds: { maxKeys, maxBytes: 1024 },
        reply: reader.reply,
        memory: new ScanMemory(1024 * 1024),
        replica: () => primary,
        onPage: () => {},
        refusalOf: (error) => error,
      });
      const scanned: Scanned = { primary, reader, scan, answer };
      await check(scanned);
    };
  };
}

async function lapsed() {
  const { KvError } = await import('../../../src/errors.js');
  return new KvError('LEASE_LAPSED', 'it lapsed');
}

function keysOf({ pages }: PageReader): string[][] {
  return pages.map(({ records }) => records.map(({ key }) => key));
}

/** @param change what happens to the primary while the storage works on the page */
function refusesPageAfter(change: (primary: ScannedPrimary) => void | Promise<void>): PreparedCheck {
  return scansPrimary({ isSlow: true }, async ({ primary, reader, scan, answer }) => {
    const over = scan.run();
    await change(primary);
    answer();
    await over;
    expect(keysOf(reader)).toEqual([]);
  });
}

const refusesAfterLapse = refusesPageAfter(async (primary) => {
  primary.refusal = await lapsed();
});

const judgesEachPage = scansPrimary(
  {
    maxKeys: 1,
    onPage: ({ primary }) => {
      primary.nowMs += 1;
    },
  },
  async ({ primary, reader, scan }) => {
    const refusal = await lapsed();
    // The first page lets the time of the shard go on. From then on the lease has lapsed.
    primary.local.refusalOfRead = () => (primary.nowMs === 0 ? undefined : refusal);
    await scan.run();
    expect(keysOf(reader)).toEqual([['a']]);
  },
);

/** A key is due that is written right behind the moment of the page. */
const keepsWhatWasWritten = scansPrimary({}, async ({ primary, reader, scan }) => {
  primary.write({ c: 'old' }, 50);
  primary.nowMs = 50;
  primary.onRead = () => {
    primary.onRead = () => {};
    queueMicrotask(() => primary.write({ c: 'new' }));
  };
  await scan.run();
  expect(keysOf(reader)).toEqual([['a', 'b', 'c']]);
});

/** What a page shows of `a` and `b`, which are always written together, and where it says that it is. */
function shownMoment({ pages }: PageReader): (string | number)[] {
  const [page] = pages;
  return [page!.position.seq, ...page!.records.map(({ key, value, version }) => `${key} ${value} ${version}`)];
}

/** @param isSlow the page is of the moment of the answer; else it is of the moment of the request */
function showsOneMoment(isSlow: boolean): PreparedCheck {
  return scansPrimary({ isSlow }, async ({ primary, reader, scan, answer }) => {
    const over = scan.run();
    primary.write({ a: 'new', b: 'new' });
    answer();
    await over;
    expect(shownMoment(reader)).toEqual(isSlow ? [2, 'a new 2', 'b new 2'] : [1, 'a old 1', 'b old 1']);
  });
}

/**
 * The database reads a page. Meanwhile `a` and `b` are written together and reach the database, which the page does not show. Then they
 * are written together again.
 */
async function mergesWhatWasDropped() {
  const { OrderedPages } = await import('../../../src/storage/database/ordered-pages.js');
  const { Overlay } = await import('../../../src/storage/database/overlay.js');
  return async () => {
    const overlay = new Overlay({ add() {} } as never);
    const put = (key: string, version: number): void =>
      overlay.put({ key, value: Buffer.from(`${version}`), version, expiresAtMs: undefined });
    let answer!: (page: RowPage) => void;
    const storedPage = () =>
      new Promise<RowPage>((resolve) => {
        answer = resolve;
      });
    const pages = new OrderedPages({ overlay, storedPage } as never);
    const page = pages.page({ from: '', to: undefined, most: 10, maxBytes: 1024 });
    const rows = ['a', 'b', 'c'].map((key) => ({ key, value: Buffer.from('1'), version: 1, expiresAtMs: undefined }));
    put('a', 2);
    put('b', 2);
    overlay.drop(overlay.seal());
    put('c', 3);
    await nextTurn();
    answer({ rows, isExhausted: true });
    const { items } = await page;
    expect(items.map(({ key, version }) => `${key} ${version}`)).toEqual(['a 2', 'b 2', 'c 3']);
  };
}

describeShellVariants('scans', [
  {
    rule: 'R9',
    does: 'serves a page that the storage answered later without judging the lease again',
    edits: [edit(readPageFile, 'if (laterRefusal !== undefined) throw laterRefusal;', '')],
    check: refusesAfterLapse,
  },
  {
    rule: 'R9',
    does: 'serves a page that it was asked for in an earlier epoch',
    edits: [edit(readPageFile, '!host.isPrimaryIn(epoch) || ', '')],
    check: refusesPageAfter((primary) => {
      primary.epoch += 1;
    }),
  },
  {
    rule: 'R9',
    does: 'serves a page of data that was replaced meanwhile',
    edits: [edit(readPageFile, ' || host.copy?.resets !== resets', '')],
    check: refusesPageAfter((primary) => {
      primary.resets += 1;
    }),
  },
  {
    rule: 'R9',
    does: 'judges the lease for the first page of a scan only',
    edits: [
      edit(
        shardScanFile,
        'await readPage(replica(), query,',
        'await readPage(this.#range === this.#parts.range ? replica() : { host: replica().host, local: { refusalOfRead() {} } as any }, query,',
      ),
    ],
    check: judgesEachPage,
  },
  {
    rule: 'R17',
    does: 'deletes a key that was due in the page and was written since',
    edits: [edit(readPageFile, 'host.copy?.seq === judged.seq', 'true')],
    check: keepsWhatWasWritten,
  },
  {
    rule: 'one moment',
    does: 'reads a page in two turns',
    edits: [
      edit(
        readPageFile,
        'const found = query === undefined ? emptyPage : storage.range(query, onMoment);',
        `const found = (async () => {
          const early = await storage.range!({ ...query!, most: 1 }, onMoment);
          const first = early.items.map((item) => ({ ...item, value: item.value?.slice() }));
          await new Promise(setImmediate);
          const late = await storage.range!(query!);
          return { ...late, items: [...first, ...late.items.slice(1)] };
        })();`,
      ),
    ],
    check: showsOneMoment(false),
  },
  {
    rule: 'one moment',
    does: 'gives a page the position of its request',
    edits: [edit(readPageFile, 'seq = host.copy?.seq ?? seq;', '')],
    check: showsOneMoment(true),
  },
  {
    rule: 'one moment',
    does: 'misses in a page of the database what was written to it meanwhile, and shows what was written later',
    edits: [edit(orderedPagesFile, 'newerRows(query, stored, view)', 'newerRows(query, stored, this.#shard.overlay.view())')],
    check: mergesWhatWasDropped,
  },
  {
    rule: 'one moment',
    does: 'misses in a page of the database what was written while it was read',
    edits: [
      edit(
        orderedPagesFile,
        'return whenAnswered(this.#shard.storedPage(rest), (stored) => {',
        `const early = view.newestRows(() => true);
    view = { newestRows: (accepts: any) => early.filter(({ key }) => accepts(key)), isVoid: false, close() {} } as any;
    return whenAnswered(this.#shard.storedPage(rest), (stored) => {`,
      ),
    ],
    check: mergesWhatWasDropped,
  },
]);
