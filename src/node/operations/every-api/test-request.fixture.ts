/** Requests and answers in a form that all APIs share. */
import type { ShardPosition } from '../../../errors.js';
import type { RequestIdentity } from '../../../replication/index.js';
import { type ChangeMethod, changes } from '../../../wire/contract/change-messages.js';
import type { TransactRequest, TransactResponse, TransactResult } from '../../../wire/contract/kv-api.js';
import { identityFieldsOf } from '../../../wire/contract/request-identity.js';
import { resultToJson, transactionToJson } from '../../../wire/json/transaction-json.js';

export interface TestKeyRequest {
  readonly kind: 'get' | 'put' | 'delete';
  readonly key: Buffer;
  readonly value?: Buffer;
  readonly ifVersion?: number;
  readonly ifValue?: Buffer;
  readonly ttlMs?: number;
  readonly keepTtl?: boolean;
  readonly sync?: boolean;
}

/** An operation of `changes` on one key. */
export interface ChangeRequest {
  readonly kind: Exclude<ChangeMethod, 'transact'>;
  readonly key: Buffer;
  readonly value?: Buffer;
  /** The fields of its message beside these. */
  readonly options?: Readonly<Record<string, string | number | boolean>>;
}

export interface TransactionRequest {
  readonly kind: 'transact';
  readonly transaction: {
    readonly compares?: readonly object[];
    readonly operations?: readonly object[];
    readonly otherwise?: readonly object[];
    readonly sync?: boolean;
  };
}

export type TestRequest = (TestKeyRequest | ChangeRequest | TransactionRequest) & {
  readonly traceParent?: string;
  /** By unary call and HTTP: whether the client waits while the shard is not served. A call over frames always does. */
  readonly waits?: boolean;
  readonly identity?: RequestIdentity;
};

/** The answer to a change or a transaction is as in JSON. */
export type TestAnswer = object | TestFailure;

export interface TestFailure {
  readonly code: string;
  readonly message: string;
  readonly executed: string;
  readonly currentVersion?: number;
  readonly primaryAddress?: string;
  readonly position?: ShardPosition;
}

/** The answer to a get. */
export function foundAnswer(found: boolean, value: string, version: number, expiresInMs: number | null | undefined): TestAnswer {
  return { found, value, version, ...(typeof expiresInMs === 'number' && { expiresInMs }) };
}

export function isKeyRequest(request: TestRequest): request is TestKeyRequest {
  return request.kind === 'get' || request.kind === 'put' || request.kind === 'delete';
}

/** The encoded request of an operation of `changes`. */
export function messageOf(request: ChangeRequest | TransactionRequest): Buffer {
  const named = identityFieldsOf((request as TestRequest).identity);
  if (request.kind === 'transact')
    return changes.transact.request.encode({ ...(request.transaction as Partial<TransactRequest<Buffer>>), ...named });
  const { kind, key, value, options } = request;
  const table = changes[kind].request as unknown as { encode(fields: object): Buffer };
  return table.encode({ key, ...options, ...(value && { value }), ...named });
}

/** Reads the encoded response to an operation of `changes`. */
export function changeAnswerOf(kind: ChangeMethod, message: Buffer): TestAnswer {
  const response = changes[kind].response.decode(message);
  if (kind === 'transact') return transactionToJson(response as TransactResponse);
  return Object.values(resultToJson({ [kind]: response } as TransactResult))[0]!;
}

export function failureOf(failure: {
  readonly code: string;
  readonly message: string;
  readonly executed: string;
  readonly currentVersion?: number | undefined;
  readonly primaryAddress?: string | undefined;
  readonly position?: ShardPosition | undefined;
}): TestFailure {
  const { code, message, executed, currentVersion, primaryAddress, position } = failure;
  return {
    code,
    message,
    executed,
    ...(currentVersion !== undefined && { currentVersion }),
    ...(primaryAddress !== undefined && { primaryAddress }),
    ...(position !== undefined && { position }),
  };
}
