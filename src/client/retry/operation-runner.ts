/**
 * Carries one operation to its end. Nearly all end with their first attempt, which for that reason goes straight to the
 * stream of their shard's primary, if there is one; the others go on in `attempts.ts`.
 */
import type { DataRequest } from '../../wire/pipeline/pipeline-operations.js';
import { sizeOf } from '../../wire/pipeline/pipeline-operations.js';
import type { DataResult } from '../../wire/pipeline/pipeline-results.js';
import type { Limits } from '../limits.js';
import { type AttemptParts, Attempts, closedError, type Failure, type Operation } from './attempts.js';
import { blamesTheNode } from './retry-rule.js';

/** A get, put or delete with who waits for it. Once it has its place, it gives it back at the end of its first attempt. */
interface DataCall {
  readonly request: DataRequest;
  readonly shard: number;
  readonly bytes: number;
  readonly limits: Limits;
  resolve(result: DataResult): void;
  reject(error: unknown): void;
}

export class OperationRunner {
  readonly #parts: AttemptParts;
  readonly #attempts: Attempts;
  #closed = false;

  constructor(parts: AttemptParts) {
    this.#parts = parts;
    this.#attempts = new Attempts(parts);
  }

  async run<Response>(operation: Operation<Response>, limits: Limits): Promise<Response> {
    if (this.#closed) throw closedError();
    return this.#attempts.run(operation, limits);
  }

  /** A get, put or delete. Those that wait for their place cost little more than others: just then there are many. */
  execute<Result>(request: DataRequest, limits: Limits, toResult: (result: DataResult) => Result): Promise<Result> {
    if (this.#closed) return Promise.reject(closedError());
    const { inFlight, table, retryLimiter } = this.#parts;
    const bytes = sizeOf(request);
    const shard = table.shardOf(request.key);
    return new Promise((resolve, reject) => {
      const call: DataCall = { request, shard, bytes, limits, resolve: (result) => resolve(toResult(result)), reject };
      if (retryLimiter.isTaken(shard)) this.#goOn(call);
      else if (inFlight.tryEnter(bytes)) this.#begin(call);
      else inFlight.enter(bytes, limits, { admitted: () => this.#begin(call), refused: reject });
    });
  }

  /** What waits is refused at once; what is under way is ended by its connection. */
  close(): void {
    this.#closed = true;
    this.#parts.inFlight.refuseAll(closedError());
    this.#attempts.close();
  }

  #begin(call: DataCall): void {
    const { table, connections, inFlight, pipelined } = this.#parts;
    const { request, shard, bytes, limits } = call;
    const address = pipelined ? table.primaryOf(shard) : undefined;
    const pipeline = address === undefined || this.#attempts.isOver(limits) ? undefined : connections.to(address).pipeline;
    if (address === undefined || pipeline === undefined) {
      // It has to wait for a connection, or is the primary's to find: not at the cost of those who could go.
      inFlight.leave(bytes);
      return this.#goOn(call);
    }
    const primaryThen = table.reportedPrimaryOf(shard);
    pipeline.send(request, limits, {
      answered: (result) => {
        inFlight.leave(bytes);
        call.resolve(result);
      },
      failed: (error) => {
        inFlight.leave(bytes);
        if (blamesTheNode(error)) table.learn(shard, address, error.primaryAddress);
        this.#goOn(call, { error, address, primaryThen });
      },
    });
  }

  #goOn({ request, shard, bytes, limits, resolve, reject }: DataCall, failed?: Failure): void {
    const operation: Operation<DataResult> = {
      ...{ shard, bytes, effect: request.kind === 'get' ? 'read' : 'write' },
      send: (transport, within, pipeline) => (pipeline ?? transport).execute(request, within),
    };
    this.#attempts.run(operation, limits, failed).then(resolve, reject);
  }
}
