/**
 * Changes of an environment. Each is one transaction, which is flushed when the call returns: rows, index of expiries, totals, position
 * and requests change together or not at all.
 */
import type { CopyPosition, FoundCopy, RowTotals } from '../database/state-database.js';
import { type CommitMessage, type PackedRow, packedRows, type ShardChange } from './commit-message.js';
import { type CopyRecord, decodeCopy, encodeCopy, noTotals } from './copy-record.js';
import { EnvironmentReader } from './environment-reader.js';
import { type LmdbEnvironment, transact } from './lmdb-environment.js';
import {
  expiryKey,
  partOf,
  rangeOf,
  recordsStart,
  recordTable,
  requestsKey,
  rowPrefixBytes,
  shardOfRecord,
  tableRange,
} from './record-keys.js';
import { readStoredHead, seal, storedValueBytes } from './stored-row.js';

/** Requests are stored in pieces of this size: the package copies records up to 16 MiB, and lends its own memory for larger ones. */
const pieceBytes = 8 * 1024 * 1024;
const formatVersion = 1;
const nothing = new Uint8Array();

export class EnvironmentWriter {
  readonly #environment: LmdbEnvironment;
  /** By shard. */
  readonly #copies = new Map<number, CopyRecord>();

  constructor(environment: LmdbEnvironment) {
    this.#environment = environment;
    this.#checkFormat();
    for (const { key, value } of environment.getRange(tableRange(recordTable.copies)))
      this.#copies.set(shardOfRecord(key), decodeCopy(value));
  }

  #checkFormat(): void {
    const key = recordsStart(recordTable.format, 0);
    const found = this.#environment.get(key);
    if (found === undefined)
      transact(this.#environment, () => void this.#environment.put(key, Buffer.from(JSON.stringify({ format: formatVersion }))));
    else if (JSON.parse(Buffer.from(found).toString()).format !== formatVersion)
      throw new Error('it was written by a newer version of kvnode');
  }

  get found(): FoundCopy[] {
    const reader = new EnvironmentReader(this.#environment);
    return [...this.#copies].map(([shard, { position, totals }]) => {
      const requests = this.#requestsOf(shard);
      return { shard, position, totals, requests, earliestExpiryMs: reader.earliest(shard, 1)[0]?.expiresAtMs };
    });
  }

  #requestsOf(shard: number): Uint8Array[] {
    const parts = new Map<number, Uint8Array[]>();
    for (const { key, value } of this.#environment.getRange(rangeOf(recordTable.requests, shard))) {
      const pieces = parts.get(partOf(key)) ?? [];
      pieces.push(value);
      parts.set(partOf(key), pieces);
    }
    return [...parts.values()].map((pieces) => Buffer.concat(pieces));
  }

  begin(shard: number, position: CopyPosition | undefined): void {
    const record = position && { position, totals: noTotals, nextPart: 0 };
    transact(this.#environment, () => {
      this.#removeRequests(shard);
      if (record === undefined) void this.#environment.remove(recordsStart(recordTable.copies, shard));
      else this.#putCopy(shard, record);
    });
    if (record === undefined) this.#copies.delete(shard);
    else this.#copies.set(shard, record);
  }

  removeSome(shard: number, most: number): number {
    return transact(this.#environment, () => {
      const keys = [...this.#environment.getKeys({ ...rangeOf(recordTable.rows, shard), limit: most })];
      for (const key of keys) {
        const { expiresAtMs } = readStoredHead(this.#environment.getBinaryFast(key)!);
        if (expiresAtMs !== undefined) void this.#environment.remove(expiryKey(key, expiresAtMs));
        void this.#environment.remove(key);
      }
      return keys.length;
    });
  }

  commit({ memory, changes }: CommitMessage): RowTotals[] {
    const bytes = Buffer.from(memory);
    const records = transact(this.#environment, () => changes.map((change) => this.#changeShard(bytes, change)));
    for (const [index, { shard }] of changes.entries()) this.#copies.set(shard, records[index]!);
    return records.map(({ totals }) => totals);
  }

  #changeShard(memory: Buffer, { shard, rows, position, requests }: ShardChange): CopyRecord {
    const before = this.#copies.get(shard);
    if (before === undefined) throw new Error(`shard ${shard} has no copy in this database`);
    const totals = { ...before.totals };
    for (const row of packedRows(memory, rows)) this.#changeRow(row, totals);
    let { nextPart } = before;
    if (requests !== undefined) {
      if (requests.isWhole) this.#removeRequests(shard);
      this.#putRequests(shard, nextPart++, memory.subarray(requests.start, requests.end));
    }
    const record = { position: position ?? before.position, totals, nextPart };
    this.#putCopy(shard, record);
    return record;
  }

  /** @param totals are changed */
  #changeRow({ recordKey, stored, isDelete }: PackedRow, totals: { -readonly [Name in keyof RowTotals]: RowTotals[Name] }): void {
    const row = readStoredHead(stored);
    const found = this.#environment.getBinaryFast(recordKey);
    const old = found && readStoredHead(found);
    if (old !== undefined && old.version >= row.version) return;
    const keyBytes = recordKey.length - rowPrefixBytes;
    if (old !== undefined) {
      totals.keys--;
      totals.bytes -= keyBytes + storedValueBytes(found!.length, old.expiresAtMs);
      if (old.expiresAtMs !== undefined) totals.expiring--;
    }
    const expiresAtMs = isDelete ? undefined : row.expiresAtMs;
    if (old?.expiresAtMs !== expiresAtMs) {
      if (old?.expiresAtMs !== undefined) void this.#environment.remove(expiryKey(recordKey, old.expiresAtMs));
      if (expiresAtMs !== undefined) void this.#environment.put(expiryKey(recordKey, expiresAtMs), nothing);
    }
    if (isDelete) {
      if (old !== undefined) void this.#environment.remove(recordKey);
      return;
    }
    seal(stored);
    void this.#environment.put(recordKey, stored);
    totals.keys++;
    totals.bytes += keyBytes + storedValueBytes(stored.length, expiresAtMs);
    if (expiresAtMs !== undefined) totals.expiring++;
  }

  #putCopy(shard: number, record: CopyRecord): void {
    void this.#environment.put(recordsStart(recordTable.copies, shard), encodeCopy(record));
  }

  #putRequests(shard: number, part: number, bytes: Uint8Array): void {
    for (let piece = 0; piece === 0 || piece * pieceBytes < bytes.length; piece++)
      void this.#environment.put(requestsKey(shard, part, piece), bytes.subarray(piece * pieceBytes, (piece + 1) * pieceBytes));
  }

  #removeRequests(shard: number): void {
    for (const key of [...this.#environment.getKeys(rangeOf(recordTable.requests, shard))]) void this.#environment.remove(key);
  }
}
