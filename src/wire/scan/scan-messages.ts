/** The messages of kv.v1.KeyValue/Scan, which proto/kv/v1/kv.proto documents: pages of a shard in the order of its keys. */
import type { ShardPosition } from '../../errors.js';
import { positionTable } from '../contract/position-message.js';
import { MessageTable } from '../protobuf/message-table.js';
import { MalformedMessage, ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import { ProtobufWriter } from '../protobuf/protobuf-writer.js';

/** The full name of the rpc. */
export const scanRpc = 'kv.v1.KeyValue/Scan';

export interface ScanRequest {
  readonly shard: number;
  /** The first key that may be shown. Empty: the first one of the shard. */
  readonly from: string;
  /** The scan ends before this key. Empty: at the last key of the shard. */
  readonly to: string;
  /** Only keys that begin with it. Not together with `from` or `to`. */
  readonly prefix: string;
  /** The last key of the page before, in the direction of the scan. Empty: the scan begins. */
  readonly after: string;
  readonly reverse: boolean;
  /** The most keys of all pages together. 0: all. */
  readonly limit: number;
  readonly keysOnly: boolean;
  /** The most keys of a page. 0: as the node chooses. */
  readonly maxPageKeys: number;
  /** A page with more than one key has about this many bytes at most. 0: as the node chooses. */
  readonly maxPageBytes: number;
}

export const scanRequestTable = new MessageTable<ScanRequest>({
  shard: [1, 'uint'],
  from: [2, 'string'],
  to: [3, 'string'],
  prefix: [4, 'string'],
  after: [5, 'string'],
  reverse: [6, 'bool'],
  limit: [7, 'uint'],
  keysOnly: [8, 'bool'],
  maxPageKeys: [9, 'uint'],
  maxPageBytes: [10, 'uint'],
});

/** A key as a page shows it. */
export interface ScannedKey {
  readonly key: string;
  readonly version: number;
  /** How long the key still exists if nothing writes it. Undefined: it does not expire. */
  readonly expiresInMs: number | undefined;
}

/** A key with its value, which is a view of the memory of its page: keeping it keeps the page. */
export interface ScannedValue extends ScannedKey {
  readonly value: Buffer;
}

/** Where and when a page was made. */
export interface PagePlace {
  /** The page shows every write up to here, and none after it. */
  readonly position: ShardPosition;
  /** The epoch of the primary. */
  readonly epoch: number;
  readonly nodeId: string;
  /** No page of this call follows. */
  readonly isLast: boolean;
  /** No key of the range lies behind this page. */
  readonly isExhausted: boolean;
}

export interface ScanPage extends PagePlace {
  /** In the order of the scan. With `keysOnly` the records have no values. */
  readonly records: readonly ScannedValue[];
}

interface PageFields extends Omit<PagePlace, 'position'> {
  readonly position: ShardPosition | null;
}

const recordsField = 1;
const recordsTag = tagOf(recordsField, 'bytes');
const placeTable = new MessageTable<PageFields>({
  position: [2, positionTable],
  epoch: [3, 'uint'],
  nodeId: [4, 'string'],
  isLast: [5, 'bool'],
  isExhausted: [6, 'bool'],
});
const recordTags = {
  key: tagOf(1, 'bytes'),
  value: tagOf(2, 'bytes'),
  version: tagOf(3, 'varint'),
  expiresIn: tagOf(4, 'varint'),
};

/** Estimated bytes of a record beside its key and value. */
const recordOverheadBytes = 12;

/** Writes pages by hand, because a page has a record for each key. */
export class ScanPageWriter {
  readonly #writer = new ProtobufWriter();

  /** @param value undefined: the scan shows keys only */
  add(key: string, value: Uint8Array | undefined, version: number, expiresInMs: number | undefined): void {
    const writer = this.#writer;
    writer.begin(recordsField, recordOverheadBytes + key.length + (value?.length ?? 0));
    writer.string(1, key);
    if (value !== undefined && value.length > 0) writer.bytes(2, value);
    writer.uint64(3, version);
    if (expiresInMs !== undefined) writer.uint64(4, expiresInMs);
    writer.end();
  }

  /** Ends the page. */
  take(place: PagePlace): Buffer {
    placeTable.write(this.#writer, place);
    return this.#writer.take();
  }
}

const noValue = Buffer.alloc(0);

/** @param keysOnly the records are read without values. @throws MalformedMessage */
export function readScanPage(message: Buffer, keysOnly: boolean): ScanPage {
  const reader = new ProtobufReader(message);
  const records: ScannedValue[] = [];
  let placeStart = message.length;
  while (reader.more) {
    const before = reader.position;
    const tag = reader.tag();
    if (tag !== recordsTag) {
      // The node writes the position and the epoch of a page behind its records.
      placeStart = before;
      break;
    }
    const outerEnd = reader.enter();
    records.push(readRecord(reader, keysOnly));
    reader.leave(outerEnd);
  }
  const { position, ...place } = placeTable.read(new ProtobufReader(message, placeStart));
  if (position === null) throw new MalformedMessage('a page of a scan without a position');
  return { records, position, ...place };
}

function readRecord(reader: ProtobufReader, keysOnly: boolean): ScannedValue {
  let key = '';
  let value: Buffer = noValue;
  let version = 0;
  let expiresInMs: number | undefined;
  while (reader.more) {
    const tag = reader.tag();
    if (tag === recordTags.key) key = reader.string();
    else if (tag === recordTags.value) value = reader.view(reader.bytes());
    else if (tag === recordTags.version) version = reader.varint();
    else if (tag === recordTags.expiresIn) expiresInMs = reader.varint();
    else reader.skip(tag);
  }
  // With `keysOnly` the caller's type has no value.
  return (keysOnly ? { key, version, expiresInMs } : { key, value, version, expiresInMs }) as ScannedValue;
}
