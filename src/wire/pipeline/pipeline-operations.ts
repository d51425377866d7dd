/**
 * The messages of kv.v1.KeyValue/Pipeline that carry operations, by hand: there are as many of them as operations, and
 * proto-loader's way costs more than everything else that is done for one. The bytes are those of proto/kv/v1/kv.proto.
 */
import { traceParentBytes } from '../../tracing/index.js';
import { ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import { ProtobufWriter } from '../protobuf/protobuf-writer.js';

/** An operation of a client, before it has a name on a stream; `traceParent` is there only where it is traced. */
export type DataRequest = Operation & { readonly traceParent?: string };

type Operation =
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'put'; readonly key: string; readonly value: Uint8Array; readonly ifVersion: number | undefined }
  | { readonly kind: 'delete'; readonly key: string; readonly ifVersion: number | undefined };

const operationsField = 1;
const idField = 1;
const traceParentField = 5;
const fieldOf = { get: 2, put: 3, delete: 4 } as const;
const keyField = 1;
const valueField = 2;
const putIfVersionField = 3;
const deleteIfVersionField = 2;

/** What the tags and lengths around a key and a value take at the most, both conditions and the id included. */
const overheadBytes = 48;
const traceParentOverheadBytes = traceParentBytes + 2;
const maxUtf8BytesPerUnit = 3;

/** Of the request as it will be written: never less, seldom much more. */
export function sizeOf(request: DataRequest): number {
  const valueBytes = request.kind === 'put' ? request.value.length : 0;
  const traceBytes = request.traceParent === undefined ? 0 : traceParentOverheadBytes;
  return overheadBytes + maxUtf8BytesPerUnit * request.key.length + valueBytes + traceBytes;
}

export class OperationWriter {
  readonly #writer = new ProtobufWriter();

  get bytes(): number {
    return this.#writer.length;
  }

  add(id: number, request: DataRequest): void {
    const writer = this.#writer;
    const valueBytes = request.kind === 'put' ? request.value.length : 0;
    // A guess at the length that saves moving the bytes where it takes as many digits.
    const expected = request.key.length + valueBytes;
    writer.begin(operationsField, expected + 8);
    writer.uint32(idField, id);
    writer.begin(fieldOf[request.kind], expected + 4);
    writer.string(keyField, request.key);
    if (request.kind === 'put') {
      writer.bytes(valueField, request.value);
      if (request.ifVersion !== undefined) writer.uint64(putIfVersionField, request.ifVersion);
    } else if (request.kind === 'delete' && request.ifVersion !== undefined) {
      writer.uint64(deleteIfVersionField, request.ifVersion);
    }
    writer.end();
    if (request.traceParent !== undefined) writer.string(traceParentField, request.traceParent);
    writer.end();
  }

  /** The message; the next one is empty. */
  take(): Buffer {
    return this.#writer.take();
  }
}

const tags = {
  operation: tagOf(operationsField, 'bytes'),
  id: tagOf(idField, 'varint'),
  get: tagOf(fieldOf.get, 'bytes'),
  put: tagOf(fieldOf.put, 'bytes'),
  delete: tagOf(fieldOf.delete, 'bytes'),
  traceParent: tagOf(traceParentField, 'bytes'),
  key: tagOf(keyField, 'bytes'),
  value: tagOf(valueField, 'bytes'),
  putIfVersion: tagOf(putIfVersionField, 'varint'),
  deleteIfVersion: tagOf(deleteIfVersionField, 'varint'),
};

/** Goes through a PipelineRequest, operation by operation: each overwrites the fields of the one before. */
export class OperationReader {
  readonly buffer: Buffer;
  readonly #reader: ProtobufReader;
  id = 0;
  /** Undefined: the operation says nothing, or something this version does not know. */
  kind: DataRequest['kind'] | undefined;
  /** Undefined: not valid UTF-8. */
  key: string | undefined = '';
  keyBytes = 0;
  /** Where the value of a put lies in `buffer`. */
  valueStart = 0;
  valueEnd = 0;
  ifVersion: number | undefined;
  /** Not judged, but for its length. */
  traceParent: string | undefined;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
    this.#reader = new ProtobufReader(buffer);
  }

  /** False at the end of the message. @throws MalformedMessage */
  next(): boolean {
    const reader = this.#reader;
    while (reader.more) {
      const tag = reader.tag();
      if (tag === tags.operation) {
        this.#operation();
        return true;
      }
      reader.skip(tag);
    }
    return false;
  }

  #operation(): void {
    const reader = this.#reader;
    const outerEnd = reader.enter();
    this.id = 0;
    this.kind = undefined;
    this.traceParent = undefined;
    while (reader.more) {
      const tag = reader.tag();
      if (tag === tags.id) this.id = reader.varint();
      else if (tag === tags.get) this.#request('get');
      else if (tag === tags.put) this.#request('put');
      else if (tag === tags.delete) this.#request('delete');
      else if (tag === tags.traceParent) this.#traceParent();
      else reader.skip(tag);
    }
    reader.leave(outerEnd);
  }

  #request(kind: DataRequest['kind']): void {
    const reader = this.#reader;
    const outerEnd = reader.enter();
    this.kind = kind;
    this.key = '';
    this.keyBytes = 0;
    this.valueStart = 0;
    this.valueEnd = 0;
    this.ifVersion = undefined;
    while (reader.more) {
      const tag = reader.tag();
      if (tag === tags.key) this.#key();
      else if (tag === tags.value && kind === 'put') {
        this.valueStart = reader.bytes();
        this.valueEnd = reader.position;
      } else if (tag === tags.putIfVersion && kind === 'put') this.ifVersion = reader.anyVarint();
      else if (tag === tags.deleteIfVersion && kind === 'delete') this.ifVersion = reader.anyVarint();
      else reader.skip(tag);
    }
    reader.leave(outerEnd);
  }

  #traceParent(): void {
    const start = this.#reader.bytes();
    const end = this.#reader.position;
    if (end - start === traceParentBytes) this.traceParent = this.buffer.toString('latin1', start, end);
  }

  #key(): void {
    const reader = this.#reader;
    const start = reader.bytes();
    this.key = reader.textFrom(start);
    this.keyBytes = reader.position - start;
  }
}
