/**
 * Reads the request of one operation of `changes`, or of a transaction, field by field, as the pipeline reads puts: an object for
 * each message would cost more than all other work on it. The numbers of the fields are those of the tables in change-messages.ts.
 */
import type { KeyOperation } from '../../replication/index.js';
import { operations } from '../contract/change-messages.js';
import type { ProtobufReader } from '../protobuf/protobuf-reader.js';
import type { IdentityReader } from './identity-reader.js';
import { fieldsByTag, kindsByTag } from './kind-tables.js';

type Kind = KeyOperation['kind'];

/** Every field that a request can have. A kind has some of them. */
const fields = {
  key: 1,
  value: 2,
  ifVersion: 3,
  ifValue: 4,
  by: 5,
  initial: 6,
  min: 7,
  max: 8,
  maxBytes: 9,
  offset: 10,
  ttlMs: 11,
  keepTtl: 12,
  request: 13,
  position: 14,
  sync: 15,
} as const;

/** By tag: which of `fields` it is; 0: none that the kind has. */
const fieldsOf = fieldsByTag(operations, fields);
const kindOfTag = kindsByTag(operations);

/** Cursor over operations: each read overwrites the fields of the operation before. Only its form has been checked. */
export class OperationFields {
  /** Undefined: the operation is not set, or is of a kind that this version does not know. */
  kind: Kind | undefined;
  /** Undefined: the key is not valid UTF-8. */
  key: string | undefined = '';
  keyBytes = 0;
  /** Where the value lies in the memory of the reader. */
  valueStart = 0;
  valueEnd = 0;
  ifVersion: number | undefined;
  /** A view of the memory of the reader. */
  ifValue: Uint8Array | undefined;
  /** Decimal text; empty: not given. */
  by = '';
  initial = '';
  min = '';
  max = '';
  /** 0: not given. */
  maxBytes = 0;
  offset = 0;
  ttlMs: number | undefined;
  keepTtl = false;
  sync = false;
  /** Whether the request names an identity. */
  hasIdentity = false;

  /** Reads a TransactOperation up to the end of the reader. @throws MalformedMessage */
  readAny(reader: ProtobufReader): void {
    this.kind = undefined;
    this.sync = false;
    this.hasIdentity = false;
    while (reader.more) {
      const tag = reader.tag();
      const kind = kindOfTag[tag];
      if (kind === undefined) {
        reader.skip(tag);
        continue;
      }
      const outerEnd = reader.enter();
      this.read(reader, kind, undefined);
      reader.leave(outerEnd);
    }
  }

  /**
   * Reads a request up to the end of the reader.
   *
   * @param identity reads the identity; undefined: it is passed over
   * @throws MalformedMessage
   */
  read(reader: ProtobufReader, kind: Kind, identity: IdentityReader | undefined): void {
    this.#clear(kind);
    const byTag = fieldsOf[kind];
    while (reader.more) {
      const tag = reader.tag();
      switch (byTag[tag]) {
        case fields.key:
          this.#readKey(reader);
          break;
        case fields.value:
          this.valueStart = reader.bytes();
          this.valueEnd = reader.position;
          break;
        case fields.request:
          this.hasIdentity = true;
          if (identity === undefined) reader.skip(tag);
          else identity.readRequest(reader);
          break;
        case fields.position:
          if (identity === undefined) reader.skip(tag);
          else identity.readPosition(reader);
          break;
        default:
          this.#readRest(reader, tag, byTag[tag]);
      }
    }
  }

  /** The fields that most requests leave out. */
  #readRest(reader: ProtobufReader, tag: number, field: number | undefined): void {
    switch (field) {
      case fields.ifVersion:
        this.ifVersion = reader.varint();
        break;
      case fields.ifValue:
        this.ifValue = reader.view(reader.bytes());
        break;
      case fields.by:
        this.by = reader.string();
        break;
      case fields.initial:
        this.initial = reader.string();
        break;
      case fields.min:
        this.min = reader.string();
        break;
      case fields.max:
        this.max = reader.string();
        break;
      case fields.maxBytes:
        this.maxBytes = reader.varint();
        break;
      case fields.offset:
        this.offset = reader.varint();
        break;
      case fields.ttlMs:
        this.ttlMs = reader.varint();
        break;
      case fields.keepTtl:
        this.keepTtl = reader.bool();
        break;
      case fields.sync:
        this.sync = reader.bool();
        break;
      default:
        reader.skip(tag);
    }
  }

  #readKey(reader: ProtobufReader): void {
    const start = reader.bytes();
    this.key = reader.textFrom(start);
    this.keyBytes = reader.position - start;
  }

  #clear(kind: Kind): void {
    this.kind = kind;
    this.key = '';
    this.keyBytes = 0;
    this.valueStart = 0;
    this.valueEnd = 0;
    this.ifVersion = undefined;
    this.ifValue = undefined;
    this.by = '';
    this.initial = '';
    this.min = '';
    this.max = '';
    this.maxBytes = 0;
    this.offset = 0;
    this.ttlMs = undefined;
    this.keepTtl = false;
    this.sync = false;
    this.hasIdentity = false;
  }
}
