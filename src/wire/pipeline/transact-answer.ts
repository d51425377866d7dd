/** Reads the answer to a transaction field by field, and names the lists of its request. */
import { ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import type { AnswerFields } from './answer-fields.js';

/** The lists of a TransactRequest. */
export const transactFields = { compares: 1, operations: 2, otherwise: 3 } as const;

const tags = { held: tagOf(1, 'varint'), version: tagOf(2, 'varint'), result: tagOf(3, 'bytes'), nodeId: tagOf(4, 'bytes') };

/** Cursor over the results of a TransactResponse. */
export class TransactAnswer {
  readonly #results: ProtobufReader;
  held = false;
  version = 0;
  /** Empty: not given. */
  nodeId = '';

  /** Reads everything but the results: it may stand behind them. @throws MalformedMessage */
  constructor(message: Buffer) {
    this.#results = new ProtobufReader(message);
    const reader = new ProtobufReader(message);
    while (reader.more) {
      const tag = reader.tag();
      if (tag === tags.held) this.held = reader.bool();
      else if (tag === tags.version) this.version = reader.varint();
      else if (tag === tags.nodeId) this.nodeId = reader.string();
      else reader.skip(tag);
    }
  }

  /** Reads the next result. False: there is none. @throws MalformedMessage */
  next(fields: AnswerFields): boolean {
    const reader = this.#results;
    while (reader.more) {
      const tag = reader.tag();
      if (tag !== tags.result) {
        reader.skip(tag);
        continue;
      }
      const outerEnd = reader.enter();
      fields.readAny(reader);
      reader.leave(outerEnd);
      return true;
    }
    return false;
  }
}
