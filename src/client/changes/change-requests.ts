/** Operations and transactions as requests on the wire, and their results as the public API returns them. */
import { KvError } from '../../errors.js';
import { maxTransactionOperations } from '../../limits.js';
import { type ChangeMethod, changes } from '../../wire/contract/change-messages.js';
import type { TransactResult } from '../../wire/contract/kv-api.js';
import type { DataRequest } from '../../wire/pipeline/pipeline-operations.js';
import type { DataResult } from '../../wire/pipeline/pipeline-results.js';
import type { WriteDurability } from '../results.js';
import { type CompareInput, type PreparedOperation, toCompare } from './key-operations.js';

type Prepared = PreparedOperation<unknown>;

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

/** One operation as a request of its own. */
export function singleChange<Result extends object>(
  { key, message, read }: PreparedOperation<Result>,
  { sync = false }: WriteDurability = {},
): PreparedChange<Result & { readonly nodeId: string }> {
  const [[kind, fields]] = Object.entries(message) as [[Exclude<ChangeMethod, 'transact'>, object]];
  const { request, response } = changes[kind] as {
    request: { encode(fields: object): Buffer };
    response: { decode(bytes: Buffer): { nodeId: string } };
  };
  return {
    request: { kind, key, message: request.encode({ ...fields, sync }) },
    toResult: (result) => {
      const decoded = response.decode(messageOf(result));
      return { ...read({ [kind]: decoded } as TransactResult), nodeId: decoded.nodeId || result.nodeId };
    },
  };
}

/** @throws KvError INVALID_ARGUMENT */
export function transaction<Operations extends readonly Prepared[], Otherwise extends readonly Prepared[]>(
  input: TransactInput<Operations, Otherwise>,
  shardOf: (key: string) => number,
  { sync = false }: WriteDurability = {},
): PreparedChange<TransactOutcome<Operations, Otherwise>> {
  const { if: conditions = [], do: operations, otherwise = [] as readonly Prepared[] } = input;
  const named = [...conditions, ...operations, ...otherwise];
  checkTransaction(named, shardOf);
  const message = changes.transact.request.encode({
    compares: conditions.map(toCompare),
    operations: operations.map((operation) => operation.message),
    otherwise: otherwise.map((operation) => operation.message),
    sync,
  });
  return {
    request: { kind: 'transact', key: named[0]!.key, message },
    toResult: (result) => {
      const { held, version, results, nodeId } = changes.transact.response.decode(messageOf(result));
      const executed = held ? operations : otherwise;
      const read = results.map((one, index) => executed[index]!.read(one));
      return { held, version, results: read, nodeId: nodeId || result.nodeId } as unknown as TransactOutcome<
        Operations,
        Otherwise
      >;
    },
  };
}

/** The node checks this as well; here an error costs nothing. */
function checkTransaction(named: readonly { readonly key: string }[], shardOf: (key: string) => number): void {
  if (named.length === 0) throw new KvError('INVALID_ARGUMENT', 'a transaction without a condition or an operation');
  if (named.length > maxTransactionOperations) {
    const limit = `at most ${maxTransactionOperations} are allowed, which no option changes`;
    throw new KvError('INVALID_ARGUMENT', `the transaction has ${named.length} conditions and operations; ${limit}`);
  }
  const shards = [...new Set(named.map(({ key }) => shardOf(key)))];
  if (shards.length === 1) return;
  const list = shards.sort((one, other) => one - other).join(', ');
  throw new KvError('INVALID_ARGUMENT', `the keys belong to the shards ${list}; keys with the same {tag} belong to one shard`);
}

function messageOf({ message }: DataResult): Buffer {
  if (message === undefined) throw new KvError('OUTCOME_UNKNOWN', 'an answer without a result');
  return message;
}
