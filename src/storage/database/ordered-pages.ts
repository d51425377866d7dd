/**
 * Pages of a shard in the order of its keys: what the database has, brought up to date with the overlay.
 *
 * A page shows the moment of its answer, but the database has read its rows a little earlier. Every row that was applied since then is in
 * the view of the overlay, even if it was committed and dropped meanwhile. So the newer one of the two rows of a key counts.
 */

import { compareUtf8, successorOf } from '../../utf8-order.js';
import type { RangeItem, RangePage, RangeQuery } from '../storage.js';
import { whenAnswered } from './answers.js';
import type { OverlayView } from './overlay.js';
import type { Row, RowPage } from './state-database.js';
import type { StoredShard } from './stored-shard.js';

export class OrderedPages {
  readonly #shard: StoredShard;

  constructor(shard: StoredShard) {
    this.#shard = shard;
  }

  /** See `Storage.range`. */
  page(query: RangeQuery, onMoment: () => void = () => {}): RangePage | Promise<RangePage> {
    const view = this.#shard.overlay.view();
    const page = this.#merged(query, query, view, onMoment);
    if (!(page instanceof Promise)) view.close();
    else void page.finally(() => view.close()).catch(() => {});
    return page;
  }

  /**
   * @param rest the part of the range that the database has yet to read. The keys before it were all deleted when they were read, but may
   * have been written again since; then the view has them.
   */
  #merged(query: RangeQuery, rest: RangeQuery, view: OverlayView, onMoment: () => void): RangePage | Promise<RangePage> {
    return whenAnswered(this.#shard.storedPage(rest), (stored) => {
      // The replica has discarded its data, and has another copy now.
      if (view.isVoid) return this.page(query, onMoment);
      const page = pageOf(query, merge(stored.rows, newerRows(query, stored, view), directionOf(query)), stored.isExhausted);
      if (page.items.length === 0 && !page.isExhausted)
        return this.#merged(query, after(rest, lastKeyOf(stored)!), view, onMoment);
      onMoment();
      return page;
    });
  }
}

type Compare = (one: string, other: string) => number;

function directionOf({ reverse }: RangeQuery): Compare {
  return reverse === true ? (one, other) => compareUtf8(other, one) : compareUtf8;
}

/** The part of the range behind this key, in the direction of the query. */
function after(query: RangeQuery, key: string): RangeQuery {
  return query.reverse === true ? { ...query, to: key } : { ...query, from: successorOf(key) };
}

function lastKeyOf({ rows }: RowPage): string | undefined {
  return rows.at(-1)?.key;
}

/** The rows of the overlay from the beginning of the query to the end of what was read, in the order of the query. */
function newerRows(query: RangeQuery, stored: RowPage, view: OverlayView): Row[] {
  const compare = directionOf(query);
  const { from, to } = query;
  const last = stored.isExhausted ? undefined : lastKeyOf(stored);
  const rows = view.newestRows(
    (key) =>
      compareUtf8(key, from) >= 0 &&
      (to === undefined || compareUtf8(key, to) < 0) &&
      (last === undefined || compare(key, last) <= 0),
  );
  return rows.sort((one, other) => compare(one.key, other.key));
}

/** Merges rows that are in the order of their keys. If both lists have a row of a key, the newer row counts. */
function merge(stored: readonly Row[], newer: readonly Row[], compare: Compare): Row[] {
  const merged: Row[] = [];
  let next = 0;
  for (const row of stored) {
    while (next < newer.length && compare(newer[next]!.key, row.key) < 0) merged.push(newer[next++]!);
    const same = newer[next]?.key === row.key ? newer[next++] : undefined;
    merged.push(same !== undefined && same.version > row.version ? same : row);
  }
  return [...merged, ...newer.slice(next)];
}

/** Leaves out deleted keys, and what exceeds the bounds. */
function pageOf({ most, maxBytes, keysOnly = false }: RangeQuery, rows: readonly Row[], isExhausted: boolean): RangePage {
  const items: RangeItem[] = [];
  let bytes = 0;
  for (const { key, value, version, expiresAtMs } of rows) {
    if (value === undefined) continue;
    if (items.length >= most || (items.length > 0 && bytes >= maxBytes)) return { items, isExhausted: false };
    items.push(keysOnly ? { key, version, expiresAtMs } : { key, value, version, expiresAtMs });
    bytes += key.length + (keysOnly ? 0 : value.length);
  }
  return { items, isExhausted };
}
