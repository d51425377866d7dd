/** The streams of kv.v1.KeyValue/Pipeline that are open at this node. */
import type { Logger } from 'pino';
import { KvError } from '../errors.js';
import { toStatus } from '../rpc/status.js';
import type { LocalShard } from './local-shard.js';
import { noPrimary } from './no-primary.js';
import type { PipelineContext } from './pipeline-executor.js';
import { type PipelineCall, PipelineSession } from './pipeline-session.js';

export interface PipelineServerOptions {
  readonly nodeId: string;
  readonly maxValueBytes: number;
  readonly local: LocalShard;
  /** Streams open at the same time. */
  readonly maxPipelines: number;
  /** Where the primary is, as far as this node knows; undefined if it is unknown or this node itself. */
  primaryElsewhere(): string | undefined;
  isOffline(): boolean;
  readonly logger: Logger;
}

export class PipelineServer {
  readonly #options: PipelineServerOptions;
  readonly #context: PipelineContext;
  readonly #sessions = new Set<PipelineSession>();
  #pending = 0;
  #lastMessageMs = 0;
  #refusal: KvError | undefined;
  #told: KvError | undefined;

  constructor(options: PipelineServerOptions) {
    this.#options = options;
    const { nodeId, maxValueBytes, local } = options;
    this.#context = {
      ...{ nodeId, maxValueBytes, local },
      refusalOfAll: () => this.#refusal,
      explain: (error) => this.#explain(error),
      waiting: (operations) => {
        this.#pending += operations;
      },
    };
  }

  /** Operations that have not been answered. */
  get pending(): number {
    return this.#pending;
  }
  /** How long nothing has come in. */
  get quietMs(): number {
    return performance.now() - this.#lastMessageMs;
  }

  readonly handler = (call: PipelineCall): void => {
    const { maxPipelines } = this.#options;
    if (this.#sessions.size >= maxPipelines) {
      call.emit('error', toStatus(new KvError('OVERLOADED', `${maxPipelines} pipelines are open at this node already`)));
      return;
    }
    const onMessage = () => {
      this.#lastMessageMs = performance.now();
    };
    const onOver = (session: PipelineSession) => this.#sessions.delete(session);
    this.#sessions.add(new PipelineSession(call, this.#context, { onMessage, onOver }));
  };

  /** From here on every operation is refused, definitely not executed; the streams end, so that the server can. */
  close(): void {
    this.#refusal = new KvError('STOPPING', 'this node has stopped taking requests');
    for (const session of this.#sessions) session.close();
  }

  #explain(error: unknown): KvError {
    if (!(error instanceof KvError)) {
      this.#options.logger.error({ err: error }, 'an operation failed unexpectedly');
      return new KvError('INTERNAL', 'internal error; the log of the node has the details');
    }
    return error.code === 'NOT_PRIMARY' ? this.#whereabouts(error) : error;
  }

  /** Found out once a turn: all that waited for a primary that is deposed are told in one. */
  #whereabouts(error: KvError): KvError {
    if (this.#told !== undefined) return this.#told;
    const { primaryElsewhere, isOffline } = this.#options;
    const primaryAddress = primaryElsewhere();
    const told =
      primaryAddress === undefined ? noPrimary(isOffline()) : new KvError('NOT_PRIMARY', error.message, { primaryAddress });
    this.#told = told;
    setImmediate(() => {
      this.#told = undefined;
    });
    return told;
  }
}
