/**
 * Codec of messages from a table of their fields, for messages that are rare but needed at once: a program that sends and receives
 * only these starts without protobufjs and the proto files. A test compares the tables with the proto files.
 *
 * Messages are as with proto-loader: numbers are numbers up to 2^53 - 1, absent fields have their defaults.
 */
import { ProtobufReader, tagOf } from './protobuf-reader.js';
import type { ProtobufWriter } from './protobuf-writer.js';
import { encodeMessage } from './shared-writer.js';

// biome-ignore lint/suspicious/noExplicitAny: a table of any message can be nested in another.
type AnyTable = MessageTable<any>;

/**
 * An absent `optional` field is undefined, also if it is a message; any other absent message is null. A list of one kind stands for a
 * repeated field. Bytes that are read are a view of the message.
 */
export type FieldKind =
  | 'string'
  | 'bytes'
  | 'uint'
  | 'bool'
  | 'optional bytes'
  | 'optional uint'
  | 'optional bool'
  | AnyTable
  | { readonly optional: AnyTable }
  | readonly ['string' | AnyTable];

/** By the name of the field: its number, and its kind. */
export type FieldTable<Message> = { readonly [Name in keyof Message]-?: readonly [field: number, kind: FieldKind] };

interface Field {
  readonly name: string;
  readonly number: number;
  readonly tag: number;
  readonly kind: Exclude<FieldKind, readonly unknown[] | { readonly optional: AnyTable }>;
  readonly isRepeated: boolean;
  readonly isOptional: boolean;
}

export class MessageTable<Message extends object> {
  readonly fields: readonly Field[];
  /** By tag. A table has few fields, and with numbers up to 15 their tags are below 128. */
  readonly #byTag: readonly (Field | undefined)[];
  /** A message without fields: a copy of it costs less than to add one field after the other. */
  readonly #blank: Readonly<Record<string, unknown>>;
  readonly #lists: readonly string[];

  constructor(table: FieldTable<Message>) {
    const entries = Object.entries<readonly [number, FieldKind]>(table);
    this.fields = entries
      .map(([name, [number, kind]]) => ({ name, number, ...partsOf(kind) }))
      .map((field) => ({ ...field, tag: tagOf(field.number, isNumber(field.kind) ? 'varint' : 'bytes') }));
    const byTag: Field[] = [];
    for (const field of this.fields) byTag[field.tag] = field;
    this.#byTag = byTag;
    this.#blank = Object.fromEntries(this.fields.map((field) => [field.name, defaultOf(field)]));
    this.#lists = this.fields.filter(({ isRepeated }) => isRepeated).map(({ name }) => name);
  }

  encode(message: Partial<Message>): Buffer {
    return encodeMessage((writer) => this.write(writer, message));
  }

  /** @throws MalformedMessage */
  decode(bytes: Buffer): Message {
    return this.read(new ProtobufReader(bytes));
  }

  write(writer: ProtobufWriter, message: Partial<Message>): void {
    const values = message as Readonly<Record<string, unknown>>;
    for (const field of this.fields) {
      const value = values[field.name];
      if (value === undefined || value === null) continue;
      if (field.isRepeated) for (const item of value as unknown[]) writeField(writer, field, item);
      else if (field.isOptional || !isDefault(value)) writeField(writer, field, value);
    }
  }

  /** Reads up to the reader's end. */
  read(reader: ProtobufReader): Message {
    const message: Record<string, unknown> = { ...this.#blank };
    for (const name of this.#lists) message[name] = [];
    while (reader.more) {
      const tag = reader.tag();
      const field = this.#byTag[tag];
      if (field === undefined) reader.skip(tag);
      else if (field.isRepeated) (message[field.name] as unknown[]).push(readField(reader, field));
      else message[field.name] = readField(reader, field);
    }
    return message as Message;
  }
}

function partsOf(kind: FieldKind): Pick<Field, 'kind' | 'isRepeated' | 'isOptional'> {
  if (isList(kind)) return { kind: kind[0], isRepeated: true, isOptional: false };
  if (typeof kind === 'string') return { kind, isRepeated: false, isOptional: kind.startsWith('optional') };
  if (kind instanceof MessageTable) return { kind, isRepeated: false, isOptional: false };
  return { kind: kind.optional, isRepeated: false, isOptional: true };
}

/** `Array.isArray` does not narrow readonly types. */
function isList(kind: FieldKind): kind is Extract<FieldKind, readonly unknown[]> {
  return Array.isArray(kind);
}

function isNumber(kind: Field['kind']): boolean {
  return kind === 'uint' || kind === 'bool' || kind === 'optional uint' || kind === 'optional bool';
}

function isDefault(value: unknown): boolean {
  return value === '' || value === 0 || value === false || (value instanceof Uint8Array && value.length === 0);
}

const noBytes = Buffer.alloc(0);

function defaultOf({ kind, isRepeated, isOptional }: Field): unknown {
  if (isRepeated || isOptional) return undefined;
  if (kind === 'string') return '';
  if (kind === 'uint') return 0;
  if (kind === 'bool') return false;
  if (kind === 'bytes') return noBytes;
  return null;
}

function writeField(writer: ProtobufWriter, { number, kind }: Field, value: unknown): void {
  if (kind === 'string') return writer.string(number, value as string);
  if (kind === 'bytes' || kind === 'optional bytes') return writer.bytes(number, value as Uint8Array);
  if (kind instanceof MessageTable) {
    writer.begin(number);
    kind.write(writer, value as object);
    return writer.end();
  }
  writer.uint64(number, Number(value));
}

function readField(reader: ProtobufReader, { kind }: Field): unknown {
  if (kind === 'string') return reader.string();
  if (kind === 'bool' || kind === 'optional bool') return reader.bool();
  if (kind === 'bytes' || kind === 'optional bytes') {
    const start = reader.bytes();
    return reader.view(start);
  }
  if (!(kind instanceof MessageTable)) return reader.varint();
  const outerEnd = reader.enter();
  const message: unknown = kind.read(reader);
  reader.leave(outerEnd);
  return message;
}
