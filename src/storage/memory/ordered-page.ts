/** Reads a page of the storage in memory in the order of its keys. */
import type { RangeItem, RangePage, RangeQuery, RecordView } from '../storage.js';
import type { KeyOrder } from './key-order.js';
import { noRecord } from './record-address.js';
import type { Records } from './records.js';

/** The most items of a page, so that it takes about a millisecond at most. */
const mostItems = 1_000;

/** The values are views. */
export function orderedPage(order: KeyOrder, records: Records, query: RangeQuery): RangePage {
  const { from, to, reverse = false, maxBytes, keysOnly = false } = query;
  const most = Math.min(query.most, mostItems);
  const items: RangeItem[] = [];
  const walk = order.walk(from, to, reverse);
  const view = newView();
  let bytes = 0;
  for (let address = walk?.next() ?? noRecord; address !== noRecord; address = walk!.next()) {
    if (items.length >= most || (items.length > 0 && bytes >= maxBytes)) return { items, isExhausted: false };
    records.show(address, view);
    items.push(itemOf(view, keysOnly));
    bytes += (keysOnly ? view.keyEnd : view.valueEnd) - view.keyStart;
  }
  return { items, isExhausted: true };
}

function newView(): { -readonly [Field in keyof RecordView]: RecordView[Field] } {
  return { memory: noMemory, keyStart: 0, keyEnd: 0, valueStart: 0, valueEnd: 0, version: 0, expiresAtMs: undefined };
}

const noMemory = Buffer.alloc(0);

function itemOf(
  { memory, keyStart, keyEnd, valueStart, valueEnd, version, expiresAtMs }: RecordView,
  keysOnly: boolean,
): RangeItem {
  const key = memory.toString('utf8', keyStart, keyEnd);
  const value = keysOnly ? undefined : new Uint8Array(memory.buffer, memory.byteOffset + valueStart, valueEnd - valueStart);
  return { key, value, version, expiresAtMs };
}
