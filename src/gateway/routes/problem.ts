/** Errors over HTTP: one status for each code, and a body by RFC 9457. No other place decides either. */
import { STATUS_CODES } from 'node:http';
import { type ErrorCode, KvError } from '../../errors.js';
import { textOfPosition } from '../../wire/contract/position-text.js';

/** 503 is a promise, unless the request has an Idempotency-Key: definitely not executed, try again. 500 and 504 are not: a write may have been executed. */
const statusOf: Readonly<Record<ErrorCode, number>> = {
  INVALID_KEY: 400,
  VALUE_TOO_LARGE: 413,
  INVALID_ARGUMENT: 400,
  VERSION_MISMATCH: 412,
  VALUE_MISMATCH: 412,
  NOT_A_NUMBER: 409,
  OUT_OF_RANGE: 409,
  REQUEST_TOO_OLD: 409,
  REQUEST_REUSED: 422,
  NOT_FORCED: 409,
  NOT_UPGRADED: 409,
  NO_ORDER: 501,
  NOT_DRAINED: 409,
  WRONG_CLUSTER: 421,
  MEMORY_FULL: 507,
  STORAGE_FULL: 507,
  MESSAGE_TOO_LARGE: 413,
  NO_PRIMARY: 503,
  NOT_PRIMARY: 503,
  TAKEOVER_IN_PROGRESS: 503,
  HANDOVER_IN_PROGRESS: 503,
  LEASE_LAPSED: 503,
  PAUSED: 503,
  TOO_FEW_IN_SYNC: 503,
  SHARD_OFFLINE: 503,
  STOPPING: 503,
  STORAGE_UNAVAILABLE: 503,
  OVERLOADED: 503,
  UNREACHABLE: 503,
  OUTCOME_UNKNOWN: 500,
  DEADLINE_EXCEEDED: 504,
  CANCELLED: 500,
  INTERNAL: 500,
  CLOSED: 503,
  INVALID_OPTION: 500,
  COORDINATION_UNAVAILABLE: 503,
  CONFIG_MISMATCH: 500,
  UNSUPPORTED_FORMAT: 500,
  ADDRESS_UNAVAILABLE: 500,
  DATA_UNAVAILABLE: 500,
};

export const problemType = 'application/problem+json';
/** A failover takes about this long. */
const retryAfterSeconds = 1;

/** Codes of requests that are no operation, with the statuses that each may have. */
export const httpCodes = {
  KEY_NOT_FOUND: [404],
  NODE_NOT_FOUND: [404],
  NOT_FOUND: [404],
  METHOD_NOT_ALLOWED: [405],
  NOT_SUPPORTED: [415, 417, 501],
  CROSS_ORIGIN: [403],
  BAD_REQUEST: [400, 408, 411, 431],
} as const satisfies Record<string, readonly number[]>;
type HttpCode = keyof typeof httpCodes;
type StatusOf<Code extends HttpCode> = (typeof httpCodes)[Code][number];

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode | HttpCode;
  /** Whether the operation was executed: `no` is definite. */
  readonly executed: 'no' | 'unknown';
  /** With VERSION_MISMATCH: the version of the key; 0 if it does not exist. */
  readonly currentVersion?: number;
  /** host:port for gRPC of the primary, if it is known and another node. */
  readonly primaryAddress?: string;
  /** With WRONG_CLUSTER: the id of the cluster that the node belongs to. */
  readonly clusterId?: string;
}

export interface ProblemAnswer {
  readonly body: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/** A refusal that exists only over HTTP. Definitely not executed. */
export class HttpRefusal<Code extends HttpCode = HttpCode> extends Error {
  readonly status: StatusOf<Code>;
  readonly code: Code;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: StatusOf<Code>, code: Code, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'HttpRefusal';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** `isExpected` is false for an error that belongs in the log; its answer is a bland message. */
export function describeProblem(error: unknown): ProblemAnswer & { readonly isExpected: boolean } {
  if (error instanceof KvError) return { ...ofKvError(error), isExpected: true };
  if (error instanceof HttpRefusal) return { ...ofRefusal(error), isExpected: true };
  if (isRefusalOfFramework(error)) return { ...ofRefusal(new HttpRefusal(400, 'BAD_REQUEST', error.message)), isExpected: true };
  const bland = new KvError('INTERNAL', 'internal error; the log of the node has the details');
  return { ...ofKvError(bland), isExpected: false };
}

function ofKvError(error: KvError): ProblemAnswer {
  const { code, message: detail, executed, retryable, currentVersion, primaryAddress, clusterId, position } = error;
  const body: Problem = {
    type: typeOf(code),
    title: titleOf(code),
    status: statusOf[code],
    detail,
    code,
    executed,
    ...(currentVersion === undefined ? {} : { currentVersion }),
    ...(primaryAddress === undefined ? {} : { primaryAddress }),
    ...(clusterId === undefined ? {} : { clusterId }),
  };
  const headers: Record<string, string> = {};
  if (retryable) headers['retry-after'] = String(retryAfterSeconds);
  if (position !== undefined) headers['kv-position'] = textOfPosition(position);
  return { body, headers };
}

function ofRefusal({ status, code, message: detail, headers }: HttpRefusal): ProblemAnswer {
  const title = code === 'BAD_REQUEST' ? (STATUS_CODES[status] ?? titleOf(code)) : titleOf(code);
  return { body: { type: typeOf(code), title, status, detail, code, executed: 'no' }, headers };
}

/** Of the errors that the framework decides, only a path that cannot be decoded is left. */
function isRefusalOfFramework(error: unknown): error is Error {
  return error instanceof Error && 'statusCode' in error && error.statusCode === 400;
}

function typeOf(code: string): string {
  return `urn:kvnode:error:${code}`;
}

/** Turns `VERSION_MISMATCH` into `Version mismatch`. */
function titleOf(code: string): string {
  return code[0] + code.slice(1).toLowerCase().replaceAll('_', ' ');
}
