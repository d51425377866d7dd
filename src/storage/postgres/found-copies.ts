/** Reads what the database has of each shard when it is opened. */
import type { FoundCopy } from '../database/state-database.js';
import type { PostgresSession } from './postgres-session.js';
import { findCopies, findRequests } from './statements.js';

export async function readFoundCopies(session: PostgresSession): Promise<readonly FoundCopy[]> {
  const parts = new Map<number, Buffer[]>();
  for (const row of await session.query(findRequests)) {
    const [shard, part] = row as [number, Buffer];
    const known = parts.get(shard);
    if (known === undefined) parts.set(shard, [part]);
    else known.push(part);
  }
  const copies = await session.query(findCopies);
  return copies.map((row) => {
    const [shard, writerId, resets, complete, seq, epoch, epochId, throughSeq, requestFloor, timeMs, ...rest] =
      row as CopyColumns;
    const [keys, expiring, bytes, earliest] = rest;
    return {
      shard,
      position: { writerId, resets, complete, seq, epoch, epochId, throughSeq, requestFloor, timeMs },
      totals: { keys, expiring, bytes },
      requests: parts.get(shard) ?? [],
      earliestExpiryMs: earliest ?? undefined,
    };
  });
}

type CopyColumns = [
  ...[shard: number, writerId: string, resets: number, complete: boolean, seq: number, epoch: number, epochId: string],
  ...[throughSeq: number, requestFloor: number, timeMs: number],
  ...[keys: number, expiring: number, bytes: number, earliest: number | null],
];
