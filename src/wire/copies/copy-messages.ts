/**
 * The messages of kv.v1.Cluster/ScanCopy and ReadCopy, which proto/kv/v1/kv.proto documents: what the store of one replica holds, so that
 * copies can be compared.
 */
import { MessageTable } from '../protobuf/message-table.js';

/** The full name of the rpc. */
export const scanCopyRpc = 'kv.v1.Cluster/ScanCopy';

export interface ScanCopyRequest {
  readonly shard: number;
  /** The node reads no faster; 0: as its own limit allows. */
  readonly maxBytesPerSecond: number;
  /** Only records with versions up to this one count. */
  readonly throughSeq: number;
  /** A power of two, at most `mostBuckets`. */
  readonly buckets: number;
  /** See `BucketSet`. Empty: digests of all buckets. */
  readonly chosen: Buffer;
}

/** Which copy answers. Answers with another history or another number of resets are of another copy. */
export interface CopyPlace {
  readonly nodeId: string;
  readonly replicaId: string;
  readonly history: string;
  readonly appliedSeq: number;
  readonly resets: number;
  readonly keys: number;
  readonly dataBytes: number;
}

/** A record without its value. */
export interface CheckedRecord {
  /** Those of a damaged record need not be UTF-8. A record that was read is a view of its message. */
  readonly key: Buffer;
  readonly version: number;
  readonly expiresAtMs?: number | undefined;
  readonly valueBytes: number;
  /** CRC-32. */
  readonly valueCrc: number;
}

export interface ScanCopyResponse {
  readonly place: CopyPlace | null;
  readonly scannedBytes: number;
  readonly digests: Buffer;
  readonly records: readonly CheckedRecord[];
  readonly done: boolean;
}

export interface ReadCopyRequest {
  readonly shard: number;
  readonly keys: readonly string[];
  /** The node waits a moment until it has applied this entry. */
  readonly minSeq: number;
  /** Instead of `keys`: compares this many of the newest writes in the log. 0: none. */
  readonly newestWrites: number;
}

export interface ReadRecord {
  /** The replica had applied this entry, and none after it. */
  readonly seq: number;
  /** Undefined: the store holds no record of the key. */
  readonly stored?: CheckedRecord | undefined;
  /** What the log says that the store holds. Undefined: the log has no write of the key any more, or the last one has deleted it. */
  readonly logged?: CheckedRecord | undefined;
  /** The last write of the key in the log has deleted it. */
  readonly deleted: boolean;
}

export interface ReadCopyResponse {
  readonly place: CopyPlace | null;
  readonly records: readonly ReadRecord[];
  /** Keys that were compared with the log. */
  readonly compared: number;
}

export const scanCopyRequestTable = new MessageTable<ScanCopyRequest>({
  shard: [1, 'uint'],
  maxBytesPerSecond: [2, 'uint'],
  throughSeq: [3, 'uint'],
  buckets: [4, 'uint'],
  chosen: [5, 'bytes'],
});

const placeTable = new MessageTable<CopyPlace>({
  nodeId: [1, 'string'],
  replicaId: [2, 'string'],
  history: [3, 'string'],
  appliedSeq: [4, 'uint'],
  resets: [5, 'uint'],
  keys: [6, 'uint'],
  dataBytes: [7, 'uint'],
});

const recordTable = new MessageTable<CheckedRecord>({
  key: [1, 'bytes'],
  version: [2, 'uint'],
  expiresAtMs: [3, 'optional uint'],
  valueBytes: [4, 'uint'],
  valueCrc: [5, 'uint'],
});

export const scanCopyResponseTable = new MessageTable<ScanCopyResponse>({
  place: [1, placeTable],
  scannedBytes: [2, 'uint'],
  digests: [3, 'bytes'],
  records: [4, [recordTable]],
  done: [5, 'bool'],
});

export const readCopyRequestTable = new MessageTable<ReadCopyRequest>({
  shard: [1, 'uint'],
  keys: [2, ['string']],
  minSeq: [3, 'uint'],
  newestWrites: [4, 'uint'],
});

const readRecordTable = new MessageTable<ReadRecord>({
  seq: [1, 'uint'],
  stored: [2, { optional: recordTable }],
  logged: [3, { optional: recordTable }],
  deleted: [4, 'bool'],
});

export const readCopyResponseTable = new MessageTable<ReadCopyResponse>({
  place: [1, placeTable],
  records: [2, [readRecordTable]],
  compared: [3, 'uint'],
});

/** Whether both records have the same version, deadline and value. */
export function sameRecord(one: CheckedRecord, other: CheckedRecord): boolean {
  const isSameValue = one.valueBytes === other.valueBytes && one.valueCrc === other.valueCrc;
  return one.version === other.version && one.expiresAtMs === other.expiresAtMs && isSameValue;
}
