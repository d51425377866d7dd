/** Loads a snapshot of a replica into an empty store. */
import type { StoredSnapshot } from '../../replication/index.js';
import type { MemoryStorage } from '../../storage/index.js';
import type { SnapshotFiles } from '../../storage/snapshots/index.js';
import { SnapshotDamagedError } from '../../storage/snapshots/index.js';
import type { LoggedReplica } from '../../storage/wal/index.js';
import type { SnapshotReference } from '../../wire/disk/replica-records.js';
import { SnapshotContentDecoder } from '../../wire/disk/snapshot-content.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';
import { emptySnapshotOf, snapshotFileName } from './snapshot-base.js';
import { LostSnapshotError } from './state-store.js';

/** @throws LostSnapshotError; then the store may hold a part of the items. */
export async function loadSnapshot(
  files: Pick<SnapshotFiles, 'read'>,
  clusterId: string,
  { shard }: LoggedReplica,
  reference: SnapshotReference,
  memory: MemoryStorage,
): Promise<StoredSnapshot> {
  const name = snapshotFileName(shard, reference);
  if (name === undefined) return emptySnapshotOf(reference)!;
  const decoder = new SnapshotContentDecoder();
  try {
    for await (const { payload, isEnd } of files.read(name)) {
      const items = decoder.add(payload, isEnd);
      if (items.length > 0) memory.persist({ type: 'load', items });
    }
    const snapshot = decoder.finish();
    const head = decoder.head!;
    const { writerId, resets, seq } = reference;
    const isRight = head.clusterId === clusterId && head.shard === shard && head.writerId === writerId;
    // A file that was made from a database may be of a later position than the log has named.
    if (!isRight || head.resets !== resets || head.seq < seq)
      throw new LostSnapshotError(`the snapshot file ${name} is that of another replica`);
    return snapshot;
  } catch (error) {
    if (error instanceof SnapshotDamagedError) throw new LostSnapshotError(error.message, { cause: error });
    if (error instanceof MalformedMessage)
      throw new LostSnapshotError(`the snapshot file ${name} is damaged: ${error.message}`, { cause: error });
    throw error;
  }
}
