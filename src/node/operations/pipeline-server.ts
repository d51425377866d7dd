/** The open streams of kv.v1.KeyValue/Pipeline at this node. */
import type { Logger } from 'pino';
import { KvError } from '../../errors.js';
import type { TurnEnd } from '../../transport/index.js';
import type { OperationExecutor } from './operation-executor.js';
import { type AcceptStream, PipelineSession, type PipelineSessionParts } from './pipeline-session.js';

export interface PipelineServerOptions {
  readonly executor: OperationExecutor;
  /** Streams that may be open at the same time. */
  readonly maxPipelines: number;
  /** When results leave. */
  readonly turn: TurnEnd;
  readonly logger: Logger;
}

export class PipelineServer {
  readonly #maxPipelines: number;
  readonly #parts: PipelineSessionParts;
  readonly #sessions = new Set<PipelineSession>();
  #pending = 0;
  #lastMessageMs = 0;

  constructor({ executor, maxPipelines, turn, logger }: PipelineServerOptions) {
    this.#maxPipelines = maxPipelines;
    this.#parts = {
      executor,
      turn,
      logger,
      onMessage: (nowMs) => {
        this.#lastMessageMs = nowMs;
      },
      onWaiting: (change) => {
        this.#pending += change;
      },
      onOver: (session) => this.#sessions.delete(session),
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
  /** Time since the last message came in. */
  get idleMs(): number {
    return performance.now() - this.#lastMessageMs;
  }

  /** Serves a stream, or refuses it while too many are open. */
  serve(accept: AcceptStream, refuse: (error: KvError) => void): void {
    if (this.#sessions.size < this.#maxPipelines) this.#sessions.add(new PipelineSession(accept, this.#parts));
    else refuse(new KvError('OVERLOADED', `${this.#maxPipelines} pipelines are open at this node already`));
  }

  /** Ends every stream, so that the gRPC server can end. The executor refuses what may still come in. */
  close(): void {
    for (const session of this.#sessions) session.close();
  }
}
