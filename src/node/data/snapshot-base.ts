/** The base copy that the log of a replica continues: a snapshot file, a copy in a database, or nothing where the replica began empty. */
import type { StoredSnapshot } from '../../replication/index.js';
import type { SnapshotReference } from '../../wire/disk/replica-records.js';
import type { Reset } from './replica-state.js';

/** Of a replica that has just been created. @param writerId its id, if copies without items have names */
export function emptyAtFirst(writerId: string): SnapshotReference {
  return { writerId, resets: 0, seq: 0, throughSeq: 0, empty: { epoch: 0, epochId: '', requestFloor: 0, timeMs: 0 } };
}

/**
 * After a `reset`: nothing is stored.
 * @param writerId the id of the replica, if copies without items have names
 * @param resets with this one
 */
export function emptyAfter(change: Reset, writerId: string, resets: number): SnapshotReference {
  const { baseSeq, baseEpoch, baseEpochId, requestFloor, timeMs } = change;
  const empty = { epoch: baseEpoch, epochId: baseEpochId, requestFloor, timeMs };
  return { writerId, resets, seq: baseSeq, throughSeq: baseSeq, empty };
}

/** Undefined: the reference is to a copy with items. */
export function emptySnapshotOf({ resets, seq, throughSeq, empty }: SnapshotReference): StoredSnapshot | undefined {
  if (empty === undefined) return undefined;
  const { epoch, epochId, requestFloor, timeMs } = empty;
  return { resets, position: { seq, epoch, epochId }, throughSeq, requests: [], requestFloor, timeMs };
}

/** No two snapshots of a node have the same name. Undefined: there is no file. */
export function snapshotFileName(shard: number, { writerId, resets, seq }: SnapshotReference): string | undefined {
  return writerId === '' ? undefined : `${shard}-${writerId}-${resets}-${seq}.snapshot`;
}
