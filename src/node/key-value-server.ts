/** The public service kv.v1.KeyValue: checks a request, serves it here if this node is primary, or forwards it once. */
import type { Metadata, MethodDefinition, ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { KvError } from '../errors.js';
import { shardOfKey } from '../placement/index.js';
import type { DeleteRequest, DeleteResponse, GetRequest, GetResponse, PutRequest, PutResponse } from '../rpc/kv-api.js';
import { ownCopy } from '../rpc/own-memory.js';
import { keyValueServiceWithRawKeys } from '../rpc/proto.js';
import { toStatus } from '../rpc/status.js';
import type { StoredValue } from '../storage/index.js';
import { awaitWrite } from './awaited-write.js';
import { type Forwarded, forwardRequest } from './forward-request.js';
import { type Forwarder, wasForwarded } from './forwarder.js';
import type { LocalShard, LocalWrite } from './local-shard.js';
import { checkIfVersion, checkKey, checkValue } from './request-checks.js';
import type { ShardDirectory } from './shard-directory.js';
import { notHeld } from './shard-visits.js';

type Raw<Request> = Request & { key: Buffer };
type Call<Request, Response> = ServerUnaryCall<Raw<Request>, Response>;

/** Calls waiting at this node, of all clients together. */
const maxPendingCalls = 8_192;

const noValue = Buffer.alloc(0);

export interface KeyValueContext {
  readonly nodeId: string;
  readonly maxValueBytes: number;
  /** For calls that come without a deadline, and for writes that are not committed, whatever their caller's deadline. */
  readonly defaultDeadlineMs: number;
  /** Of values in calls that wait at this node, of all clients together; a single larger one is taken alone. */
  readonly maxPendingBytes: number;
  readonly directory: ShardDirectory;
  readonly forwarder: Forwarder;
  readonly logger: Logger;
}

export class KeyValueServer {
  readonly #context: KeyValueContext;
  #pending = 0;
  #pendingBytes = 0;
  #lastCallMs = 0;
  #closed = false;

  constructor(context: KeyValueContext) {
    this.#context = context;
  }

  /** Calls that have not been answered. */
  get pending(): number {
    return this.#pending;
  }
  /** How long no call has come in. */
  get quietMs(): number {
    return performance.now() - this.#lastCallMs;
  }

  /** From here on every call is refused, definitely not executed. */
  close(): void {
    this.#closed = true;
  }

  get implementation(): UntypedServiceImplementation {
    const { Get, Put, Delete } = keyValueServiceWithRawKeys;
    return {
      Get: this.#handler<GetRequest<Buffer>, GetResponse>(Get!, (request) => this.#get(request)),
      Put: this.#handler<PutRequest<Buffer>, PutResponse>(Put!, (request) => this.#put(request)),
      Delete: this.#handler<DeleteRequest<Buffer>, DeleteResponse>(Delete!, (request) => this.#delete(request)),
    };
  }

  /** What `serve` has at once is answered at once. */
  #handler<Request extends object, Response>(
    method: MethodDefinition<Request, Response>,
    serve: (request: Request) => Response | Promise<Response>,
  ) {
    return (call: Call<Request, Response>, callback: sendUnaryData<Response>): void => {
      const bytes = valueBytesOf(call.request);
      this.#pending++;
      this.#pendingBytes += bytes;
      this.#lastCallMs = performance.now();
      const ended = (): void => {
        this.#pending--;
        this.#pendingBytes -= bytes;
      };
      const succeeded = (response: Response, trailer?: Metadata): void => {
        ended();
        callback(null, response, trailer);
      };
      const failed = (error: unknown): void => {
        ended();
        callback(this.#report(error));
      };
      const notServed = (error: unknown): void => {
        if (!(error instanceof KvError) || error.code !== 'NOT_PRIMARY') failed(error);
        else this.#forward(method, call, error).then(({ response, trailer }) => succeeded(response, trailer), failed);
      };
      let served: Response | Promise<Response>;
      try {
        this.#refuseWhatIsTooMuch();
        served = serve(call.request);
      } catch (error) {
        return notServed(error);
      }
      if (served instanceof Promise) served.then((response) => succeeded(response), notServed);
      else succeeded(served);
    };
  }

  #refuseWhatIsTooMuch(): void {
    if (this.#pending > maxPendingCalls)
      throw new KvError('OVERLOADED', `${maxPendingCalls} calls are waiting at this node already`);
    const { maxPendingBytes } = this.#context;
    if (this.#pendingBytes > maxPendingBytes && this.#pending > 1)
      throw new KvError('OVERLOADED', `${maxPendingBytes} bytes are waiting at this node already`);
    if (this.#closed) throw new KvError('STOPPING', 'this node has stopped taking requests');
  }

  async #forward<Request extends object, Response>(
    method: MethodDefinition<Request, Response>,
    call: Call<Request, Response>,
    error: KvError,
  ): Promise<Forwarded<Response>> {
    const shard = this.#shardOf(checkKey(call.request.key));
    if (!wasForwarded(call.metadata)) return forwardRequest(this.#context, shard, method, call.request, this.#remainingMs(call));
    const primaryAddress = this.#context.directory.primaryElsewhere(shard);
    throw new KvError('NOT_PRIMARY', error.message, primaryAddress === undefined ? {} : { primaryAddress });
  }

  #remainingMs(call: { getDeadline(): Date | number }): number {
    const deadline = call.getDeadline();
    const remaining = (typeof deadline === 'number' ? deadline : deadline.getTime()) - Date.now();
    return Number.isFinite(remaining) ? Math.max(0, remaining) : this.#context.defaultDeadlineMs;
  }

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

  /** What nobody expected goes to the log with its stack, and leaves as a bland message. */
  #report(error: unknown): ReturnType<typeof toStatus> {
    if (!(error instanceof KvError)) this.#context.logger.error({ err: error }, 'a request failed unexpectedly');
    return toStatus(error);
  }
}

function valueBytesOf(request: object): number {
  return 'value' in request && request.value instanceof Uint8Array ? request.value.length : 0;
}

function answerWith(nodeId: string, stored: StoredValue | undefined): GetResponse {
  if (stored === undefined) return { found: false, value: noValue, version: 0, nodeId };
  return { found: true, value: Buffer.from(stored.value), version: stored.version, nodeId };
}
