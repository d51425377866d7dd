/**
 * The answers to operations that change keys by what is there: the core's answers become responses, written field by field, as the
 * pipeline writes the answers to puts. change.ts has the way of the requests.
 */
import type { Answer, KeyOperation, KeyResult } from '../../replication/index.js';
import { changes, operations } from '../../wire/contract/change-messages.js';
import type { ProtobufWriter } from '../../wire/protobuf/protobuf-writer.js';
import type { KeyChange } from './change.js';
import type { AnswerSource } from './operation.js';

/** How the core answers an operation of `changes`. */
export type Transacted = Extract<Answer, { kind: 'transacted' }>;

/** How long a key still exists that is due at this time of the shard; undefined: it is never due. */
type ExpiresIn = (expiresAtMs: number | undefined) => number | undefined;

/** Fields of a TransactResponse. */
const heldField = 1;
const versionField = 2;
const resultsField = 3;
/** Estimated bytes of a result beside its value. */
const expectedResultBytes = 12;

/** Writes the fields of the response. */
export function writeAnswer(
  writer: ProtobufWriter,
  { kind, transaction }: KeyChange,
  answer: Transacted,
  source: AnswerSource,
  expiresIn: ExpiresIn,
): void {
  const executed = answer.held ? transaction.operations : transaction.otherwise;
  if (kind === 'transact') writeTransacted(writer, executed, answer, expiresIn);
  else writeResult(writer, executed[0]!, answer.results[0]!, expiresIn);
  if (source.nodeId !== '' || source.position !== undefined)
    (changes[kind].response as { write(writer: ProtobufWriter, message: object): void }).write(writer, source);
}

/** Estimated bytes that `writeAnswer` writes for a source that names nothing. */
export function expectedAnswerBytes({ results }: Transacted): number {
  let bytes = 0;
  for (const { value } of results) bytes += expectedResultBytes + (value?.length ?? 0);
  return bytes;
}

function writeTransacted(
  writer: ProtobufWriter,
  executed: readonly KeyOperation[],
  { held, version, results }: Transacted,
  expiresIn: ExpiresIn,
): void {
  if (held) writer.bool(heldField, true);
  number(writer, versionField, version);
  for (let index = 0; index < results.length; index++) {
    const operation = executed[index]!;
    const result = results[index]!;
    const bytes = expectedResultBytes + (result.value?.length ?? 0);
    writer.begin(resultsField, bytes);
    // A result has the number of its operation.
    writer.begin(operations[operation.kind][0], bytes);
    writeResult(writer, operation, result, expiresIn);
    writer.end();
    writer.end();
  }
}

/** The content of the response to one operation. Fields with their default are left out. */
function writeResult(writer: ProtobufWriter, { kind }: KeyOperation, result: KeyResult, expiresIn: ExpiresIn): void {
  const { value, version, previousVersion = 0, valueBytes = 0, existed = false } = result;
  switch (kind) {
    case 'get':
      bytes(writer, 1, 2, value);
      number(writer, 3, version);
      return optionalNumber(writer, 5, expiresIn(result.expiresAtMs));
    case 'put':
      return number(writer, 1, version);
    case 'delete':
      if (version > 0) writer.bool(1, true);
      return number(writer, 2, version);
    case 'increment':
      if (value !== undefined) writer.bytes(1, value);
      return number(writer, 2, version);
    case 'append':
    case 'setRange':
      number(writer, 1, version);
      return number(writer, 2, valueBytes);
    case 'getAndSet':
    case 'getAndDelete':
      bytes(writer, 1, 2, value);
      number(writer, 3, previousVersion);
      return number(writer, 4, version);
    case 'touch':
      if (existed) writer.bool(1, true);
      return number(writer, 2, version);
    case 'persist':
      if (existed) writer.bool(1, true);
      if (version > 0) writer.bool(2, true);
      return number(writer, 3, version);
  }
}

/** Whether there is a value, and the value. */
function bytes(writer: ProtobufWriter, foundField: number, valueField: number, value: Uint8Array | undefined): void {
  if (value === undefined) return;
  writer.bool(foundField, true);
  if (value.length > 0) writer.bytes(valueField, value);
}

function number(writer: ProtobufWriter, field: number, value: number): void {
  if (value !== 0) writer.uint64(field, value);
}

function optionalNumber(writer: ProtobufWriter, field: number, value: number | undefined): void {
  if (value !== undefined) writer.uint64(field, value);
}
