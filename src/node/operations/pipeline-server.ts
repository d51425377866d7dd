/** The streams of kv.v1.KeyValue/Pipeline that are open at this node. */
import type { Logger } from 'pino';
import { KvError } from '../../errors.js';
import type { ApiCounts } from '../../metrics/index.js';
import type { Tracing } from '../../tracing/index.js';
import { toStatus } from '../../wire/contract/status.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import type { PipelineContext } from './pipeline-answers.js';
import { type PipelineCall, PipelineSession } from './pipeline-session.js';
import { noPrimary } from './primary-elsewhere.js';

export interface PipelineServerOptions {
  readonly nodeId: string;
  readonly maxValueBytes: number;
  readonly directory: ShardDirectory;
  /** Streams open at the same time. */
  readonly maxPipelines: number;
  readonly counts: ApiCounts;
  readonly tracing: Tracing | undefined;
  readonly logger: Logger;
}

export class PipelineServer {
  readonly #options: PipelineServerOptions;
  readonly #context: PipelineContext;
  readonly #sessions = new Set<PipelineSession>();
  #pending = 0;
  #lastMessageMs = 0;
  #refusal: KvError | undefined;
  #closed = false;
  /** By shard. */
  readonly #told = new Map<number, KvError>();

  constructor(options: PipelineServerOptions) {
    this.#options = options;
    const { nodeId, maxValueBytes, directory, counts, tracing } = options;
    this.#context = {
      ...{ nodeId, maxValueBytes, directory, counts, tracing },
      refusalOfAll: () => this.#refusal,
      explain: (error, shard) => this.#explain(error, shard),
      waiting: (operations) => {
        this.#pending += operations;
      },
    };
  }

  /** Operations that have not been answered. */
  get pending(): number {
    return this.#pending;
  }
  /** Streams that are open. */
  get open(): number {
    return this.#sessions.size;
  }
  /** How long nothing has come in. */
  get idleMs(): number {
    return performance.now() - this.#lastMessageMs;
  }

  readonly handler = (call: PipelineCall): void => {
    const { maxPipelines } = this.#options;
    if (this.#sessions.size >= maxPipelines) {
      call.emit('error', toStatus(new KvError('OVERLOADED', `${maxPipelines} pipelines are open at this node already`)));
      return;
    }
    const onMessage = (nowMs: number) => {
      this.#lastMessageMs = nowMs;
    };
    const onOver = (session: PipelineSession) => this.#sessions.delete(session);
    this.#sessions.add(new PipelineSession(call, this.#context, { onMessage, onOver }));
  };

  /** Undefined: operations are served again. */
  refuseAll(refusal: KvError | undefined): void {
    if (!this.#closed) this.#refusal = refusal;
  }

  /** From here on every operation is refused, definitely not executed; the streams end, so that the server can. */
  close(): void {
    this.#closed = true;
    this.#refusal = new KvError('STOPPING', 'this node has stopped taking requests');
    for (const session of this.#sessions) session.close();
  }

  #explain(error: unknown, shard: number): KvError {
    if (!(error instanceof KvError)) {
      this.#options.logger.error({ err: error }, 'an operation failed unexpectedly');
      return new KvError('INTERNAL', 'internal error; the log of the node has the details');
    }
    return error.code === 'NOT_PRIMARY' ? this.#whereabouts(error, shard) : error;
  }

  /** Found out once a turn: all that waited for a primary that is deposed are told in one. */
  #whereabouts(error: KvError, shard: number): KvError {
    const known = this.#told.get(shard);
    if (known !== undefined) return known;
    const { directory } = this.#options;
    const primaryAddress = directory.primaryElsewhere(shard);
    const told =
      primaryAddress === undefined
        ? noPrimary(directory.isOffline(shard))
        : new KvError('NOT_PRIMARY', error.message, { primaryAddress });
    if (this.#told.size === 0) setImmediate(() => this.#told.clear());
    this.#told.set(shard, told);
    return told;
  }
}
