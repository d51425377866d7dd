/**
 * Runs one operation from its first attempt to its result. The first attempt goes straight to the pipeline of the shard's
 * primary if it is connected: nearly all operations end there, and this class makes one promise for it. Every later attempt needs a permit
 * of its shard's retry limiter, a connected node and a place among the operations in flight. The retry rule decides whether
 * another attempt follows, until the deadline. Between attempts an operation holds no place.
 *
 * Errors keep guarantee G4: `executed: 'no'` only if every attempt was definitely refused or never sent. After an attempt with an
 * unknown outcome a write is sent again only if its shard recognises it (R16).
 */
import { KvError } from '../../errors.js';
import type { DataRequest } from '../../wire/pipeline/pipeline-operations.js';
import { sizeOf } from '../../wire/pipeline/pipeline-operations.js';
import type { DataResult } from '../../wire/pipeline/pipeline-results.js';
import { type Limits, remainingMs } from '../call-limits.js';
import type { ClientRequests } from '../requests/client-requests.js';
import type { NodeConnection } from '../transport/node-connection.js';
import { type ClientOperation, closedError, toKvError } from './client-operation.js';
import { DataCall } from './data-call.js';
import type { InFlightLimit } from './in-flight-limit.js';
import { NodeFinder, type NodeFinderParts } from './node-finder.js';
import { OperationAttempts } from './operation-attempts.js';
import type { RetryLimiter, RetryPermit } from './retry-limiter.js';
import { backoffMs, blamesTheNode, isJudgement } from './retry-rule.js';

/** No retry begins with less time than this. It would hardly be answered, and would turn a definite refusal into an unknown. */
const shortestRetryMs = 5;

/** `wakeUp` is woken when the topology changes or a node becomes reachable: refused operations then retry at once. */
export interface OperationRunnerParts extends NodeFinderParts {
  readonly requests: ClientRequests;
  readonly inFlight: InFlightLimit;
  readonly retryLimiter: RetryLimiter;
  /** Whether data operations travel on streams where possible. */
  readonly pipelined: boolean;
}

type Outcome<Response> =
  | { readonly response: Response }
  | { readonly error: KvError /** Undefined: nothing was sent. */; readonly address: string | undefined };

export class OperationRunner {
  readonly #parts: OperationRunnerParts;
  readonly #finder: NodeFinder;
  #closed = false;

  constructor(parts: OperationRunnerParts) {
    this.#parts = parts;
    this.#finder = new NodeFinder(parts, (limits) => this.#isOver(limits));
  }

  async run<Response>(operation: ClientOperation<Response>, limits: Limits): Promise<Response> {
    if (this.#closed) throw closedError();
    return this.#runWithPermit(operation, new OperationAttempts(operation, limits));
  }

  /**
   * Runs an operation on keys. Waiting for a place costs no promise of its own, since many operations wait when the client is
   * overloaded.
   */
  execute<Result>(data: DataRequest, limits: Limits, toResult: (result: DataResult) => Result): Promise<Result> {
    if (this.#closed) return Promise.reject(closedError());
    const { inFlight, table, retryLimiter, requests } = this.#parts;
    const bytes = sizeOf(data);
    const shard = table.shardOf(data.key);
    return new Promise((succeed, reject) => {
      const resolve = (result: DataResult): void => {
        try {
          succeed(toResult(result));
        } catch (error) {
          reject(error);
        }
      };
      const call = new DataCall({ requests, data, shard, bytes, limits, resolve, reject });
      if (retryLimiter.isTaken(shard)) this.#goOn(call, new OperationAttempts(call, limits));
      else if (inFlight.tryEnter(bytes)) this.#begin(call);
      else inFlight.enter(bytes, limits, { admitted: () => this.#begin(call), refused: reject });
    });
  }

  /** Refuses every operation that waits or is between attempts. Connections end the attempts under way. */
  close(): void {
    this.#closed = true;
    const { inFlight, retryLimiter, wakeUp } = this.#parts;
    inFlight.refuseAll(closedError());
    retryLimiter.refuseAll(closedError());
    wakeUp.wakeAll();
  }

  #isOver(limits: Limits): boolean {
    return this.#closed || limits.signal?.aborted === true || remainingMs(limits) <= 0;
  }

  #begin(call: DataCall): void {
    const { table, connections, inFlight, pipelined } = this.#parts;
    const { shard, bytes, limits } = call;
    const address = pipelined ? table.primaryOf(shard) : undefined;
    const pipeline = address === undefined || this.#isOver(limits) ? undefined : connections.to(address).pipeline;
    if (address === undefined || pipeline === undefined) {
      // The primary is unknown or not connected. Other operations may use the place while this one waits.
      inFlight.leave(bytes);
      return this.#goOn(call, new OperationAttempts(call, limits));
    }
    const primaryThen = table.reportedPrimaryOf(shard);
    call.begin(pipeline, {
      answered: (result) => {
        inFlight.leave(bytes);
        call.resolve(result);
      },
      failed: (error) => {
        inFlight.leave(bytes);
        if (blamesTheNode(error)) table.learn(shard, address, error.primaryAddress);
        const attempts = new OperationAttempts(call, limits);
        if (attempts.failed({ error, address, primaryThen }) && !this.#isCutShort(error, limits)) this.#goOn(call, attempts);
        else call.reject(this.#finalError(attempts, error));
      },
    });
  }

  #goOn(call: DataCall, attempts: OperationAttempts): void {
    this.#runWithPermit(call, attempts).then(
      (result) => call.resolve(result),
      (error) => call.reject(error),
    );
  }

  /** The attempts that follow. */
  async #runWithPermit<Response>(operation: ClientOperation<Response>, attempts: OperationAttempts): Promise<Response> {
    const permit = await this.#takePermit(attempts);
    let served = false;
    try {
      const response = await this.#attempt(operation, attempts);
      served = true;
      return response;
    } catch (error) {
      served = error instanceof KvError && isJudgement(error);
      throw error;
    } finally {
      permit.end(served);
    }
  }

  async #attempt<Response>(operation: ClientOperation<Response>, attempts: OperationAttempts): Promise<Response> {
    const { shard } = operation;
    const { limits } = attempts;
    for (let waits = 0; ; ) {
      if (!attempts.isNextAtOnce) {
        waits += 1;
        await this.#backOff(shard, waits, limits);
      }
      this.#throwIfOver(attempts);
      const connection = await this.#finder.reach(shard, attempts.last, limits);
      if (connection === undefined) await this.#throwIfAllAreStrangers(attempts);
      // There was an await: meanwhile the caller may have closed the client or cancelled, and the connection may be closed.
      // This attempt has sent nothing yet.
      this.#throwIfOver(attempts);
      const primaryThen = this.#parts.table.reportedPrimaryOf(shard);
      // Backoff begins small again for a new primary, which may serve in a few milliseconds.
      if (attempts.last !== undefined && attempts.last.primaryThen !== primaryThen) waits = 0;
      const outcome = await this.#try(operation, connection, attempts);
      if ('response' in outcome) return outcome.response;
      const { error, address } = outcome;
      if (!attempts.failed({ error, address, primaryThen }) || this.#isCutShort(error, limits))
        throw this.#finalError(attempts, error);
    }
  }

  async #takePermit(attempts: OperationAttempts): Promise<RetryPermit> {
    try {
      return await this.#parts.retryLimiter.take(attempts.operation.shard, attempts.limits);
    } catch (error) {
      throw this.#endedWaiting(attempts, toKvError(error));
    }
  }

  async #try<Response>(
    operation: ClientOperation<Response>,
    connection: NodeConnection | undefined,
    attempts: OperationAttempts,
  ): Promise<Outcome<Response>> {
    const { inFlight, table, pipelined, addressBook } = this.#parts;
    const { shard, bytes } = operation;
    const unreached = () => {
      void addressBook.refresh();
      return { error: this.#finder.unreachable(shard), address: undefined };
    };
    if (connection === undefined) return unreached();
    if (!inFlight.tryEnter(bytes)) await this.#waitForPlace(bytes, attempts);
    try {
      this.#throwIfOver(attempts);
      const { address, transport } = connection;
      if (transport === undefined) return unreached();
      const pipeline = pipelined && address === table.primaryOf(shard) ? connection.pipeline : undefined;
      try {
        return { response: await operation.send(transport, attempts.limits, pipeline) };
      } catch (thrown) {
        const error = toKvError(thrown);
        if (blamesTheNode(error)) table.learn(shard, address, error.primaryAddress);
        return { error, address };
      }
    } finally {
      inFlight.leave(bytes);
    }
  }

  async #waitForPlace(bytes: number, attempts: OperationAttempts): Promise<void> {
    const { limits } = attempts;
    try {
      await new Promise<void>((admitted, refused) => this.#parts.inFlight.enter(bytes, limits, { admitted, refused }));
    } catch (error) {
      throw this.#endedWaiting(attempts, toKvError(error));
    }
  }

  /** The error of an operation whose wait for its next attempt failed: at the deadline it is the last refusal. */
  #endedWaiting(attempts: OperationAttempts, error: KvError): KvError {
    return error.code === 'DEADLINE_EXCEEDED' ? attempts.gaveUp(error) : attempts.final(error);
  }

  async #backOff(shard: number, waits: number, limits: Limits): Promise<void> {
    if (this.#closed) return;
    const delayMs = Math.min(backoffMs(waits, Math.random()), remainingMs(limits));
    await this.#parts.wakeUp.sleep(delayMs, limits.signal, shard);
  }

  async #throwIfAllAreStrangers(attempts: OperationAttempts): Promise<void> {
    const { operation, limits } = attempts;
    try {
      await this.#finder.throwIfAllAreStrangers(operation.shard, limits);
    } catch (error) {
      throw attempts.final(toKvError(error));
    }
  }

  /** Between attempts: nothing is under way. */
  #throwIfOver(attempts: OperationAttempts): void {
    const { limits, last } = attempts;
    if (this.#closed) throw attempts.final(closedError());
    if (limits.signal?.aborted)
      throw attempts.final(new KvError('CANCELLED', 'given up before an attempt succeeded', { executed: 'no' }));
    if (remainingMs(limits) > (last === undefined ? 0 : shortestRetryMs)) return;
    const message = 'the deadline passed before any node could be reached';
    const { lastError: cause } = this.#parts.addressBook;
    throw attempts.gaveUp(new KvError('DEADLINE_EXCEEDED', message, { executed: 'no', cause }));
  }

  /** Whether the client or the caller has ended the attempt: its outcome is unknown, and none follows. */
  #isCutShort(error: KvError, limits: Limits): boolean {
    return error.executed === 'unknown' && (this.#closed || limits.signal?.aborted === true);
  }

  #finalError(attempts: OperationAttempts, error: KvError): KvError {
    // A read changes nothing, so CLOSED is the whole truth for its caller.
    return attempts.operation.access === 'read' && this.#closed ? closedError() : attempts.final(error);
  }
}
