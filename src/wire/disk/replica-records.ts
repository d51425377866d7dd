/** Codec of the records that say which replicas a node has, and what the log knows of each beside its entries. */
import type { EpochMark, Line, ReplicaMetadata } from '../../replication/index.js';
import { MessageTable } from '../protobuf/message-table.js';

/** Which snapshot the log of a replica continues. */
export interface SnapshotReference {
  /** The random part of the id that the replica had when it wrote the file: 16 hexadecimal digits. Empty: there is no file. */
  readonly writerId: string;
  /** As in `StoredSnapshot`. */
  readonly resets: number;
  /** The position of the snapshot. */
  readonly seq: number;
  /** As in `StoredSnapshot`. */
  readonly throughSeq: number;
  /** Of a snapshot without items, which needs no file. */
  readonly empty: EmptySnapshot | undefined;
}

/** The other fields of a `StoredSnapshot` that has no items and no requests. */
export interface EmptySnapshot {
  readonly epoch: number;
  readonly epochId: string;
  readonly requestFloor: number;
  readonly timeMs: number;
}

/** What is written of a replica when it is created, and at the beginning of each segment of the log. */
export interface ReplicaRecord {
  readonly metadata: ReplicaMetadata;
  /** Undefined: the replica has no complete copy. */
  readonly snapshot: SnapshotReference | undefined;
}

interface ReplicaFields extends Omit<ReplicaMetadata, 'history'> {
  readonly history: string;
  readonly snapshot: SnapshotReference | undefined;
}

const markTable = new MessageTable<EpochMark>({ epoch: [1, 'uint'], id: [2, 'string'], removals: [3, 'optional uint'] });
export const lineTable = new MessageTable<Line>({ history: [1, 'string'], lineage: [2, [markTable]] });
const positionTable = new MessageTable<ReplicaMetadata['end']>({ seq: [1, 'uint'], epoch: [2, 'uint'], epochId: [3, 'string'] });
const emptyTable = new MessageTable<EmptySnapshot>({
  epoch: [1, 'uint'],
  epochId: [2, 'string'],
  requestFloor: [3, 'uint'],
  timeMs: [4, 'uint'],
});
export const referenceTable = new MessageTable<SnapshotReference>({
  writerId: [1, 'string'],
  resets: [2, 'uint'],
  seq: [3, 'uint'],
  throughSeq: [4, 'uint'],
  empty: [5, { optional: emptyTable }],
});
const replicaTable = new MessageTable<ReplicaFields>({
  history: [1, 'string'],
  epoch: [2, 'uint'],
  epochId: [3, 'string'],
  epochRemovals: [4, 'uint'],
  line: [5, { optional: lineTable }],
  complete: [6, 'bool'],
  resets: [7, 'uint'],
  end: [8, positionTable],
  snapshot: [9, { optional: referenceTable }],
  loggedTimeMs: [10, 'uint'],
});
const renamedTable = new MessageTable<{ readonly id: string }>({ id: [1, 'string'] });

export function encodeReplica({ metadata, snapshot }: ReplicaRecord): Buffer {
  return replicaTable.encode({ ...metadata, history: metadata.history ?? '', snapshot });
}

/** @throws MalformedMessage */
export function readReplica(payload: Buffer): ReplicaRecord {
  const { history, snapshot, ...rest } = replicaTable.decode(payload);
  return { metadata: { ...rest, history: history === '' ? undefined : history }, snapshot };
}

/** The snapshot file that takes the place of the one before. */
export function encodeReference(reference: SnapshotReference): Buffer {
  return referenceTable.encode(reference);
}

/** @throws MalformedMessage */
export function readReference(payload: Buffer): SnapshotReference {
  return referenceTable.decode(payload);
}

/** @param id the random part of the replica's new id. */
export function encodeRenamed(id: string): Buffer {
  return renamedTable.encode({ id });
}

/** @returns the random part of the replica's new id. @throws MalformedMessage */
export function readRenamed(payload: Buffer): string {
  return renamedTable.decode(payload).id;
}
