/** Codec of messages that hold only numbers and flags. One table of their fields serves writing and reading. */
import { type ProtobufReader, tagOf } from './protobuf-reader.js';
import type { ProtobufWriter } from './protobuf-writer.js';

/** `ms`: a time in milliseconds, which is whole microseconds on the wire. */
type Kind = 'uint64' | 'bool' | 'ms';

interface Field {
  readonly name: string;
  readonly kind: Kind;
  readonly field: number;
  readonly tag: number;
}

const microsecondsPerMs = 1_000;

export class FlatMessage<Fields extends Record<string, Kind>> {
  readonly #fields: readonly Field[];

  /** @param kinds the fields in the order of their numbers, which begin at 1. */
  constructor(kinds: Fields) {
    this.#fields = Object.entries(kinds).map(([name, kind], i) => ({
      name,
      kind,
      field: i + 1,
      tag: tagOf(i + 1, 'varint'),
    }));
  }

  /** Properties of `message` that the table does not list are left out. */
  write(writer: ProtobufWriter, message: object): void {
    const values = message as Record<string, number | boolean>;
    for (const { name, kind, field } of this.#fields) {
      const value = values[name]!;
      // Rounded down: a lease may start too early, never too late.
      const number = kind === 'ms' ? Math.floor((value as number) * microsecondsPerMs) : Number(value);
      if (number !== 0) writer.uint64(field, number);
    }
  }

  read(reader: ProtobufReader): Values<Fields> {
    const message: Record<string, number | boolean> = {};
    for (const { name, kind } of this.#fields) message[name] = kind === 'bool' ? false : 0;
    while (reader.more) {
      const tag = reader.tag();
      const found = this.#fields[(tag >>> 3) - 1];
      if (found === undefined || found.tag !== tag) reader.skip(tag);
      else message[found.name] = decoded(found.kind, reader.varint());
    }
    return message as Values<Fields>;
  }
}

type Values<Fields extends Record<string, Kind>> = {
  readonly [Name in keyof Fields]: Fields[Name] extends 'bool' ? boolean : number;
};

function decoded(kind: Kind, value: number): number | boolean {
  if (kind === 'bool') return value !== 0;
  return kind === 'ms' ? value / microsecondsPerMs : value;
}
