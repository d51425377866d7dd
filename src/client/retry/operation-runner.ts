/**
 * Runs one operation from its first attempt to its result. The first attempt goes straight to the pipeline of the shard's
 * primary if it is connected: nearly all operations end there, and this class makes one promise for it. Every later attempt needs a permit
 * of its shard's retry limiter, a connected node and a place among the operations in flight. The retry rule decides whether
 * another attempt follows, until the deadline. Between attempts an operation holds no place.
 *
 * Errors keep guarantee G4: `executed: 'no'` only if every attempt was definitely refused or never sent. A write is never
 * sent again after an attempt with an unknown outcome.
 */
import { KvError } from '../../errors.js';
import type { DataRequest } from '../../wire/pipeline/pipeline-operations.js';
import { sizeOf } from '../../wire/pipeline/pipeline-operations.js';
import type { DataResult } from '../../wire/pipeline/pipeline-results.js';
import { type Limits, monotonicNowMs, remainingMs } from '../call-limits.js';
import type { NodeConnection } from '../transport/node-connection.js';
import { type ClientOperation, closedError, type Failure, toKvError } from './client-operation.js';
import type { InFlightLimit } from './in-flight-limit.js';
import { NodeFinder, type NodeFinderParts } from './node-finder.js';
import type { RetryLimiter, RetryPermit } from './retry-limiter.js';
import { type Access, backoffMs, blamesTheNode, gaveUp, mayRetry } from './retry-rule.js';

/** No retry begins with less time than this. It would hardly be answered, and would turn a definite refusal into an unknown. */
const shortestRetryMs = 5;

/** `wakeUp` is woken when the topology changes or a node becomes reachable: refused operations then retry at once. */
export interface OperationRunnerParts extends NodeFinderParts {
  readonly inFlight: InFlightLimit;
  readonly retryLimiter: RetryLimiter;
  /** Whether data operations travel on streams where possible. */
  readonly pipelined: boolean;
}

/** A get, put or delete, and the functions that settle its promise. It gives its place back when its first attempt ends. */
interface DataCall {
  readonly request: DataRequest;
  readonly shard: number;
  readonly bytes: number;
  readonly limits: Limits;
  resolve(result: DataResult): void;
  reject(error: unknown): void;
}

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
    return this.#runWithPermit(operation, limits);
  }

  /**
   * Runs a get, put or delete. Waiting for a place costs no promise of its own, since many operations wait when the client is
   * overloaded.
   */
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
    const { request, shard, bytes, limits } = call;
    const address = pipelined ? table.primaryOf(shard) : undefined;
    const pipeline = address === undefined || this.#isOver(limits) ? undefined : connections.to(address).pipeline;
    if (address === undefined || pipeline === undefined) {
      // The primary is unknown or not connected. Other operations may use the place while this one waits.
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
    const operation: ClientOperation<DataResult> = {
      shard,
      bytes,
      access: request.kind === 'get' ? 'read' : 'write',
      send: (transport, within, pipeline) => (pipeline ?? transport).execute(request, within),
    };
    this.#runWithPermit(operation, limits, failed).then(resolve, reject);
  }

  /** The attempts that follow. `failed` is the first attempt; undefined if it could not be made. */
  async #runWithPermit<Response>(operation: ClientOperation<Response>, limits: Limits, failed?: Failure): Promise<Response> {
    if (failed !== undefined) this.#throwIfFinal(operation.access, failed.error, limits);
    const permit = await this.#takePermit(operation.shard, limits, failed);
    let served = false;
    try {
      const response = await this.#attempt(operation, limits, failed);
      served = true;
      return response;
    } catch (error) {
      served = error instanceof KvError && error.code === 'VERSION_MISMATCH';
      throw error;
    } finally {
      permit.end(served);
    }
  }

  async #attempt<Response>(operation: ClientOperation<Response>, limits: Limits, failed: Failure | undefined): Promise<Response> {
    const { shard, access } = operation;
    let last = failed;
    let waits = 0;
    for (let attempts = failed === undefined ? 0 : 1; ; attempts += 1) {
      if (last !== undefined && !namesAnotherNode(last, attempts)) {
        waits += 1;
        await this.#backOff(shard, waits, limits);
      }
      this.#throwIfOver(limits, last, attempts);
      const connection = await this.#finder.reach(shard, last, limits);
      if (connection === undefined) await this.#finder.throwIfAllAreStrangers(shard, limits);
      // There was an await: meanwhile the caller may have closed the client or cancelled, and the connection may be closed.
      // This attempt has sent nothing yet.
      this.#throwIfOver(limits, last, attempts);
      const primaryThen = this.#parts.table.reportedPrimaryOf(shard);
      // Backoff begins small again for a new primary, which may serve in a few milliseconds.
      if (last !== undefined && last.primaryThen !== primaryThen) waits = 0;
      const outcome = await this.#try(operation, connection, limits, last, attempts);
      if ('response' in outcome) return outcome.response;
      last = { error: outcome.error, address: outcome.address, primaryThen };
      if (outcome.address !== undefined) this.#throwIfFinal(access, outcome.error, limits);
    }
  }

  async #takePermit(shard: number, limits: Limits, failed: Failure | undefined): Promise<RetryPermit> {
    try {
      return await this.#parts.retryLimiter.take(shard, limits);
    } catch (error) {
      throw failed === undefined ? error : this.#endedWaiting(toKvError(error), limits, failed, 1);
    }
  }

  async #try<Response>(
    operation: ClientOperation<Response>,
    connection: NodeConnection | undefined,
    limits: Limits,
    last: Failure | undefined,
    attempts: number,
  ): Promise<{ readonly response: Response } | { readonly error: KvError; readonly address: string | undefined }> {
    const { inFlight, table, pipelined, addressBook } = this.#parts;
    const { shard, bytes } = operation;
    const unreached = () => {
      void addressBook.refresh();
      return { error: this.#finder.unreachable(shard), address: undefined };
    };
    if (connection === undefined) return unreached();
    if (!inFlight.tryEnter(bytes)) await this.#waitForPlace(bytes, limits, last, attempts);
    try {
      this.#throwIfOver(limits, last, attempts);
      const { address, transport } = connection;
      if (transport === undefined) return unreached();
      const pipeline = pipelined && address === table.primaryOf(shard) ? connection.pipeline : undefined;
      try {
        return { response: await operation.send(transport, limits, pipeline) };
      } catch (thrown) {
        const error = toKvError(thrown);
        if (blamesTheNode(error)) table.learn(shard, address, error.primaryAddress);
        return { error, address };
      }
    } finally {
      inFlight.leave(bytes);
    }
  }

  async #waitForPlace(bytes: number, limits: Limits, last: Failure | undefined, attempts: number): Promise<void> {
    try {
      await new Promise<void>((admitted, refused) => this.#parts.inFlight.enter(bytes, limits, { admitted, refused }));
    } catch (error) {
      throw last === undefined ? error : this.#endedWaiting(toKvError(error), limits, last, attempts);
    }
  }

  /** The error of an operation whose wait for its next attempt failed: it keeps the last refusal, and `executed` from it. */
  #endedWaiting(error: KvError, limits: Limits, last: Failure, attempts: number): KvError {
    if (error.code === 'DEADLINE_EXCEEDED') return gaveUp(last.error, attempts, monotonicNowMs() - limits.startedAtMs);
    return new KvError(error.code, error.message, { executed: last.error.executed, cause: last.error });
  }

  async #backOff(shard: number, waits: number, limits: Limits): Promise<void> {
    if (this.#closed) return;
    const delayMs = Math.min(backoffMs(waits, Math.random()), remainingMs(limits));
    await this.#parts.wakeUp.sleep(delayMs, limits.signal, shard);
  }

  /** Between attempts: nothing is under way, so a write was definitely not executed. */
  #throwIfOver(limits: Limits, last: Failure | undefined, attempts: number): void {
    const executed = last?.error.executed ?? 'no';
    if (this.#closed) throw closedError();
    if (limits.signal?.aborted) throw new KvError('CANCELLED', 'given up before an attempt succeeded', { executed });
    if (remainingMs(limits) > (last === undefined ? 0 : shortestRetryMs)) return;
    if (last !== undefined) throw gaveUp(last.error, attempts, monotonicNowMs() - limits.startedAtMs);
    const message = 'the deadline passed before any node could be reached';
    throw new KvError('DEADLINE_EXCEEDED', message, { executed: 'no', cause: this.#parts.addressBook.lastError });
  }

  #throwIfFinal(access: Access, error: KvError, limits: Limits): void {
    // A read changes nothing, so CLOSED is the whole truth for its caller.
    if (access === 'read' && this.#closed) throw closedError();
    if (access === 'read' && limits.signal?.aborted) throw error;
    // The error is about one address: other addresses may lead to nodes of the right cluster.
    if (error.code === 'WRONG_CLUSTER' && error.executed === 'no') return;
    if (!mayRetry(access, error)) throw error;
  }
}

/** Whether to retry without backoff: only the first refusal that names another node, since later ones might go in circles. */
function namesAnotherNode(failure: Failure, attempts: number): boolean {
  const hint = failure.error.primaryAddress;
  return attempts === 1 && hint !== undefined && hint !== failure.address;
}
