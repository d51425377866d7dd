/**
 * Codec of the operations in kv.v1.KeyValue/Pipeline, as proto/kv/v1/kv.proto describes them. It is written by hand: decoding an
 * operation with proto-loader costs more than all other work on it.
 */
import type { RequestIdentity } from '../../replication/index.js';
import { traceParentBytes } from '../../tracing/trace-parent.js';
import { type ChangeMethod, changeMethods, changes } from '../contract/change-messages.js';
import { KnownTexts } from '../protobuf/known-texts.js';
import { ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import { IdentityReader } from './identity-reader.js';
import { IdentityWriter, maxIdentityBytes } from './identity-writer.js';

export type { RequestIdentity };

/** An operation of a client, before it has an id on a stream. `traceParent` is present only if the operation is traced. */
export type DataRequest = Operation & { readonly traceParent?: string };

type Operation =
  | { readonly kind: 'get'; readonly key: string }
  | ({ readonly kind: 'put'; readonly value: Uint8Array } & Write & Expiring)
  | ({ readonly kind: 'delete' } & Write)
  /** `key`: one of its keys; all belong to one shard. `message`: the encoded request. */
  | { readonly kind: ChangeMethod; readonly key: string; readonly message: Buffer };

interface Write {
  readonly key: string;
  readonly ifVersion: number | undefined;
  readonly ifValue?: Uint8Array | undefined;
  /** The answer waits until every in-sync replica has flushed the write. */
  readonly sync?: boolean | undefined;
}

/** Neither: the key does not expire. */
interface Expiring {
  readonly ttlMs?: number | undefined;
  readonly keepTtl?: boolean | undefined;
}

const operationsField = 1;
const clientField = 2;
const idField = 1;
const traceParentField = 5;
const fieldOf = { get: 2, put: 3, delete: 4 } as const;
const keyField = 1;
const valueField = 2;
const putIfVersionField = 3;
const deleteIfVersionField = 2;
const ifValueField = 10;
const ttlMsField = 11;
const keepTtlField = 12;
const syncField = 13;
const requestField = 14;
const positionField = 15;

/** Most bytes of an operation beside its key, value and trace: tags and lengths, the condition, the TTL and the id. */
const overheadBytes = 60;
const traceParentOverheadBytes = traceParentBytes + 2;
const maxUtf8BytesPerUnit = 3;
/** Estimated bytes of an identity. */
const expectedIdentityBytes = 40;

/** An upper bound of the bytes that the request will take, with an identity if it writes; it is rarely much too high. */
export function sizeOf(request: DataRequest): number {
  const valueBytes = valueBytesOf(request);
  const traceBytes = request.traceParent === undefined ? 0 : traceParentOverheadBytes;
  const identityBytes = request.kind === 'get' ? 0 : maxIdentityBytes;
  return overheadBytes + maxUtf8BytesPerUnit * request.key.length + valueBytes + traceBytes + identityBytes;
}

function valueBytesOf(request: DataRequest): number {
  if (request.kind === 'put') return request.value.length + (request.ifValue?.length ?? 0);
  if (request.kind === 'delete') return request.ifValue?.length ?? 0;
  return 'message' in request ? request.message.length : 0;
}

/** Encodes PipelineRequests. */
export class OperationWriter {
  readonly #writer = new ProtobufWriter();
  readonly #identity = new IdentityWriter();
  /** The client that the current message names for its requests. */
  #client: string | undefined;

  get bytes(): number {
    return this.#writer.length;
  }

  /** @param identity of a write; undefined: the write has none */
  add(id: number, request: DataRequest, identity?: RequestIdentity): void {
    const writer = this.#writer;
    if (identity !== undefined && this.#client === undefined) {
      this.#client = identity.client;
      writer.string(clientField, identity.client);
    }
    const valueBytes = valueBytesOf(request);
    // Estimates. One whose varint is as long as that of the true length saves moving the bytes.
    const identityBytes = identity === undefined ? 0 : expectedIdentityBytes;
    const expected = request.key.length + valueBytes + identityBytes;
    writer.begin(operationsField, expected + 8);
    writer.uint32(idField, id);
    writer.begin('message' in request ? changes[request.kind].field : fieldOf[request.kind], expected + 4);
    if ('message' in request) writer.raw(request.message);
    else this.#addFields(request);
    if (identity !== undefined) this.#identity.write(writer, identity, this.#client);
    writer.end();
    if (request.traceParent !== undefined) writer.string(traceParentField, request.traceParent);
    writer.end();
  }

  #addFields(request: Exclude<DataRequest, { kind: ChangeMethod }>): void {
    const writer = this.#writer;
    writer.string(keyField, request.key);
    if (request.kind === 'put') {
      writer.bytes(valueField, request.value);
      if (request.ifVersion !== undefined) writer.uint64(putIfVersionField, request.ifVersion);
      if (request.ttlMs !== undefined) writer.uint64(ttlMsField, request.ttlMs);
      if (request.keepTtl === true) writer.bool(keepTtlField, true);
    } else if (request.kind === 'delete' && request.ifVersion !== undefined) {
      writer.uint64(deleteIfVersionField, request.ifVersion);
    }
    if (request.kind === 'get') return;
    if (request.ifValue !== undefined) writer.bytes(ifValueField, request.ifValue);
    if (request.sync === true) writer.bool(syncField, true);
  }

  /** @returns the message, and begins a new one. */
  take(): Buffer {
    this.#client = undefined;
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
  ifValue: tagOf(ifValueField, 'bytes'),
  ttlMs: tagOf(ttlMsField, 'varint'),
  keepTtl: tagOf(keepTtlField, 'varint'),
  sync: tagOf(syncField, 'varint'),
  client: tagOf(clientField, 'bytes'),
  request: tagOf(requestField, 'bytes'),
  position: tagOf(positionField, 'bytes'),
};
const changeOfTag: ReadonlyMap<number, ChangeMethod> = new Map(
  changeMethods.map((kind) => [tagOf(changes[kind].field, 'bytes'), kind]),
);

/** Cursor over the operations of a PipelineRequest. Each call of `next` overwrites the fields of the operation before. */
export class OperationReader {
  readonly buffer: Buffer;
  readonly #reader: ProtobufReader;
  readonly #texts: KnownTexts;
  readonly #identity: IdentityReader;
  /** Undefined: not looked for. */
  #client: string | undefined;
  id = 0;
  /** Undefined: the operation is not set, or is of a kind that this version does not know. */
  kind: DataRequest['kind'] | undefined;
  /** Undefined: the key is not valid UTF-8. */
  key: string | undefined = '';
  keyBytes = 0;
  /** Where the value of a put lies in `buffer`, or the encoded request of an operation of `changes`. */
  valueStart = 0;
  valueEnd = 0;
  ifVersion: number | undefined;
  /** A view of `buffer`. */
  ifValue: Uint8Array | undefined;
  /** Of a put; not checked. */
  ttlMs: number | undefined;
  keepTtl = false;
  /** Of a put or a delete. */
  sync = false;
  /** Of a put or a delete; that of `changes` is in their message. Nothing of it has been checked. */
  request: RequestIdentity | undefined;
  /** Only its length has been checked. */
  traceParent: string | undefined;

  /** @param texts of the whole stream @param identity of the whole stream, whose messages are read one after the other */
  constructor(buffer: Buffer, texts = new KnownTexts(), identity = new IdentityReader(texts)) {
    this.buffer = buffer;
    this.#texts = texts;
    this.#reader = new ProtobufReader(buffer);
    this.#identity = identity;
  }

  /** The client of a request that names none; empty if the message does not name it. @throws MalformedMessage */
  get client(): string {
    this.#client ??= this.#findClient();
    return this.#client;
  }

  /** It may stand behind the operations. */
  #findClient(): string {
    const reader = new ProtobufReader(this.buffer);
    while (reader.more) {
      const tag = reader.tag();
      if (tag === tags.client) return this.#texts.read(reader);
      reader.skip(tag);
    }
    return '';
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
    this.request = undefined;
    this.traceParent = undefined;
    while (reader.more) {
      const tag = reader.tag();
      if (tag === tags.id) this.id = reader.varint();
      else if (tag === tags.get) this.#request('get');
      else if (tag === tags.put) this.#request('put');
      else if (tag === tags.delete) this.#request('delete');
      else if (tag === tags.traceParent) this.#traceParent();
      else this.#change(tag);
    }
    reader.leave(outerEnd);
  }

  #change(tag: number): void {
    const reader = this.#reader;
    const kind = changeOfTag.get(tag);
    if (kind === undefined) return reader.skip(tag);
    this.kind = kind;
    this.valueStart = reader.bytes();
    this.valueEnd = reader.position;
  }

  #request(kind: 'get' | 'put' | 'delete'): void {
    const reader = this.#reader;
    const outerEnd = reader.enter();
    this.kind = kind;
    this.key = '';
    this.keyBytes = 0;
    this.valueStart = 0;
    this.valueEnd = 0;
    this.ifVersion = undefined;
    this.ifValue = undefined;
    this.ttlMs = undefined;
    this.keepTtl = false;
    this.sync = false;
    while (reader.more) {
      const tag = reader.tag();
      if (tag === tags.key) this.#key();
      else if (tag === tags.value && kind === 'put') {
        this.valueStart = reader.bytes();
        this.valueEnd = reader.position;
      } else if ((tag === tags.request || tag === tags.position) && kind !== 'get') {
        if (tag === tags.request) this.#identity.readRequest(reader);
        else this.#identity.readPosition(reader);
      } else this.#condition(tag, kind);
    }
    reader.leave(outerEnd);
    this.request = this.#identity.isFound ? this.#identity.take(this) : undefined;
  }

  /** A field that most requests leave out. */
  #condition(tag: number, kind: 'get' | 'put' | 'delete'): void {
    const reader = this.#reader;
    const isPut = kind === 'put';
    if (tag === (isPut ? tags.putIfVersion : tags.deleteIfVersion) && kind !== 'get') this.ifVersion = reader.anyVarint();
    else if (tag === tags.ifValue && kind !== 'get') this.ifValue = reader.view(reader.bytes());
    else if (tag === tags.ttlMs && isPut) this.ttlMs = reader.anyVarint();
    else if (tag === tags.keepTtl && isPut) this.keepTtl = reader.bool();
    else if (tag === tags.sync && kind !== 'get') this.sync = reader.bool();
    else reader.skip(tag);
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
