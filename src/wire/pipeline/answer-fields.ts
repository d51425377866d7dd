/**
 * Reads the answer to one operation of `changes`, or the result of an operation of a transaction, field by field, as OperationFields
 * reads requests. The numbers of the fields are those of the tables in change-messages.ts.
 */
import type { KeyOperation } from '../../replication/index.js';
import { results } from '../contract/change-messages.js';
import type { TransactResult } from '../contract/kv-api.js';
import type { ProtobufReader } from '../protobuf/protobuf-reader.js';
import { fieldsByTag, kindsByTag } from './kind-tables.js';

type Kind = KeyOperation['kind'];

/** Every field that an answer can have. A kind has some of them. */
const fields = {
  found: 1,
  existed: 2,
  hadTtl: 3,
  value: 4,
  previousValue: 5,
  version: 6,
  previousVersion: 7,
  valueBytes: 8,
  expiresInMs: 9,
  nodeId: 10,
} as const;

const noBytes: Buffer = Buffer.alloc(0);

/** By tag: which of `fields` it is; 0: none that the kind has. */
const fieldsOf = fieldsByTag(results, fields);
const kindOfTag = kindsByTag(results);

/** Cursor over answers: each read overwrites the fields of the answer before. */
export class AnswerFields {
  /** Undefined: the result is not set, or is of a kind that this version does not know. */
  kind: Kind | undefined;
  /** Whether the key existed, for every kind that says so. */
  found = false;
  hadTtl = false;
  /** The value that was found, before the operation if it writes: a view of the memory of the reader. */
  value = noBytes;
  /** The sum of an increment. */
  sum = '';
  version = 0;
  previousVersion = 0;
  valueBytes = 0;
  expiresInMs: number | undefined;
  /** Empty: not given. */
  nodeId = '';

  /** Reads a TransactResult up to the end of the reader. @throws MalformedMessage */
  readAny(reader: ProtobufReader): void {
    this.kind = undefined;
    while (reader.more) {
      const tag = reader.tag();
      const kind = kindOfTag[tag];
      if (kind === undefined) {
        reader.skip(tag);
        continue;
      }
      const outerEnd = reader.enter();
      this.read(reader, kind);
      reader.leave(outerEnd);
    }
  }

  /** Reads an answer up to the end of the reader. @throws MalformedMessage */
  read(reader: ProtobufReader, kind: Kind): void {
    this.#clear(kind);
    const byTag = fieldsOf[kind];
    while (reader.more) {
      const tag = reader.tag();
      switch (byTag[tag]) {
        case fields.version:
          this.version = reader.varint();
          break;
        case fields.value:
          if (kind === 'increment') this.sum = reader.string();
          else this.value = reader.view(reader.bytes());
          break;
        case fields.found:
        case fields.existed:
          this.found = reader.bool();
          break;
        default:
          this.#readRest(reader, tag, byTag[tag]);
      }
    }
  }

  #readRest(reader: ProtobufReader, tag: number, field: number | undefined): void {
    switch (field) {
      case fields.previousValue:
        this.value = reader.view(reader.bytes());
        break;
      case fields.previousVersion:
        this.previousVersion = reader.varint();
        break;
      case fields.valueBytes:
        this.valueBytes = reader.varint();
        break;
      case fields.expiresInMs:
        this.expiresInMs = reader.varint();
        break;
      case fields.hadTtl:
        this.hadTtl = reader.bool();
        break;
      case fields.nodeId:
        this.nodeId = reader.string();
        break;
      default:
        reader.skip(tag);
    }
  }

  #clear(kind: Kind): void {
    this.kind = kind;
    this.found = false;
    this.hadTtl = false;
    this.value = noBytes;
    this.sum = '';
    this.version = 0;
    this.previousVersion = 0;
    this.valueBytes = 0;
    this.expiresInMs = undefined;
    this.nodeId = '';
  }
}

/** The result of an operation as a message. */
export function messageOfAnswer(answer: AnswerFields): TransactResult {
  const { kind, found, value, sum } = answer;
  if (kind === undefined) return {};
  const fields = { ...answer, existed: found, value: kind === 'increment' ? sum : value, previousValue: value };
  const named = results[kind][1].fields.filter(({ name }) => name in fields);
  return { [kind]: Object.fromEntries(named.map(({ name }) => [name, fields[name as keyof typeof fields]])) };
}
