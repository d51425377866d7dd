/** Pages of a shard in the order of its keys: what the database has, brought up to date with the overlay. */
import type { SnapshotItem } from '../../replication/index.js';
import { whenAnswered } from './answers.js';
import type { OverlayView } from './overlay.js';
import type { Row } from './state-database.js';
import type { StoredShard } from './stored-shard.js';
import { compareUtf8, successorOf } from './utf8-order.js';

/** The bounds of a page, which begins at `from`. */
interface PageQuery {
  readonly from: string;
  readonly most: number;
  readonly maxBytes: number;
}

type Items = readonly SnapshotItem[];

export class OrderedPages {
  readonly #shard: StoredShard;

  constructor(shard: StoredShard) {
    this.#shard = shard;
  }

  /** See `Storage.range`. */
  page(query: PageQuery): Items | Promise<Items> {
    const view = this.#shard.overlay.view();
    const items = this.#merged(query, view);
    if (!(items instanceof Promise)) view.close();
    else void items.finally(() => view.close()).catch(() => {});
    return items;
  }

  #merged(query: PageQuery, view: OverlayView): Items | Promise<Items> {
    const { from, most, maxBytes } = query;
    return whenAnswered(this.#shard.storedPage(from, most, maxBytes), (rows) => {
      if (view.isVoid) return this.page(query);
      const last = rows.at(-1)?.key;
      const items = cut(merge(rows, newerRows(view, from, last)), query);
      // Every row of the page was deleted since, and there may be others behind it.
      return items.length > 0 || last === undefined ? items : this.#merged({ ...query, from: successorOf(last) }, view);
    });
  }
}

/** @param last the last key of the page. Undefined: the database has no more. */
function newerRows(view: OverlayView, from: string, last: string | undefined): Row[] {
  const isInPage = (key: string): boolean => compareUtf8(key, from) >= 0 && (last === undefined || compareUtf8(key, last) <= 0);
  return view.newestRows(isInPage).sort((one, other) => compareUtf8(one.key, other.key));
}

/** Both in the order of their keys. Of two rows of a key the newer one counts. */
function merge(stored: readonly Row[], newer: readonly Row[]): Row[] {
  const merged: Row[] = [];
  let next = 0;
  for (const row of stored) {
    while (next < newer.length && compareUtf8(newer[next]!.key, row.key) < 0) merged.push(newer[next++]!);
    const same = newer[next]?.key === row.key ? newer[next++] : undefined;
    merged.push(same !== undefined && same.version > row.version ? same : row);
  }
  return [...merged, ...newer.slice(next)];
}

/** Leaves out deleted keys, and what exceeds the bounds. */
function cut(rows: readonly Row[], { most, maxBytes }: PageQuery): SnapshotItem[] {
  const items: SnapshotItem[] = [];
  let bytes = 0;
  for (const { key, value, version, expiresAtMs } of rows) {
    if (value === undefined) continue;
    if (items.length === most || (items.length > 0 && bytes >= maxBytes)) break;
    items.push({ key, value, version, expiresAtMs });
    bytes += key.length + value.length;
  }
  return items;
}
