/** The snapshot that the log of a replica continues: a file, or nothing where the replica began empty. */
import type { Change, StoredSnapshot } from '../../replication/index.js';
import type { SnapshotReference } from '../../wire/disk/replica-records.js';

type Reset = Extract<Change, { type: 'reset' }>;

/** Of a replica that has just been created. */
export const noItems: SnapshotReference = {
  writerId: '',
  resets: 0,
  seq: 0,
  throughSeq: 0,
  empty: { epoch: 0, epochId: '', requestFloor: 0, timeMs: 0 },
};

/** After a `reset`: nothing is stored. @param resets with this one. */
export function emptyAfter({ baseSeq, baseEpoch, baseEpochId, requestFloor, timeMs }: Reset, resets: number): SnapshotReference {
  const empty = { epoch: baseEpoch, epochId: baseEpochId, requestFloor, timeMs };
  return { writerId: '', resets, seq: baseSeq, throughSeq: baseSeq, empty };
}

/** Undefined: the reference is to a file. */
export function emptySnapshotOf({ resets, seq, throughSeq, empty }: SnapshotReference): StoredSnapshot | undefined {
  if (empty === undefined) return undefined;
  const { epoch, epochId, requestFloor, timeMs } = empty;
  return { resets, position: { seq, epoch, epochId }, throughSeq, requests: [], requestFloor, timeMs };
}

/** No two snapshots of a node have the same name. Undefined: there is no file. */
export function snapshotFileName(shard: number, { writerId, resets, seq }: SnapshotReference): string | undefined {
  return writerId === '' ? undefined : `${shard}-${writerId}-${resets}-${seq}.snapshot`;
}
