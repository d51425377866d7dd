/**
 * Codec of what a snapshot file contains: first the position and whose snapshot it is, then the recognised requests and the items, as
 * in the snapshots that nodes send each other, and at the end what must be in the file.
 */
import type { RecordedRequest, SnapshotItem, StoredSnapshot } from '../../replication/index.js';
import type { RecordView } from '../../storage/index.js';
import { readEnvelope } from '../peer/envelope.js';
import { readSnapshotBody, SnapshotEncoder } from '../peer/snapshot-codec.js';
import { MessageTable } from '../protobuf/message-table.js';
import { MalformedMessage } from '../protobuf/protobuf-reader.js';

/** Whose snapshot it is, and its position. */
export interface SnapshotHead {
  readonly clusterId: string;
  readonly shard: number;
  /** The random part of the id that the replica had: 16 hexadecimal digits. */
  readonly writerId: string;
  readonly resets: number;
  readonly seq: number;
  readonly epoch: number;
  readonly epochId: string;
  /** Of the recognised requests (R16). */
  readonly requestFloor: number;
  /** The latest time that an entry up to the position shows (R17). */
  readonly timeMs: number;
}

/** What is in the file, and the last entry that was applied when its last item was read. */
export interface SnapshotEnd {
  readonly throughSeq: number;
  readonly requests: number;
  readonly items: number;
}

const headTable = new MessageTable<SnapshotHead>({
  clusterId: [1, 'string'],
  shard: [2, 'uint'],
  writerId: [3, 'string'],
  resets: [4, 'uint'],
  seq: [5, 'uint'],
  epoch: [6, 'uint'],
  epochId: [7, 'string'],
  requestFloor: [8, 'uint'],
  timeMs: [9, 'uint'],
});
const endTable = new MessageTable<SnapshotEnd>({ throughSeq: [1, 'uint'], requests: [2, 'uint'], items: [3, 'uint'] });

/** Encodes the chunks of one file, in their order. */
export class SnapshotContentEncoder {
  readonly #encoder = new SnapshotEncoder();
  #requests = 0;
  #items = 0;

  /** Bytes of the items that `takeItems` would return. */
  get itemBytes(): number {
    return this.#encoder.chunkBytes;
  }

  head(head: SnapshotHead): Buffer {
    return headTable.encode(head);
  }

  requests(requests: readonly RecordedRequest[]): Buffer {
    this.#requests += requests.length;
    return this.#encoder.encode({ type: 'requests', requests });
  }

  add(record: RecordView): void {
    this.#items++;
    this.#encoder.add(record);
  }

  addItem(item: SnapshotItem): void {
    this.#items++;
    this.#encoder.addItem(item);
  }

  /** There must be some items. */
  takeItems(): Buffer {
    return this.#encoder.takeChunk();
  }

  end(throughSeq: number): Buffer {
    return endTable.encode({ throughSeq, requests: this.#requests, items: this.#items });
  }
}

/** Decodes the chunks of one file. */
export class SnapshotContentDecoder {
  #head: SnapshotHead | undefined;
  #end: SnapshotEnd | undefined;
  readonly #requests: RecordedRequest[] = [];
  #items = 0;

  /** Undefined before the first chunk. */
  get head(): SnapshotHead | undefined {
    return this.#head;
  }

  /** @returns the items of the chunk: their values are views of it. @throws MalformedMessage */
  add(payload: Buffer, isEnd: boolean): readonly SnapshotItem[] {
    if (isEnd) this.#end = endTable.decode(payload);
    else if (this.#head === undefined) this.#head = headTable.decode(payload);
    else return this.#addBody(payload);
    return [];
  }

  /** All chunks were added. @throws MalformedMessage if some are missing. */
  finish(): StoredSnapshot {
    const [head, end] = [this.#head, this.#end];
    if (head === undefined || end === undefined) throw new MalformedMessage('it has no beginning or no end');
    if (end.requests !== this.#requests.length || end.items !== this.#items)
      throw new MalformedMessage(
        `it has ${this.#items} items and ${this.#requests.length} requests of ${end.items} and ${end.requests}`,
      );
    const { resets, seq, epoch, epochId, requestFloor, timeMs } = head;
    const position = { seq, epoch, epochId };
    return { resets, position, throughSeq: end.throughSeq, requests: this.#requests, requestFloor, timeMs };
  }

  #addBody(payload: Buffer): readonly SnapshotItem[] {
    const body = readSnapshotBody(readEnvelope(payload));
    if (body?.type === 'requests') this.#requests.push(...body.requests);
    if (body?.type !== 'chunk') return [];
    this.#items += body.items.length;
    return body.items;
  }
}
