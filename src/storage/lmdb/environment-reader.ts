/** Reads of an environment, each in the newest version that is committed. They wait for the disk if a page is not in memory. */
import type { RangeOptions } from 'lmdb';
import type { DueKey } from '../../replication/index.js';
import type { Row, RowPage } from '../database/state-database.js';
import type { RangeQuery, StoredHead, StoredValue } from '../storage.js';
import type { LmdbEnvironment } from './lmdb-environment.js';
import {
  expiryPrefixBytes,
  rangeOf,
  recordsStart,
  recordTable,
  rowKey,
  rowPrefixBytes,
  shardOfRecord,
  timeOfExpiry,
} from './record-keys.js';
import { readCheckedHead, readStoredValue } from './stored-row.js';

/** A page ends once this many bytes were read, because LMDB reads values also where only keys are wanted. */
const mostReadBytes = 1024 * 1024;
const noValue = new Uint8Array();

export class EnvironmentReader {
  readonly #environment: LmdbEnvironment;

  constructor(environment: LmdbEnvironment) {
    this.#environment = environment;
  }

  /** Later reads see what was committed before this call. Without it they may see the version of the turn's first read. */
  refresh(): void {
    this.#environment.resetReadTxn();
  }

  get(recordKey: Buffer): StoredValue | undefined {
    const stored = this.#environment.getBinaryFast(recordKey);
    // The package reads into a buffer that it uses again, and that is longer than its `length`.
    return stored && readStoredValue(stored, stored.length, shardOfRecord(recordKey));
  }

  head(recordKey: Buffer): StoredHead | undefined {
    const stored = this.#environment.getBinaryFast(recordKey);
    return stored && readCheckedHead(stored, stored.length, shardOfRecord(recordKey));
  }

  /** See `StateDatabase.page`. */
  page(shard: number, { from, to, reverse = false, most, maxBytes, keysOnly = false }: RangeQuery): RowPage {
    const low = rowKey(shard, from);
    const high = to === undefined ? recordsStart(recordTable.rows, shard + 1) : rowKey(shard, to);
    if (low.compare(high) >= 0) return { rows: [], isExhausted: true };
    const range = reverse
      ? { start: high, exclusiveStart: true, end: low, inclusiveEnd: true, reverse }
      : { start: low, end: high };
    const rows: Row[] = [];
    let pageBytes = 0;
    let readBytes = 0;
    for (const { key, value } of this.#environment.getRange(range)) {
      const stored = Buffer.from(value.buffer, value.byteOffset, value.length);
      const content = keysOnly
        ? { ...readCheckedHead(stored, stored.length, shard), value: noValue }
        : readStoredValue(stored, stored.length, shard);
      rows.push({ key: key.toString('utf8', rowPrefixBytes), ...content });
      readBytes += key.length + value.length;
      pageBytes += key.length + (keysOnly ? 0 : value.length);
      if (rows.length < most && pageBytes < maxBytes && readBytes < mostReadBytes) continue;
      return { rows, isExhausted: !this.#hasMore({ ...range, start: key, exclusiveStart: true }) };
    }
    return { rows, isExhausted: true };
  }

  #hasMore(range: RangeOptions): boolean {
    for (const _ of this.#environment.getKeys({ ...range, limit: 1 })) return true;
    return false;
  }

  /** See `StateDatabase.earliest`. */
  earliest(shard: number, most: number): DueKey[] {
    const { start, end } = rangeOf(recordTable.expiries, shard);
    const due: DueKey[] = [];
    for (const key of this.#environment.getKeys({ start, end, limit: most }))
      due.push({ key: key.toString('utf8', expiryPrefixBytes), expiresAtMs: timeOfExpiry(key) });
    return due;
  }
}
