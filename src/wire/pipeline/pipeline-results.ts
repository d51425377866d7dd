/** Codec of the results in kv.v1.KeyValue/Pipeline, written by hand as that of the operations (pipeline-operations.ts). */
import { type ErrorCode, errorTraits, KvError, type KvErrorDetails, type ShardPosition } from '../../errors.js';
import { type ChangeMethod, changeMethods, changes, versionOfAnswer } from '../contract/change-messages.js';
import { positionTable } from '../contract/position-message.js';
import { ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import { ProtobufWriter } from '../protobuf/protobuf-writer.js';

/** The result of an operation that succeeded. The operation's kind determines which fields have a meaning. */
export interface DataResult {
  /** For a get: whether the key exists. For a delete: whether it existed. */
  readonly found: boolean;
  /** The value that a get found, copied to memory of its own; otherwise empty. */
  readonly value: Buffer;
  /** 0 if nothing was found, or nothing was written. */
  readonly version: number;
  /** Id of the node that answered. */
  readonly nodeId: string;
  /** Of a get: how long the key still exists if nothing writes it; undefined: it does not expire. */
  readonly expiresInMs?: number | undefined;
  /** Of an operation of `changes`: its response, encoded, in memory of its own. */
  readonly message?: Buffer;
}

const nodeIdField = 1;
const resultsField = 2;
const idField = 1;
const resultField = { get: 2, put: 3, delete: 4, error: 5 } as const;
const getField = { found: 1, value: 2, version: 3, expiresInMs: 5 } as const;
const putField = { version: 1 } as const;
const deleteField = { existed: 1, version: 2 } as const;
const errorField = { code: 1, message: 2, notExecuted: 3, currentVersion: 4, primaryAddress: 5, position: 6 } as const;

/** Estimated bytes of a small result. An estimate whose varint is as long as that of the true length saves moving the bytes. */
const smallResultBytes = 24;

/** A response that is written where it belongs. */
export interface WritableResponse {
  /** About how many bytes it takes on a stream, which names the node once. */
  readonly expectedBytes: number;
  write(writer: ProtobufWriter): void;
}

/** Encodes PipelineResponses. */
export class ResultWriter {
  readonly #writer = new ProtobufWriter();
  readonly #nodeId: string;

  constructor(nodeId: string) {
    this.#nodeId = nodeId;
  }

  get bytes(): number {
    return this.#writer.length;
  }

  found(id: number, value: Uint8Array, version: number, expiresInMs: number | undefined): void {
    const writer = this.#begin(id, value.length + smallResultBytes);
    writer.begin(resultField.get, value.length + smallResultBytes / 2);
    writer.bool(getField.found, true);
    writer.bytes(getField.value, value);
    writer.uint64(getField.version, version);
    if (expiresInMs !== undefined) writer.uint64(getField.expiresInMs, expiresInMs);
    this.#end();
  }

  notFound(id: number): void {
    this.#begin(id, smallResultBytes).begin(resultField.get);
    this.#end();
  }

  put(id: number, version: number): void {
    const writer = this.#begin(id, smallResultBytes);
    writer.begin(resultField.put);
    writer.uint64(putField.version, version);
    this.#end();
  }

  /** @param version 0 if there was nothing to delete. */
  delete(id: number, version: number): void {
    const writer = this.#begin(id, smallResultBytes);
    writer.begin(resultField.delete);
    if (version > 0) {
      writer.bool(deleteField.existed, true);
      writer.uint64(deleteField.version, version);
    }
    this.#end();
  }

  /** @param response writes its fields, without the node's id */
  change(id: number, kind: ChangeMethod, response: WritableResponse): void {
    const { expectedBytes } = response;
    const writer = this.#begin(id, expectedBytes + smallResultBytes);
    writer.begin(changes[kind].field, expectedBytes);
    response.write(writer);
    this.#end();
  }

  error(id: number, error: KvError): void {
    const writer = this.#begin(id, smallResultBytes + error.message.length);
    writer.begin(resultField.error, smallResultBytes + error.message.length);
    writer.string(errorField.code, error.code);
    writer.string(errorField.message, error.message);
    writer.bool(errorField.notExecuted, error.executed === 'no');
    if (error.currentVersion !== undefined) writer.uint64(errorField.currentVersion, error.currentVersion);
    if (error.primaryAddress !== undefined) writer.string(errorField.primaryAddress, error.primaryAddress);
    if (error.position !== undefined) {
      writer.begin(errorField.position, smallResultBytes);
      positionTable.write(writer, error.position);
      writer.end();
    }
    this.#end();
  }

  /** @returns the message, and begins a new one. */
  take(): Buffer {
    return this.#writer.take();
  }

  #begin(id: number, expectedBytes: number): ProtobufWriter {
    const writer = this.#writer;
    if (writer.length === 0) writer.string(nodeIdField, this.#nodeId);
    writer.begin(resultsField, expectedBytes);
    writer.uint32(idField, id);
    return writer;
  }

  #end(): void {
    this.#writer.end();
    this.#writer.end();
  }
}

const tags = {
  nodeId: tagOf(nodeIdField, 'bytes'),
  result: tagOf(resultsField, 'bytes'),
  id: tagOf(idField, 'varint'),
  get: tagOf(resultField.get, 'bytes'),
  put: tagOf(resultField.put, 'bytes'),
  delete: tagOf(resultField.delete, 'bytes'),
  error: tagOf(resultField.error, 'bytes'),
};
const getTags = {
  found: tagOf(getField.found, 'varint'),
  value: tagOf(getField.value, 'bytes'),
  expiresInMs: tagOf(getField.expiresInMs, 'varint'),
};
const versionTags = {
  get: tagOf(getField.version, 'varint'),
  put: tagOf(putField.version, 'varint'),
  delete: tagOf(deleteField.version, 'varint'),
};
const changeOfTag: ReadonlyMap<number, ChangeMethod> = new Map(
  changeMethods.map((kind) => [tagOf(changes[kind].field, 'bytes'), kind]),
);
const existedTag = tagOf(deleteField.existed, 'varint');
const errorTags = {
  code: tagOf(errorField.code, 'bytes'),
  message: tagOf(errorField.message, 'bytes'),
  notExecuted: tagOf(errorField.notExecuted, 'varint'),
  currentVersion: tagOf(errorField.currentVersion, 'varint'),
  primaryAddress: tagOf(errorField.primaryAddress, 'bytes'),
  position: tagOf(errorField.position, 'bytes'),
};

const noValue: Buffer = Buffer.alloc(0);

/** Cursor over the results of a PipelineResponse. */
export class ResultReader {
  readonly #buffer: Buffer;
  readonly #reader: ProtobufReader;
  #nodeId = '';
  id = 0;
  /** Set if the operation failed; `result` then has no meaning. */
  error: KvError | undefined;
  result: DataResult | undefined;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
    this.#reader = new ProtobufReader(buffer);
  }

  /** False at the end of the message. @throws MalformedMessage */
  next(): boolean {
    const reader = this.#reader;
    while (reader.more) {
      const tag = reader.tag();
      if (tag === tags.result) {
        this.#result();
        return true;
      }
      if (tag === tags.nodeId) this.#nodeId = reader.string();
      else reader.skip(tag);
    }
    return false;
  }

  #result(): void {
    const reader = this.#reader;
    const outerEnd = reader.enter();
    this.id = 0;
    this.error = undefined;
    this.result = undefined;
    while (reader.more) {
      const tag = reader.tag();
      if (tag === tags.id) this.id = reader.varint();
      else if (tag === tags.get) this.#success(versionTags.get, getTags.found, getTags.value, getTags.expiresInMs);
      else if (tag === tags.put) this.#success(versionTags.put, 0, 0, 0);
      else if (tag === tags.delete) this.#success(versionTags.delete, existedTag, 0, 0);
      else if (tag === tags.error) this.#failure();
      else this.#change(tag);
    }
    reader.leave(outerEnd);
  }

  /** A tag of 0 stands for a field that the result does not have. */
  #success(versionTag: number, foundTag: number, valueTag: number, expiresInTag: number): void {
    const reader = this.#reader;
    const outerEnd = reader.enter();
    let found = false;
    let value = noValue;
    let version = 0;
    let expiresInMs: number | undefined;
    while (reader.more) {
      const tag = reader.tag();
      if (tag === versionTag) version = reader.varint();
      else if (tag === foundTag) found = reader.bool();
      else if (tag === valueTag) value = this.#copyOfValue();
      else if (tag === expiresInTag) expiresInMs = reader.varint();
      else reader.skip(tag);
    }
    this.result = { found, value, version, nodeId: this.#nodeId, expiresInMs };
    reader.leave(outerEnd);
  }

  #change(tag: number): void {
    const kind = changeOfTag.get(tag);
    if (kind === undefined) return this.#reader.skip(tag);
    const message = this.#copyOfValue();
    const version = versionOfAnswer(kind, message);
    this.result = { found: true, value: noValue, version, nodeId: this.#nodeId, expiresInMs: undefined, message };
  }

  /** Copies the value, so that a caller that keeps it does not keep the whole batch in memory. */
  #copyOfValue(): Buffer {
    const start = this.#reader.bytes();
    const end = this.#reader.position;
    const value: Buffer = Buffer.allocUnsafe(end - start);
    this.#buffer.copy(value, 0, start, end);
    return value;
  }

  #failure(): void {
    const reader = this.#reader;
    const outerEnd = reader.enter();
    let code = '';
    let message = '';
    let notExecuted = false;
    let currentVersion: number | undefined;
    let primaryAddress: string | undefined;
    let position: ShardPosition | undefined;
    while (reader.more) {
      const tag = reader.tag();
      if (tag === errorTags.code) code = reader.string();
      else if (tag === errorTags.message) message = reader.string();
      else if (tag === errorTags.notExecuted) notExecuted = reader.bool();
      else if (tag === errorTags.currentVersion) currentVersion = reader.varint();
      else if (tag === errorTags.primaryAddress) primaryAddress = reader.string();
      else if (tag === errorTags.position) position = this.#position();
      else reader.skip(tag);
    }
    reader.leave(outerEnd);
    // The code may be one of a later version. `not_executed` still says whether the operation was executed.
    const known = code in errorTraits ? (code as ErrorCode) : notExecuted ? 'INVALID_ARGUMENT' : 'OUTCOME_UNKNOWN';
    const named = definedOf({ currentVersion, primaryAddress, position });
    this.error = new KvError(known, message, { executed: notExecuted ? 'no' : 'unknown', ...named });
  }

  #position(): ShardPosition {
    const outerEnd = this.#reader.enter();
    const position = positionTable.read(this.#reader);
    this.#reader.leave(outerEnd);
    return position;
  }
}

/** Only what is present: a detail of an error that is undefined is not one. */
function definedOf(details: { [Name in keyof KvErrorDetails]: KvErrorDetails[Name] | undefined }): KvErrorDetails {
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined));
}
