/** A caller with one operation, such as a unary call or an HTTP request: it is answered with a message of the contract. */
import { isUtf8 } from 'node:buffer';
import type { KvError } from '../../errors.js';
import type { Method } from '../../metrics/index.js';
import type { TraceHeaders } from '../../tracing/index.js';
import type { ChangeMethod } from '../../wire/contract/change-messages.js';
import type {
  DeleteRequest,
  DeleteResponse,
  GetRequest,
  GetResponse,
  PutRequest,
  PutResponse,
} from '../../wire/contract/kv-api.js';
import { type IdentityFields, identityOf } from '../../wire/contract/request-identity.js';
import type { WritableResponse } from '../../wire/pipeline/pipeline-results.js';
import { encodeMessage } from '../../wire/protobuf/shared-writer.js';
import type { PendingCalls } from '../capacity/pending-calls.js';
import type { LocalShard } from '../shards/local-shard.js';
import { type ApiTraits, singleCallWaitMs } from './api-traits.js';
import type { Patience } from './kept-calls.js';
import type { AnswerSource, Caller, DecodedOperation, Forwarding, OperationResponse } from './operation.js';
import type { OperationExecutor } from './operation-executor.js';

/** The key as it came: bytes. */
interface Calls {
  get: [request: GetRequest<Buffer>, response: GetResponse];
  put: [request: PutRequest<Buffer>, response: PutResponse];
  delete: [request: DeleteRequest<Buffer>, response: DeleteResponse];
}
/** Requests and responses of `changes` stay encoded. */
export type CallRequest<Kind extends Method> = Kind extends keyof Calls ? Calls[Kind][0] : Buffer;
export type CallResponse<Kind extends Method> = Kind extends keyof Calls ? Calls[Kind][1] : Buffer;

export interface SingleCallOptions {
  readonly api: ApiTraits;
  readonly pending: PendingCalls;
  readonly trace: TraceHeaders | undefined;
  /** Whether the caller waits while its shard is not served, or is refused at once. */
  readonly waits: boolean;
  /** How long the caller still waits; undefined: it has set no deadline. */
  remainingMs(): number | undefined;
  /** The listener is called once the caller has gone. There is one at most, and it may be called after the answer as well. */
  whenGone(listener: () => void): void;
}

/** One of the two is called, once. */
export interface CallOutcome<Response> {
  /** `primaryAddress`: the node that answered, if the call was forwarded. */
  succeeded(response: Response, primaryAddress?: string): void;
  failed(error: KvError): void;
}

const noValue = Buffer.alloc(0);

/** An answer that is known at once is given before this returns. */
export function runCall<Kind extends Method>(
  executor: OperationExecutor,
  kind: Kind,
  request: CallRequest<Kind>,
  options: SingleCallOptions,
  outcome: CallOutcome<CallResponse<Kind>>,
): void {
  const nowMs = performance.now();
  executor.beginSlice(nowMs);
  const call = new SingleCall(executor.nodeId, options, nowMs, outcome as CallOutcome<OperationResponse>);
  const operation = Buffer.isBuffer(request)
    ? operationOf(kind, { key: noValue, value: request }, options.trace)
    : operationOf(kind, request, options.trace);
  executor.execute(operation, call, nowMs);
}

type KeyFields = IdentityFields & Partial<PutRequest<Buffer>> & { key: Buffer };

function operationOf(
  kind: Method,
  { key, value = noValue, ifVersion, ifValue, ttlMs, keepTtl = false, sync = false, ...identity }: KeyFields,
  trace: TraceHeaders | undefined,
): DecodedOperation {
  return {
    id: 0,
    kind,
    key: isUtf8(key) ? key.toString('utf8') : undefined,
    keyBytes: key.length,
    buffer: Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.length),
    valueStart: 0,
    valueEnd: value.length,
    ifVersion,
    ifValue,
    ttlMs,
    keepTtl,
    sync,
    request: identityOf(identity),
    client: '',
    traceParent: trace?.parent,
    traceState: trace?.state,
  };
}

class SingleCall implements Caller, Forwarding, Patience {
  readonly api: ApiTraits;
  readonly pending: PendingCalls;
  readonly readsInOrder = false;
  readonly forwarding: Forwarding | undefined;
  readonly patience: Patience | undefined;
  readonly #startedMs: number;
  readonly #nodeId: string;
  #local: LocalShard | undefined;
  readonly #options: SingleCallOptions;
  readonly #outcome: CallOutcome<OperationResponse>;

  constructor(nodeId: string, options: SingleCallOptions, startedMs: number, outcome: CallOutcome<OperationResponse>) {
    this.api = options.api;
    this.pending = options.pending;
    this.forwarding = options.api.isForwarded ? undefined : this;
    // A forwarded call is kept by the node that forwards it, which knows when its caller gives up.
    this.patience = options.waits ? this.forwarding && this : undefined;
    this.#startedMs = startedMs;
    this.#nodeId = nodeId;
    this.#options = options;
    this.#outcome = outcome;
  }

  get source(): AnswerSource {
    return { nodeId: this.#nodeId, position: this.#local?.position };
  }

  isAt(local: LocalShard): void {
    this.#local = local;
  }

  // The server of the call accounts for the memory of its request and of its answer.
  waits(): void {}
  settled(): void {}

  got(_id: number, value: Uint8Array | undefined, version: number, expiresInMs: number | undefined, isKept: boolean): void {
    const { source } = this;
    if (value === undefined) return this.#outcome.succeeded({ found: false, value: noValue, version: 0, ...source });
    // The answer is encoded later.
    const own = isKept ? Buffer.from(value.buffer, value.byteOffset, value.length) : Buffer.from(value);
    const expires = expiresInMs === undefined ? {} : { expiresInMs };
    this.#outcome.succeeded({ found: true, value: own, version, ...expires, ...source });
  }

  wrote(_id: number, version: number): void {
    this.#outcome.succeeded({ version, ...this.source });
  }

  deleted(_id: number, version: number): void {
    this.#outcome.succeeded({ existed: version > 0, version, ...this.source });
  }

  changed(_id: number, _kind: ChangeMethod, response: WritableResponse): void {
    this.#outcome.succeeded(encodeMessage((writer) => response.write(writer)));
  }

  failed(_id: number, error: KvError): void {
    this.#outcome.failed(error);
  }

  remainingMs(): number {
    return this.#options.remainingMs() ?? Math.max(0, this.#startedMs + singleCallWaitMs - performance.now());
  }

  whenGone(listener: () => void): void {
    this.#options.whenGone(listener);
  }

  keep(bytes: number): boolean {
    return this.pending.keep(bytes);
  }

  released(bytes: number): void {
    this.pending.released(bytes);
  }

  forwarded(response: OperationResponse, primaryAddress: string): void {
    this.#outcome.succeeded(response, primaryAddress);
  }
}
