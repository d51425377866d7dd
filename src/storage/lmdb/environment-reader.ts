/** Reads of an environment, each in the newest version that is committed. They wait for the disk if a page is not in memory. */
import type { DueKey } from '../../replication/index.js';
import type { Row } from '../database/state-database.js';
import type { StoredHead, StoredValue } from '../storage.js';
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
  page(shard: number, from: string, most: number, maxBytes: number): Row[] {
    const page: Row[] = [];
    let pageBytes = 0;
    if (most < 1) return page;
    const range = { start: rowKey(shard, from), end: recordsStart(recordTable.rows, shard + 1) };
    for (const { key, value } of this.#environment.getRange(range)) {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
      page.push({ key: key.toString('utf8', rowPrefixBytes), ...readStoredValue(bytes, bytes.length, shard) });
      pageBytes += key.length + value.length;
      if (page.length >= most || pageBytes >= maxBytes) break;
    }
    return page;
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
