/** One stream of the pipeline at a node of the virtual cluster: the real server, and a client that the test drives. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import type { KvError } from '../../errors.js';
import { countOperations } from '../../metrics/operation-counts.js';
import type { Scenario } from '../../replication/testing/scenario.fixture.js';
import { type FrameListener, type FrameStream, TurnEnd } from '../../transport/index.js';
import { type DataRequest, OperationWriter } from '../../wire/pipeline/pipeline-operations.js';
import { ResultReader } from '../../wire/pipeline/pipeline-results.js';
import { directoryOf } from '../shards/served-shard.fixture.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import { Forwarder } from './forwarder.js';
import { OperationExecutor } from './operation-executor.js';
import { PipelineServer } from './pipeline-server.js';

export const get = (key: string): DataRequest => ({ kind: 'get', key });
export const remove = (key: string): DataRequest => ({ kind: 'delete', key, ifVersion: undefined });
export const put = (key: string, value: string | Buffer, ifVersion?: number): DataRequest => ({
  kind: 'put',
  key,
  value: Buffer.from(value),
  ifVersion,
});

/** The server of the named node. */
export function pipelineServerOf(c: Scenario, name: string, directory: ShardDirectory = directoryOf(c, name)): PipelineServer {
  const logger = pino({ level: 'silent' });
  const executor = new OperationExecutor({
    nodeId: name,
    maxValueBytes: 1024 * 1024,
    directory,
    forwarder: new Forwarder('cluster-1'),
    counts: countOperations(() => () => {}),
    tracing: undefined,
    logger,
  });
  return new PipelineServer({ executor, maxPipelines: 10, turn: new TurnEnd(), logger });
}

export class FakeStream implements FrameStream {
  /**
   * By the number of the operation, from 0 on: `a 1` (value and version), `nothing`, `put 3`, `deleted 3`, or a code,
   * with `?` if the operation may have been executed.
   */
  readonly results: (string | undefined)[] = [];
  /** False: the client reads no results, until `takeResults`. */
  reads = true;
  failure: KvError | undefined;
  ended = false;
  /** Whether the server reads the stream at present. */
  isRead = true;
  readonly queuedBytes = 0;
  #kinds: DataRequest['kind'][] = [];
  #server: FrameListener | undefined;

  constructor(server: PipelineServer) {
    const accept = (listener: FrameListener): FrameStream => {
      this.#server = listener;
      return this;
    };
    server.serve(accept, (error) => this.fail(error));
  }

  /** The client sends the operations in one message. */
  request(...requests: readonly DataRequest[]): void {
    const writer = new OperationWriter();
    for (const request of requests) {
      writer.add(this.#kinds.length, request);
      this.#kinds.push(request.kind);
      this.results.push(undefined);
    }
    this.#server?.onFrame(writer.take());
  }

  sendBytes(bytes: Buffer): void {
    this.#server?.onFrame(bytes);
  }

  /** Results leave the node at the end of a turn. */
  async answers(): Promise<readonly (string | undefined)[]> {
    await nextTurn();
    return this.results;
  }

  takeResults(): void {
    this.reads = true;
    this.#server?.onDrain();
  }

  halfClose(): void {
    this.#server?.onEnd();
  }

  cancel(): void {
    this.#server?.onClosed(undefined);
  }

  /** Called by the server with results. */
  send(message: Uint8Array): boolean {
    const results = new ResultReader(message as Buffer);
    while (results.next()) {
      const { id, error, result } = results;
      if (this.results[id] !== undefined) throw new Error(`operation ${id} is answered twice`);
      this.results[id] = error === undefined ? textOf(this.#kinds[id]!, result!) : failureText(error);
    }
    return this.reads;
  }
  fail(error: KvError): void {
    this.failure = error;
  }
  pause(): void {
    this.isRead = false;
  }
  resume(): void {
    this.isRead = true;
  }
  end(): void {
    this.ended = true;
  }
}

function failureText({ code, executed }: KvError): string {
  return executed === 'no' ? code : `${code}?`;
}

function textOf(kind: DataRequest['kind'], { found, value, version }: NonNullable<ResultReader['result']>): string {
  if (kind === 'put') return `put ${version}`;
  if (!found) return 'nothing';
  return kind === 'delete' ? `deleted ${version}` : `${value} ${version}`;
}
