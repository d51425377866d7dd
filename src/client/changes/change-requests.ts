/** Operations and transactions as requests on the wire, and their results as the public API returns them. */
import { KvError } from '../../errors.js';
import { maxTransactionOperations } from '../../limits.js';
import { type ChangeMethod, compare } from '../../wire/contract/change-messages.js';
import { AnswerFields } from '../../wire/pipeline/answer-fields.js';
import { syncField, writeOperation, writeOperationRequest } from '../../wire/pipeline/operation-request.js';
import type { DataRequest } from '../../wire/pipeline/pipeline-operations.js';
import type { DataResult } from '../../wire/pipeline/pipeline-results.js';
import { TransactAnswer, transactFields } from '../../wire/pipeline/transact-answer.js';
import { ProtobufReader } from '../../wire/protobuf/protobuf-reader.js';
import { encodeMessage } from '../../wire/protobuf/shared-writer.js';
import type { WriteDurability } from '../results.js';
import { type CompareInput, type PreparedOperation, toCompare } from './key-operations.js';

type Prepared = PreparedOperation<unknown>;

const none: readonly never[] = [];

/** What `KvClient.transact` executes: all keys belong to one shard, as those with the same {tag} do. */
export interface TransactInput<Operations extends readonly Prepared[], Otherwise extends readonly Prepared[]> {
  /** What must hold. Default: nothing. */
  readonly if?: readonly CompareInput[];
  /** Executed in this order if every condition holds. Each operation sees those before it. */
  readonly do: Operations;
  /** Executed otherwise. Default: nothing. */
  readonly otherwise?: Otherwise;
}

type ResultsOf<Of extends readonly Prepared[]> = {
  readonly [Index in keyof Of]: Of[Index] extends PreparedOperation<infer Result> ? Result : never;
};

/** `held`: every condition held. `version`: of everything that was written; 0 if nothing was. */
export type TransactOutcome<Operations extends readonly Prepared[], Otherwise extends readonly Prepared[]> =
  | { readonly held: true; readonly version: number; readonly nodeId: string; readonly results: ResultsOf<Operations> }
  | { readonly held: false; readonly version: number; readonly nodeId: string; readonly results: ResultsOf<Otherwise> };

/** A request with the function that reads its result. */
export interface PreparedChange<Result> {
  readonly request: DataRequest;
  toResult(result: DataResult): Result;
}

/** One cursor serves all answers: each is read at once. */
const fields = new AnswerFields();

/** One operation as a request of its own. */
export function singleChange<Result extends object>(
  { request, read }: PreparedOperation<Result>,
  { sync = false }: WriteDurability = {},
): PreparedChange<Result & { readonly nodeId: string }> {
  const kind = request.kind as Exclude<ChangeMethod, 'transact'>;
  const message = encodeMessage((writer) => {
    writeOperationRequest(writer, request);
    if (sync) writer.bool(syncField, true);
  });
  return {
    request: { kind, key: request.key, message },
    toResult: (result) => {
      fields.read(new ProtobufReader(messageOf(result)), kind);
      return { ...read(fields), nodeId: fields.nodeId || result.nodeId };
    },
  };
}

/** @throws KvError INVALID_ARGUMENT */
export function transaction<Operations extends readonly Prepared[], Otherwise extends readonly Prepared[]>(
  input: TransactInput<Operations, Otherwise>,
  shardOf: (key: string) => number,
  { sync = false }: WriteDurability = {},
): PreparedChange<TransactOutcome<Operations, Otherwise>> {
  const { if: conditions = none, do: operations, otherwise = none } = input;
  const key = checkTransaction(conditions, operations, otherwise, shardOf);
  const compares = conditions.map(toCompare);
  const message = encodeMessage((writer) => {
    for (const one of compares) {
      writer.begin(transactFields.compares);
      compare.write(writer, one);
      writer.end();
    }
    for (const { request } of operations) writeOperation(writer, transactFields.operations, request);
    for (const { request } of otherwise) writeOperation(writer, transactFields.otherwise, request);
    if (sync) writer.bool(syncField, true);
  });
  return {
    request: { kind: 'transact', key, message },
    toResult: (result) => {
      const answer = new TransactAnswer(messageOf(result));
      const { held, version, nodeId } = answer;
      const read: unknown[] = [];
      for (const operation of held ? operations : otherwise) {
        if (!answer.next(fields) || fields.kind !== operation.request.kind) throw withoutResult();
        read.push(operation.read(fields));
      }
      return { held, version, results: read, nodeId: nodeId || result.nodeId } as unknown as TransactOutcome<
        Operations,
        Otherwise
      >;
    },
  };
}

/** The node checks this as well; here an error costs nothing. @returns one of the keys */
function checkTransaction(
  conditions: readonly CompareInput[],
  operations: readonly Prepared[],
  otherwise: readonly Prepared[],
  shardOf: (key: string) => number,
): string {
  const count = conditions.length + operations.length + otherwise.length;
  if (count === 0) throw new KvError('INVALID_ARGUMENT', 'a transaction without a condition or an operation');
  if (count > maxTransactionOperations) {
    const limit = `at most ${maxTransactionOperations} are allowed, which no option changes`;
    throw new KvError('INVALID_ARGUMENT', `the transaction has ${count} conditions and operations; ${limit}`);
  }
  const keys: string[] = [];
  for (const { key } of conditions) keys.push(key);
  for (const { request } of operations) keys.push(request.key);
  for (const { request } of otherwise) keys.push(request.key);
  const shards = keys.map(shardOf);
  if (shards.some((shard) => shard !== shards[0])) throw ofSeveralShards(new Set(shards));
  return keys[0]!;
}

function ofSeveralShards(shards: ReadonlySet<number>): KvError {
  const list = [...shards].sort((one, other) => one - other).join(', ');
  return new KvError('INVALID_ARGUMENT', `the keys belong to the shards ${list}; keys with the same {tag} belong to one shard`);
}

function messageOf({ message }: DataResult): Buffer {
  if (message === undefined) throw withoutResult();
  return message;
}

function withoutResult(): KvError {
  return new KvError('OUTCOME_UNKNOWN', 'an answer without a result');
}
