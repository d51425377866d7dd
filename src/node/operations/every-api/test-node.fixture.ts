/**
 * One node of the virtual cluster, and a client for each API: pipeline, unary call and HTTP, down to their bytes and
 * messages.
 */
import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Metadata, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { keyRoutes } from '../../../gateway/index.js';
import { createServer } from '../../../gateway/server/server.js';
import { apis, countOperations, operationMethods } from '../../../metrics/operation-counts.js';
import type { Scenario } from '../../../replication/testing/scenario.fixture.js';
import type { Tracing } from '../../../tracing/index.js';
import { type FrameStream, TurnEnd } from '../../../transport/index.js';
import { fromStatus } from '../../../wire/contract/grpc-status.js';
import type { GetResponse } from '../../../wire/contract/kv-api.js';
import { ResultReader } from '../../../wire/pipeline/pipeline-results.js';
import { ProtobufWriter } from '../../../wire/protobuf/protobuf-writer.js';
import { PendingCalls } from '../../capacity/pending-calls.js';
import type { ShardDirectory } from '../../shards/shard-directory.js';
import { Forwarder } from '../forwarder.js';
import { httpKeyValues } from '../http-key-values.js';
import { OperationExecutor } from '../operation-executor.js';
import { PipelineServer } from '../pipeline-server.js';
import { UnaryServer } from '../unary-server.js';

export const testedApis = ['pipeline', 'unary', 'rest'] as const;
export type TestedApi = (typeof testedApis)[number];

export interface TestRequest {
  readonly kind: 'get' | 'put' | 'delete';
  readonly key: Buffer;
  readonly value?: Buffer;
  readonly ifVersion?: number;
  readonly traceParent?: string;
  /** By unary call and HTTP: whether the client waits while the shard is not served. */
  readonly waits?: boolean;
}

/** An answer in the form that all APIs share. */
export type TestAnswer =
  | { readonly found: boolean; readonly value: string; readonly version: number }
  | { readonly version: number }
  | { readonly existed: boolean; readonly version: number }
  | TestFailure;

export interface TestFailure {
  readonly code: string;
  readonly message: string;
  readonly executed: string;
  readonly currentVersion?: number;
  readonly primaryAddress?: string;
}

export const maxValueBytes = 1_000;
export const maxPendingBytes = 10_000;

export class TestNode {
  readonly executor: OperationExecutor;
  readonly forwarder = new Forwarder('cluster-1');
  /** The account of single calls; HTTP has half of it. */
  readonly pending = new PendingCalls(maxPendingBytes);
  readonly pendingOfHttp = this.pending.half();
  /** The lines of the log, by their text. */
  readonly logged: string[] = [];
  /** The deadline of unary calls. */
  deadline = Number.POSITIVE_INFINITY;
  /** The client of the last unary call gives up. */
  cancel: () => void = () => {};
  readonly #c: Scenario;
  readonly #counts = countOperations(() => () => {});
  readonly #pipeline: PipelineServer;
  readonly #unary: UnaryServer;
  readonly #http: FastifyInstance;

  constructor(c: Scenario, nodeId: string, directory: ShardDirectory, tracing?: Tracing) {
    this.#c = c;
    const logger = pino({ base: null }, { write: (line) => this.logged.push(JSON.parse(line).msg) });
    const { forwarder } = this;
    this.executor = new OperationExecutor({
      nodeId,
      maxValueBytes,
      directory,
      forwarder,
      counts: this.#counts,
      tracing,
      logger,
    });
    this.#pipeline = new PipelineServer({ executor: this.executor, maxPipelines: 10, turn: new TurnEnd(), logger });
    this.#unary = new UnaryServer(this.executor, this.pending);
    const parts = { executor: this.executor, pending: this.pendingOfHttp, inSyncNodes: async () => [nodeId] };
    const routes = [keyRoutes(httpKeyValues(maxValueBytes, () => parts))];
    this.#http = createServer({ routes, logger, isClosing: () => false });
  }

  /** Sends one request, and lets the cluster deliver messages until the answer is there. */
  async send(api: TestedApi, request: TestRequest): Promise<TestAnswer> {
    let isAnswered = false;
    const answer = this.#senders[api](request).finally(() => {
      isAnswered = true;
    });
    // A rejection is for the caller; the loop only waits.
    answer.catch(() => {});
    while (!isAnswered) {
      await nextTurn();
      this.#c.deliverAll();
    }
    return answer;
  }

  /** Pipelined operations without a result. */
  get pendingOnPipelines(): number {
    return this.#pipeline.pending;
  }

  /** What the node has counted, such as `put OK`: each text once for each operation of this API. */
  counted(api: (typeof apis)[number]): string[] {
    return operationMethods.flatMap((method) => {
      const { succeeded, failures } = this.#counts[api][method];
      const failed = [...failures].flatMap(([code, count]) => Array<string>(count).fill(`${method} ${code}`));
      return [...Array<string>(succeeded).fill(`${method} OK`), ...failed];
    });
  }

  /** What the node has counted for the other APIs. */
  countedElsewhere(than: TestedApi): string[] {
    return apis.filter((api) => api !== than).flatMap((api) => this.counted(api));
  }

  async close(): Promise<void> {
    this.forwarder.close();
    await this.#http.close();
  }

  readonly #senders: Record<TestedApi, (request: TestRequest) => Promise<TestAnswer>> = {
    pipeline: (request) => this.#overPipeline(request),
    unary: (request) => this.#asCall(request),
    rest: (request) => this.#overHttp(request),
  };

  #overPipeline({ kind, key, value, ifVersion, traceParent }: TestRequest): Promise<TestAnswer> {
    return new Promise((resolve, reject) => {
      const stream: FrameStream = {
        queuedBytes: 0,
        send(message) {
          const results = new ResultReader(message as Buffer);
          while (results.next()) resolve(answerOf(kind, results));
          return true;
        },
        pause() {},
        resume() {},
        end() {},
        fail: reject,
        cancel() {},
      };
      this.#pipeline.serve((listener) => {
        queueMicrotask(() => listener.onFrame(pipelineMessage(kind, key, value, ifVersion, traceParent)));
        return stream;
      }, reject);
    });
  }

  #asCall({ kind, key, value, ifVersion, traceParent, waits = false }: TestRequest): Promise<TestAnswer> {
    const metadata = new Metadata();
    if (!waits) metadata.set('kv-wait', 'no');
    if (traceParent !== undefined) metadata.set('traceparent', traceParent);
    const request = { key, ...(kind === 'put' && { value }), ...(ifVersion !== undefined && { ifVersion }) };
    const call = Object.assign(new EventEmitter(), { request, metadata, getDeadline: () => this.deadline });
    this.cancel = () => call.emit('cancelled');
    const name = { get: 'Get', put: 'Put', delete: 'Delete' }[kind];
    const handler = this.#unary.implementation[name] as (asked: typeof call, callback: UnaryCallback) => void;
    return new Promise((resolve) => {
      handler(call, (status, response) => {
        if (status !== null) return resolve(failureOf(fromStatus(status as ServiceError)));
        const { nodeId: _, ...answer } = response as GetResponse;
        resolve('value' in answer ? { ...answer, value: answer.value.toString() } : answer);
      });
    });
  }

  async #overHttp({ kind, key, value, ifVersion, traceParent, waits = false }: TestRequest): Promise<TestAnswer> {
    const encoded = [...key].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    const answer = await this.#http.inject({
      method: ({ get: 'GET', put: 'PUT', delete: 'DELETE' } as const)[kind],
      url: `/api/kv/${encoded}`,
      headers: {
        ...(ifVersion === 0 && { 'if-none-match': '*' }),
        ...(ifVersion !== undefined && ifVersion > 0 && { 'if-match': `"${ifVersion}"` }),
        ...(value?.length === 0 && { 'content-length': '0' }),
        ...(!waits && { 'kv-wait': 'no' }),
        ...(traceParent !== undefined && { traceparent: traceParent }),
      },
      ...(value !== undefined && { payload: value }),
    });
    // The only answer for which HTTP has a code of its own.
    if (answer.statusCode === 404) return { found: false, value: '', version: 0 };
    if (answer.statusCode >= 400) return failureOf({ ...answer.json(), message: answer.json().detail });
    if (kind === 'get') return { found: true, value: answer.body, version: Number(answer.headers.etag?.slice(1, -1)) };
    const { version, existed } = answer.json();
    return kind === 'put' ? { version } : { existed, version };
  }
}

type UnaryCallback = (status: StatusObject | null, response?: unknown) => void;

function answerOf(kind: TestRequest['kind'], { error, result }: ResultReader): TestAnswer {
  if (error !== undefined) return failureOf(error);
  const { found, value, version } = result!;
  if (kind === 'get') return { found, value: value.toString(), version };
  return kind === 'put' ? { version } : { existed: found, version };
}

function failureOf({ code, message, executed, currentVersion, primaryAddress }: TestFailureLike): TestFailure {
  return {
    code,
    message,
    executed,
    ...(currentVersion !== undefined && { currentVersion }),
    ...(primaryAddress !== undefined && { primaryAddress }),
  };
}

interface TestFailureLike {
  readonly code: string;
  readonly message: string;
  readonly executed: string;
  readonly currentVersion?: number | undefined;
  readonly primaryAddress?: string | undefined;
}

/** A message of proto/kv/v1/kv.proto with one operation, whose key may be any bytes. */
function pipelineMessage(
  kind: TestRequest['kind'],
  key: Buffer,
  value: Buffer | undefined,
  ifVersion: number | undefined,
  traceParent: string | undefined,
): Buffer {
  const writer = new ProtobufWriter();
  writer.begin(1);
  writer.uint32(1, 7);
  writer.begin({ get: 2, put: 3, delete: 4 }[kind]);
  writer.bytes(1, key);
  if (kind === 'put') writer.bytes(2, value!);
  if (ifVersion !== undefined) writer.uint64(kind === 'put' ? 3 : 2, ifVersion);
  writer.end();
  if (traceParent !== undefined) writer.string(5, traceParent);
  writer.end();
  return writer.take();
}
