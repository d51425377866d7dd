/** The record of a shard's copy: its position, its totals, and the parts of requests that it has. JSON, because it is small and rare. */
import type { CopyPosition, RowTotals } from '../database/state-database.js';

export interface CopyRecord {
  readonly position: CopyPosition;
  readonly totals: RowTotals;
  /** The number of the next part of requests. */
  readonly nextPart: number;
}

export const noTotals: RowTotals = { keys: 0, expiring: 0, bytes: 0 };

export function encodeCopy(record: CopyRecord): Buffer {
  return Buffer.from(JSON.stringify(record));
}

export function decodeCopy(bytes: Uint8Array): CopyRecord {
  return JSON.parse(Buffer.from(bytes).toString());
}
