/** The ids of replicas in the log of the node, and the records that change or end one. */
import { randomBytes } from 'node:crypto';
import type { Journal } from '../../storage/wal/index.js';
import { recordTypes } from '../../wire/disk/record-types.js';
import { encodeRenamed } from '../../wire/disk/replica-records.js';

const idBytes = 8;

/** The random part of a replica's id, which the log and the names of files have. */
export function mintOf(replicaId: string): string {
  return replicaId.slice(replicaId.lastIndexOf('~') + 1);
}

/** The replica gets a new id, under which no in-sync set knows it. @returns the id */
export function recordNewId(journal: Journal): string {
  const id = randomBytes(idBytes).toString('hex');
  void journal.append(recordTypes.renamed, encodeRenamed(id), undefined, 'flushed');
  return id;
}

/** The replica cannot be used, and is never revived. */
export function recordLoss(journal: Journal): void {
  void journal.append(recordTypes.left, Buffer.alloc(0), undefined, 'flushed');
}
