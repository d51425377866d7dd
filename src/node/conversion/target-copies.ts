/** Writes base copies under the names that the log has for them: as rows of a database, or as snapshot files. */
import type { CopyPosition, StateDatabase } from '../../storage/database/index.js';
import type { SnapshotFiles } from '../../storage/snapshots/index.js';
import { SnapshotContentEncoder } from '../../wire/disk/snapshot-content.js';
import { requestChunks } from '../../wire/peer/request-chunks.js';
import { encodeRequests } from '../data/requests-in-parts.js';
import { snapshotFileName } from '../data/snapshot-base.js';
import type { SourceCopy } from './source-copies.js';

/** Resolves once the copy is written; it need not be flushed. @param onItems called with the number of items that were written */
export type WriteCopy = (copy: SourceCopy, onItems: (items: number) => void) => Promise<void>;

/** Rows that are removed in one commit. */
const removedRows = 10_000;
const chunkBytes = 256 * 1024;

/** What an earlier attempt has written is removed first. */
export function intoDatabase(database: StateDatabase): WriteCopy {
  return async ({ shard, reference, start, items, end }, onItems) => {
    const { resets, position, requestFloor, timeMs } = start;
    const { writerId } = reference;
    const begun: CopyPosition = {
      writerId,
      resets,
      complete: false,
      ...position,
      throughSeq: position.seq,
      requestFloor,
      timeMs,
    };
    await database.begin(shard, begun);
    await removeRows(database, shard);
    for await (const rows of items) {
      if (rows.length > 0) await database.commit([{ shard, rows }]);
      onItems(rows.length);
    }
    const { throughSeq, requests } = end();
    const complete = { ...begun, complete: true, throughSeq };
    const part = { isWhole: true, bytes: encodeRequests(requests) };
    await database.commit([{ shard, rows: [], position: complete, requests: part }]);
  };
}

export async function removeRows(database: Pick<StateDatabase, 'removeSome'>, shard: number): Promise<void> {
  while ((await database.removeSome(shard, removedRows)) > 0);
}

export function intoFiles(files: Pick<SnapshotFiles, 'create'>, clusterId: string): WriteCopy {
  return async ({ shard, reference, start, items, end }, onItems) => {
    const { position, ...rest } = start;
    const writer = files.create(snapshotFileName(shard, reference)!);
    const encoder = new SnapshotContentEncoder();
    writer.append(encoder.head({ clusterId, shard, writerId: reference.writerId, ...position, ...rest }));
    const { throughSeq, requests } = end();
    for (const chunk of requestChunks(requests)) writer.append(encoder.requests(chunk));
    for await (const some of items) {
      for (const item of some) encoder.addItem(item);
      onItems(some.length);
      if (encoder.itemBytes < chunkBytes) continue;
      writer.append(encoder.takeItems());
      await writer.written();
    }
    if (encoder.itemBytes > 0) writer.append(encoder.takeItems());
    await writer.finish(encoder.end(throughSeq));
  };
}
