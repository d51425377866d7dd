/** Passes all rows of a shard in the database, a page at a time. */

import { successorOf } from '../../utf8-order.js';
import type { RecordView } from '../storage.js';
import type { Row } from './state-database.js';
import type { StoredShard } from './stored-shard.js';

/** Bounds the rows of a page where they are tiny. */
const pageRows = 4_096;

/**
 * Everything that existed when the scan was asked for must be in the database. What is written meanwhile may be passed or not.
 *
 * @param chunkBytes about the bytes of a page. The iterator yields after each.
 * @param isVoid the copy was discarded meanwhile: the scan ends
 */
export async function* scanDatabase(
  shard: StoredShard,
  chunkBytes: number,
  take: (record: RecordView) => void,
  isVoid: () => boolean,
): AsyncIterable<void> {
  let from = '';
  while (!isVoid()) {
    const { rows, isExhausted } = await shard.storedPage({ from, most: pageRows, maxBytes: chunkBytes });
    const last = rows.at(-1);
    if (last === undefined || isVoid()) return;
    for (const row of rows) take(viewOf(row));
    yield;
    if (isExhausted) return;
    from = successorOf(last.key);
  }
}

function viewOf({ key, value, version, expiresAtMs }: Row): RecordView {
  const keyBytes = Buffer.from(key);
  const memory = Buffer.concat([keyBytes, value!]);
  const keyEnd = keyBytes.length;
  return { memory, keyStart: 0, keyEnd, valueStart: keyEnd, valueEnd: memory.length, version, expiresAtMs };
}
