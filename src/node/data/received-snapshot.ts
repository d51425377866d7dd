/** The snapshot file of a joiner: what it receives of the primary's snapshot (R10) is written there as it comes. */
import type { RecordedRequest, SnapshotItem } from '../../replication/index.js';
import type { SnapshotWriter } from '../../storage/snapshots/index.js';
import { SnapshotContentEncoder, type SnapshotHead } from '../../wire/disk/snapshot-content.js';
import { requestChunks } from '../../wire/peer/request-chunks.js';

/** Bytes of items that are written together. */
const chunkBytes = 256 * 1024;

export class ReceivedSnapshot {
  readonly #writer: SnapshotWriter;
  readonly #encoder = new SnapshotContentEncoder();

  constructor(writer: SnapshotWriter, head: SnapshotHead) {
    this.#writer = writer;
    writer.append(this.#encoder.head(head));
  }

  addRequests(requests: readonly RecordedRequest[]): void {
    for (const chunk of requestChunks(requests)) this.#writer.append(this.#encoder.requests(chunk));
  }

  addItems(items: readonly SnapshotItem[]): void {
    for (const item of items) {
      this.#encoder.addItem(item);
      if (this.#encoder.itemBytes >= chunkBytes) this.#writer.append(this.#encoder.takeItems());
    }
  }

  /** Resolves once the file survives a crash. @param throughSeq the last entry that was applied over the items. */
  finish(throughSeq: number): Promise<void> {
    if (this.#encoder.itemBytes > 0) this.#writer.append(this.#encoder.takeItems());
    return this.#writer.finish(this.#encoder.end(throughSeq));
  }

  abandon(): Promise<void> {
    return this.#writer.abandon();
  }
}
