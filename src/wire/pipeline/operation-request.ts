/**
 * Writes the request of one operation of `changes`, or of a transaction, field by field, the counterpart of OperationFields. A table
 * of the message would cost a client more than all its other work on the operation. A test compares both with change-messages.ts.
 */
import type { KeyOperation } from '../../replication/index.js';
import { operations } from '../contract/change-messages.js';
import type { ProtobufWriter } from '../protobuf/protobuf-writer.js';

type Kind = KeyOperation['kind'];

/** The fields of a request without those of every request that writes. A kind has some of them; numbers of an increment are text. */
export interface OperationRequest {
  readonly kind: Kind;
  readonly key: string;
  readonly value?: Uint8Array;
  readonly ifVersion?: number | undefined;
  readonly ifValue?: Uint8Array | undefined;
  /** Undefined, as each number of an increment: the default. */
  readonly by?: string | undefined;
  readonly initial?: string | undefined;
  readonly min?: string | undefined;
  readonly max?: string | undefined;
  /** 0: the limit of the node. */
  readonly maxBytes?: number;
  readonly offset?: number;
  readonly ttlMs?: number | undefined;
  readonly keepTtl?: boolean | undefined;
}

const keyField = 1;
const incrementField = { by: 2, initial: 3, min: 4, max: 5 } as const;
const ifValueField = 10;
const ttlMsField = 11;
const keepTtlField = 12;
/** Of every request that writes. */
export const syncField = 13;

/** Estimated bytes of a request beside its key and value. */
const expectedBytes = 4;

/** Writes the fields of the request. */
export function writeOperationRequest(writer: ProtobufWriter, request: OperationRequest): void {
  writer.string(keyField, request.key);
  switch (request.kind) {
    case 'increment':
      writeIncrement(writer, request);
      break;
    case 'put':
      writer.bytes(2, request.value!);
      writeCondition(writer, 3, request);
      break;
    case 'delete':
      return writeCondition(writer, 2, request);
    case 'append':
      writer.bytes(2, request.value!);
      writeCount(writer, 3, request.maxBytes);
      break;
    case 'setRange':
      writeCount(writer, 2, request.offset);
      writer.bytes(3, request.value!);
      writeCount(writer, 4, request.maxBytes);
      break;
    case 'getAndSet':
      writer.bytes(2, request.value!);
      break;
    case 'touch':
      return writer.uint64(2, request.ttlMs!);
    default:
      return;
  }
  if (request.ttlMs !== undefined) writer.uint64(ttlMsField, request.ttlMs);
  if (request.keepTtl === true) writer.bool(keepTtlField, true);
}

/** Writes the request as an operation of a transaction. @param field the list of operations that it belongs to */
export function writeOperation(writer: ProtobufWriter, field: number, request: OperationRequest): void {
  const bytes = request.key.length + (request.value?.length ?? 0) + expectedBytes;
  writer.begin(field, bytes + expectedBytes);
  writer.begin(operations[request.kind][0], bytes);
  writeOperationRequest(writer, request);
  writer.end();
  writer.end();
}

function writeIncrement(writer: ProtobufWriter, { by, initial, min, max }: OperationRequest): void {
  if (by !== undefined) writer.string(incrementField.by, by);
  if (initial !== undefined) writer.string(incrementField.initial, initial);
  if (min !== undefined) writer.string(incrementField.min, min);
  if (max !== undefined) writer.string(incrementField.max, max);
}

function writeCondition(writer: ProtobufWriter, versionField: number, { ifVersion, ifValue }: OperationRequest): void {
  if (ifVersion !== undefined) writer.uint64(versionField, ifVersion);
  if (ifValue !== undefined) writer.bytes(ifValueField, ifValue);
}

function writeCount(writer: ProtobufWriter, field: number, count: number | undefined): void {
  if (count !== undefined && count !== 0) writer.uint64(field, count);
}
