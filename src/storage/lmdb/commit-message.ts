/**
 * A commit on its way to the thread that executes it. Rows and requests are packed into one piece of memory, which moves to the thread:
 * to clone them would take longer than to store them, and would copy the memory of the messages in which their values arrived.
 */
import type { CopyPosition, Row, ShardCommit } from '../database/state-database.js';
import { rowPrefixBytes, writeRowKey } from './record-keys.js';
import { storedBytes, writeStoredRow } from './stored-row.js';

/** Where something is in the memory of the message. */
interface Place {
  readonly start: number;
  readonly end: number;
}

export interface ShardChange {
  readonly shard: number;
  readonly rows: Place;
  readonly position: CopyPosition | undefined;
  readonly requests: (Place & { readonly isWhole: boolean }) | undefined;
}

export interface CommitMessage {
  readonly memory: ArrayBuffer;
  readonly changes: readonly ShardChange[];
}

/** A row in the message. */
export interface PackedRow {
  readonly recordKey: Buffer;
  /** See `stored-row.ts`. The checksum is not there yet. */
  readonly stored: Buffer;
  readonly isDelete: boolean;
}

/** Before each row: the bytes of its record's key (2) and of the record (4), and whether it is a delete. */
const rowHeadBytes = 7;
/** A UTF-16 unit of a key has at most this many bytes of UTF-8. */
const mostUnitBytes = 3;
const noValue = new Uint8Array();

export function packCommit(commits: readonly ShardCommit[]): CommitMessage {
  const target = Buffer.from(new ArrayBuffer(mostBytesOf(commits)));
  let at = 0;
  const changes = commits.map(({ shard, rows, position, requests }): ShardChange => {
    const start = at;
    for (const row of rows) at = packRow(target, at, shard, row);
    const end = at;
    if (requests === undefined) return { shard, rows: { start, end }, position, requests };
    target.set(requests.bytes, end);
    at += requests.bytes.length;
    return { shard, rows: { start, end }, position, requests: { isWhole: requests.isWhole, start: end, end: at } };
  });
  return { memory: target.buffer as ArrayBuffer, changes };
}

function mostBytesOf(commits: readonly ShardCommit[]): number {
  let bytes = 0;
  for (const { rows, requests } of commits) {
    bytes += requests?.bytes.length ?? 0;
    for (const { key, value, expiresAtMs } of rows)
      bytes += rowHeadBytes + rowPrefixBytes + mostUnitBytes * key.length + storedBytes(expiresAtMs, value?.length ?? 0);
  }
  return bytes;
}

function packRow(target: Buffer, at: number, shard: number, row: Row): number {
  const keyStart = at + rowHeadBytes;
  const keyEnd = writeRowKey(target, shard, row.key, keyStart);
  const end = writeStoredRow(target, keyEnd, row, row.value ?? noValue);
  target.writeUInt16LE(keyEnd - keyStart, at);
  target.writeUInt32LE(end - keyEnd, at + 2);
  target[at + 6] = row.value === undefined ? 1 : 0;
  return end;
}

export function* packedRows(memory: Buffer, { start, end }: Place): Iterable<PackedRow> {
  let at = start;
  while (at < end) {
    const keyStart = at + rowHeadBytes;
    const keyEnd = keyStart + memory.readUInt16LE(at);
    const rowEnd = keyEnd + memory.readUInt32LE(at + 2);
    const isDelete = memory[at + 6] === 1;
    yield { recordKey: memory.subarray(keyStart, keyEnd), stored: memory.subarray(keyEnd, rowEnd), isDelete };
    at = rowEnd;
  }
}
