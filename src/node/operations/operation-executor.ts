/**
 * An operation on a key, whichever service it came by: checked, served here if this node is primary, or else forwarded, once.
 * What it may take of the memory for calls that wait is the caller's to count.
 */
import type { MethodDefinition } from '@grpc/grpc-js';
import { KvError } from '../../errors.js';
import type { Method, OperationCounts } from '../../metrics/index.js';
import { shardOfKey } from '../../placement/index.js';
import type { StoredValue } from '../../storage/index.js';
import type { OperationSpan, TraceHeaders, Tracing } from '../../tracing/index.js';
import type {
  DeleteRequest,
  DeleteResponse,
  GetRequest,
  GetResponse,
  PutRequest,
  PutResponse,
} from '../../wire/contract/kv-api.js';
import { keyValueServiceWithRawKeys } from '../../wire/contract/proto.js';
import { ownCopy } from '../../wire/protobuf/own-memory.js';
import type { PendingCalls } from '../capacity/pending-calls.js';
import type { LocalShard, LocalWrite } from '../shards/local-shard.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import { awaitWrite } from './awaited-write.js';
import { type Forwarded, forwardRequest } from './forward-request.js';
import type { Forwarder } from './forwarder.js';
import { checkIfVersion, checkKey, checkValue } from './request-checks.js';
import { notHeld } from './shard-slice.js';

const noValue = Buffer.alloc(0);

export interface KeyValueContext {
  readonly nodeId: string;
  readonly maxValueBytes: number;
  /** For calls that come without a deadline, and for writes that are not committed, whatever their caller's deadline. */
  readonly defaultDeadlineMs: number;
  /** Begun and ended by whoever takes the call. */
  readonly pending: PendingCalls;
  readonly directory: ShardDirectory;
  readonly forwarder: Forwarder;
  readonly counts: OperationCounts;
  /** Undefined: this process makes no spans. */
  readonly tracing: Tracing | undefined;
}

/** Keys as they came: bytes. */
interface Methods {
  Get: [request: GetRequest<Buffer>, response: GetResponse];
  Put: [request: PutRequest<Buffer>, response: PutResponse];
  Delete: [request: DeleteRequest<Buffer>, response: DeleteResponse];
}
export type MethodName = keyof Methods;
export type RequestOf<Name extends MethodName> = Methods[Name][0];
export type ResponseOf<Name extends MethodName> = Methods[Name][1];

export interface Caller {
  readonly api: 'unary' | 'rest';
  /** Of the trace that the request belongs to, if it belongs to any. */
  readonly trace?: TraceHeaders | undefined;
  /** Whether another node has passed this on: nobody passes it on again. */
  readonly wasForwarded: boolean;
  /** How long the caller waits; undefined: it does not say. */
  remainingMs(): number | undefined;
}

/** One of the two is called, once. `primaryAddress`: of the node that answered, where that is another one. */
export interface Outcome<Response> {
  succeeded(response: Response, primaryAddress?: string): void;
  /** A KvError, unless nobody expected it. */
  failed(error: unknown): void;
}

export class KeyValueOperations {
  readonly #context: KeyValueContext;
  readonly #attributes: Readonly<Record<string, string>>;
  #refusal: KvError | undefined;
  #closed = false;

  constructor(context: KeyValueContext) {
    this.#context = context;
    this.#attributes = { 'kvnode.node': context.nodeId };
  }

  /** From here on every call is refused, definitely not executed. */
  close(): void {
    this.#closed = true;
  }

  /** Every call is refused with this, definitely not executed; undefined: they are served again. */
  refuseAll(refusal: KvError | undefined): void {
    this.#refusal = refusal;
  }

  /** What there is at once is told at once. */
  run<Name extends MethodName>(name: Name, request: RequestOf<Name>, caller: Caller, told: Outcome<ResponseOf<Name>>): void {
    const span = this.#context.tracing?.startOfNode(name.toLowerCase(), caller.trace, this.#attributes);
    // Where this node makes no spans, it still passes on what it was given.
    const trace = span?.headers ?? caller.trace;
    const outcome = this.#counted(name, caller, span === undefined ? told : endingSpan(span, told));
    const notServed = (error: unknown): void => {
      if (!(error instanceof KvError) || error.code !== 'NOT_PRIMARY') return outcome.failed(error);
      this.#forward(name, request, { ...caller, trace }, error).then(
        ({ response, primaryAddress }) => outcome.succeeded(response, primaryAddress),
        (reason: unknown) => outcome.failed(reason),
      );
    };
    let served: ResponseOf<Name> | Promise<ResponseOf<Name>>;
    try {
      this.#context.pending.refuseWhatIsTooMuch();
      if (this.#closed) throw new KvError('STOPPING', 'this node has stopped taking requests');
      if (this.#refusal !== undefined) throw this.#refusal;
      served = this.#serve[name](request);
    } catch (error) {
      return notServed(error);
    }
    if (served instanceof Promise) served.then((response) => outcome.succeeded(response), notServed);
    else outcome.succeeded(served);
  }

  #counted<Response>(name: MethodName, { api, wasForwarded }: Caller, told: Outcome<Response>): Outcome<Response> {
    const counts = this.#context.counts[wasForwarded ? 'forwarded' : api][name.toLowerCase() as Method];
    const startedMs = performance.now();
    return {
      succeeded: (response, primaryAddress) => {
        counts.succeeded++;
        counts.took(performance.now() - startedMs);
        told.succeeded(response, primaryAddress);
      },
      failed: (error) => {
        counts.failed(error instanceof KvError ? error.code : 'INTERNAL');
        told.failed(error);
      },
    };
  }

  async #forward<Name extends MethodName>(
    name: Name,
    request: RequestOf<Name>,
    caller: Caller,
    error: KvError,
  ): Promise<Forwarded<ResponseOf<Name>>> {
    const { directory, defaultDeadlineMs } = this.#context;
    const shard = this.#shardOf(checkKey(request.key));
    if (!caller.wasForwarded) {
      const method = keyValueServiceWithRawKeys[name] as MethodDefinition<RequestOf<Name>, ResponseOf<Name>>;
      return forwardRequest(this.#context, shard, method, request, caller.remainingMs() ?? defaultDeadlineMs, caller.trace);
    }
    const primaryAddress = directory.primaryElsewhere(shard);
    throw new KvError('NOT_PRIMARY', error.message, primaryAddress === undefined ? {} : { primaryAddress });
  }

  readonly #serve: { [Name in MethodName]: (request: RequestOf<Name>) => ResponseOf<Name> | Promise<ResponseOf<Name>> } = {
    Get: (request) => this.#get(request),
    Put: (request) => this.#put(request),
    Delete: (request) => this.#delete(request),
  };

  #get(request: GetRequest<Buffer>): GetResponse | Promise<GetResponse> {
    const { nodeId } = this.#context;
    const key = checkKey(request.key);
    const local = this.#localOf(key);
    const refusal = local.refusalOfRead(performance.now());
    if (refusal !== undefined) throw refusal;
    const stored = local.stored(key);
    // What is there at once is copied at once: it may be a view, and the answer is encoded later.
    return stored instanceof Promise ? stored.then((found) => answerWith(nodeId, found)) : answerWith(nodeId, stored);
  }

  #put(request: PutRequest<Buffer>): Promise<PutResponse> {
    const { nodeId, maxValueBytes } = this.#context;
    const key = checkKey(request.key);
    checkValue(request.value.length, maxValueBytes);
    checkIfVersion(request.ifVersion, 0);
    const write = { key, value: ownCopy(request.value), ifVersion: request.ifVersion };
    return this.#write(write).then((version) => ({ version, nodeId }));
  }

  #delete(request: DeleteRequest<Buffer>): Promise<DeleteResponse> {
    const { nodeId } = this.#context;
    const key = checkKey(request.key);
    checkIfVersion(request.ifVersion, 1);
    const write = { key, value: undefined, ifVersion: request.ifVersion };
    return this.#write(write).then((version) => ({ existed: version > 0, version, nodeId }));
  }

  #shardOf(key: string): number {
    return shardOfKey(key, this.#context.directory.shardCount);
  }

  /** @throws KvError NOT_PRIMARY where this node holds no copy. */
  #localOf(key: string): LocalShard {
    const shard = this.#shardOf(key);
    const local = this.#context.directory.local(shard);
    if (local === undefined) throw notHeld(shard);
    return local;
  }

  #write(write: LocalWrite): Promise<number> {
    return awaitWrite(this.#localOf(write.key), write, this.#context.defaultDeadlineMs);
  }
}

function endingSpan<Response>(span: OperationSpan, told: Outcome<Response>): Outcome<Response> {
  return {
    succeeded: (response, primaryAddress) => {
      span.succeeded();
      told.succeeded(response, primaryAddress);
    },
    failed: (error) => {
      span.failed(error instanceof KvError ? error.code : 'INTERNAL');
      told.failed(error);
    },
  };
}

function answerWith(nodeId: string, stored: StoredValue | undefined): GetResponse {
  if (stored === undefined) return { found: false, value: noValue, version: 0, nodeId };
  return { found: true, value: Buffer.from(stored.value), version: stored.version, nodeId };
}
