/** What a check of a copy reads of its replica. */
import { crc32 } from '../../crc32.js';
import { KvError } from '../../errors.js';
import type { LogEntry } from '../../replication/index.js';
import type { Storage, StoredValue } from '../../storage/index.js';
import type { CheckedRecord, CopyPlace } from '../../wire/copies/copy-messages.js';

export interface CheckedReplica {
  readonly storage: Pick<Storage, 'scan' | 'get' | 'keyCount' | 'dataBytes'>;
  readonly replicaId: string;
  /** Undefined: there is no complete copy. Between two turns the store is exactly at `seq`. */
  readonly copy: { readonly history: string; readonly seq: number; readonly resets: number } | undefined;
  /** See `Replica.retainedEntries`. */
  retainedEntries(throughSeq: number, most: number): readonly LogEntry[];
}

/** @throws KvError NOT_PRIMARY */
export function placeOf(replica: CheckedReplica, nodeId: string): CopyPlace {
  const { copy, replicaId, storage } = replica;
  if (copy === undefined) throw new KvError('NOT_PRIMARY', `node ${nodeId} holds no complete copy of the shard`);
  const { history, seq: appliedSeq, resets } = copy;
  return { nodeId, replicaId, history, appliedSeq, resets, keys: storage.keyCount, dataBytes: storage.dataBytes };
}

/** @throws KvError NOT_PRIMARY: the replica has discarded the copy, or left. */
export function checkSameCopy(replica: CheckedReplica, { history, resets, nodeId }: CopyPlace): void {
  const { copy } = replica;
  if (copy?.history === history && copy.resets === resets) return;
  throw new KvError('NOT_PRIMARY', `the copy of node ${nodeId} was replaced while it was read`);
}

export function copyRecord(key: string, { value, version, expiresAtMs }: StoredValue): CheckedRecord {
  return { key: Buffer.from(key), version, expiresAtMs, valueBytes: value.length, valueCrc: crc32(value) };
}
