/** The first answer to a request, as messages between nodes carry it (R16). */
import type { KeyResult, RecordedAnswer } from '../../replication/index.js';
import { MessageTable } from '../protobuf/message-table.js';
import { ownCopy } from '../protobuf/own-memory.js';
import type { ProtobufReader } from '../protobuf/protobuf-reader.js';
import type { ProtobufWriter } from '../protobuf/protobuf-writer.js';

interface ResultMessage {
  readonly version: number;
  readonly value: Uint8Array | undefined;
  readonly previousVersion: number | undefined;
  readonly valueBytes: number | undefined;
  readonly existed: boolean | undefined;
  readonly expiresAtMs: number | undefined;
}

interface AnswerMessage {
  readonly held: boolean | undefined;
  readonly version: number;
  readonly results: readonly ResultMessage[];
  readonly refusal: string;
  readonly currentVersion: number;
  readonly operation: number | undefined;
}

const resultTable = new MessageTable<ResultMessage>({
  version: [1, 'uint'],
  value: [2, 'optional bytes'],
  previousVersion: [3, 'optional uint'],
  valueBytes: [4, 'optional uint'],
  existed: [5, 'optional bool'],
  expiresAtMs: [6, 'optional uint'],
});
const answerTable = new MessageTable<AnswerMessage>({
  held: [1, 'optional bool'],
  version: [2, 'uint'],
  results: [3, [resultTable]],
  refusal: [4, 'string'],
  currentVersion: [5, 'uint'],
  operation: [6, 'optional uint'],
});

/** The content of the message. */
export function writeRecordedAnswer(writer: ProtobufWriter, answer: RecordedAnswer): void {
  answerTable.write(writer, answer as Partial<AnswerMessage>);
}

/** `reader`: within the message. The values are copies. */
export function readRecordedAnswer(reader: ProtobufReader): RecordedAnswer {
  const { held, version, results, refusal, currentVersion, operation } = answerTable.read(reader);
  if (held !== undefined) return { kind: 'transacted', version, held, results: results.map(resultOf) };
  if (refusal === '') return { kind: 'nothingToDelete' };
  const named = operation === undefined ? {} : { operation };
  return {
    kind: 'refused',
    refusal: refusal as Extract<RecordedAnswer, { kind: 'refused' }>['refusal'],
    currentVersion,
    ...named,
  };
}

function resultOf({ version, value, previousVersion, valueBytes, existed, expiresAtMs }: ResultMessage): KeyResult {
  return {
    version,
    ...(value === undefined ? {} : { value: ownCopy(value) }),
    ...(previousVersion === undefined ? {} : { previousVersion }),
    ...(valueBytes === undefined ? {} : { valueBytes }),
    ...(existed === undefined ? {} : { existed }),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  };
}
