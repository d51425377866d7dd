/**
 * One node of the virtual cluster, and a client for each API: pipeline, unary call over gRPC and over frames, and HTTP,
 * down to their bytes and messages.
 */
import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Metadata } from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { keyRoutes } from '../../../gateway/index.js';
import { createServer } from '../../../gateway/server/server.js';
import { apis, countOperations, operationMethods } from '../../../metrics/operation-counts.js';
import type { Scenario } from '../../../replication/testing/scenario.fixture.js';
import type { Tracing } from '../../../tracing/index.js';
import { TurnEnd } from '../../../transport/index.js';
import { PendingCalls } from '../../capacity/pending-calls.js';
import type { ShardDirectory } from '../../shards/shard-directory.js';
import { Forwarder } from '../forwarder.js';
import { httpKeyValues } from '../http-key-values.js';
import { OperationExecutor } from '../operation-executor.js';
import { PipelineServer } from '../pipeline-server.js';
import { UnaryServer } from '../unary-server.js';
import { overHttp } from './http-client.fixture.js';
import { overPipeline } from './pipeline-client.fixture.js';
import type { TestAnswer, TestRequest } from './test-request.fixture.js';
import { asUnaryCall, overFrames } from './unary-client.fixture.js';

export const testedApis = ['pipeline', 'unary', 'rest'] as const;
/** Unary rpcs over frames are the same calls, and counted with them. They have no metadata, so their clients always wait. */
export type TestedApi = (typeof testedApis)[number] | 'frames';

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
    this.#pipeline = new PipelineServer({ executor: this.executor, maxPipelines: 100, turn: new TurnEnd(), logger });
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
  counted(api: TestedApi): string[] {
    return this.#countedBy(countedAs(api));
  }

  /** What the node has counted for the other APIs. */
  countedElsewhere(than: TestedApi): string[] {
    return apis.filter((api) => api !== countedAs(than)).flatMap((api) => this.#countedBy(api));
  }

  #countedBy(api: (typeof apis)[number]): string[] {
    return operationMethods.flatMap((method) => {
      const { succeeded, failures } = this.#counts[api][method];
      const failed = [...failures].flatMap(([code, count]) => Array<string>(count).fill(`${method} ${code}`));
      return [...Array<string>(succeeded).fill(`${method} OK`), ...failed];
    });
  }

  /** The encoded answer to an encoded request of an operation of `changes`, as another node gets it that forwards the request. */
  answerTo(path: string, request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const call = Object.assign(new EventEmitter(), { request, metadata: new Metadata(), getDeadline: () => this.deadline });
      const handler = this.#unary.implementation[path.split('/').at(-1)!] as (
        asked: typeof call,
        callback: (status: object | null, response: Buffer) => void,
      ) => void;
      handler(call, (status, response) => (status === null ? resolve(response) : reject(status)));
    });
  }

  async close(): Promise<void> {
    this.forwarder.close();
    await this.#http.close();
  }

  readonly #senders: Record<TestedApi, (request: TestRequest) => Promise<TestAnswer>> = {
    pipeline: (request) => overPipeline(this.#pipeline, request),
    unary: (request) => {
      const { answer, cancel } = asUnaryCall(this.#unary.implementation, request, () => this.deadline);
      this.cancel = cancel;
      return answer;
    },
    frames: (request) => overFrames(this.#unary.implementation, request),
    rest: (request) => overHttp(this.#http, request),
  };
}

function countedAs(api: TestedApi): (typeof apis)[number] {
  return api === 'frames' ? 'unary' : api;
}
