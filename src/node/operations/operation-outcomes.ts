/**
 * The outcome of every operation, whichever way it came in: counts it, ends its span, and answers its caller. An operation of
 * another node's shard is forwarded once, or its refusal names the primary. An unexpected error goes to the log.
 *
 * The methods take single values, because an object for each operation would be an allocation on the hot path.
 */
import type { Logger } from 'pino';
import { KvError } from '../../errors.js';
import type { Method } from '../../metrics/index.js';
import { traceHeadersOf } from '../../tracing/index.js';
import type { LocalShard } from '../shards/local-shard.js';
import { type ForwardParts, forwardOperation } from './forward-request.js';
import type { Caller, DecodedOperation, Forwarding } from './operation.js';
import { PrimaryElsewhere } from './primary-elsewhere.js';
import type { Tracking } from './tracking.js';

export interface OutcomeParts extends ForwardParts {
  readonly logger: Logger;
}

/** An operation that has waited at a shard. */
export interface Waiting {
  readonly caller: Caller;
  readonly id: number;
  readonly kind: Method;
  /** What the operation holds while it waits. */
  readonly bytes: number;
  readonly shard: number;
  readonly tracking: Tracking | undefined;
}

export class OperationOutcomes {
  readonly #parts: OutcomeParts;
  readonly #elsewhere: PrimaryElsewhere;

  constructor(parts: OutcomeParts) {
    this.#parts = parts;
    this.#elsewhere = new PrimaryElsewhere(parts.directory);
  }

  /** Answers a get with what is stored now. */
  read(caller: Caller, id: number, key: string, shard: number, local: LocalShard, tracking: Tracking | undefined): void {
    const stored = local.stored(key);
    if (!(stored instanceof Promise)) return this.got(caller, id, stored?.value, stored?.version ?? 0, false, tracking);
    const bytes = key.length;
    caller.waits(bytes);
    stored.then(
      (found) => {
        caller.settled(bytes);
        this.got(caller, id, found?.value, found?.version ?? 0, false, tracking);
      },
      (error: unknown) => {
        caller.settled(bytes);
        this.failed(caller, id, 'get', shard, error, tracking);
      },
    );
  }

  got(
    caller: Caller,
    id: number,
    value: Uint8Array | undefined,
    version: number,
    isKept: boolean,
    tracking: Tracking | undefined,
  ): void {
    const counts = caller.api.counts.get;
    if (tracking !== undefined && !tracking.succeeded(counts)) return;
    counts.succeeded++;
    caller.got(id, value, version, isKept);
  }

  wrote({ caller, id, bytes, tracking }: Waiting, version: number): void {
    const counts = caller.api.counts.put;
    if (tracking !== undefined && !tracking.succeeded(counts)) return;
    caller.settled(bytes);
    counts.succeeded++;
    caller.wrote(id, version);
  }

  deleted({ caller, id, bytes, tracking }: Waiting, version: number): void {
    const counts = caller.api.counts.delete;
    if (tracking !== undefined && !tracking.succeeded(counts)) return;
    caller.settled(bytes);
    counts.succeeded++;
    caller.deleted(id, version);
  }

  waitingFailed({ caller, id, kind, bytes, shard, tracking }: Waiting, error: unknown): void {
    if (tracking?.isEnded) return;
    caller.settled(bytes);
    this.failed(caller, id, kind, shard, error, tracking);
  }

  failed(
    caller: Caller,
    id: number,
    kind: Method | undefined,
    shard: number,
    error: unknown,
    tracking: Tracking | undefined,
  ): void {
    if (!(error instanceof KvError) || error.code !== 'NOT_PRIMARY')
      return this.#refuse(caller, id, kind, this.#expected(error), tracking);
    const { forwarding, api } = caller;
    if (forwarding !== undefined && tracking?.operation !== undefined)
      return this.#forward(caller, forwarding, tracking.operation, shard, tracking);
    const refusal = api.isForwarded ? this.#elsewhere.refusalOfForwarded(shard, error) : this.#elsewhere.refusal(shard, error);
    this.#refuse(caller, id, kind, refusal, tracking);
  }

  #forward(caller: Caller, forwarding: Forwarding, operation: DecodedOperation, shard: number, tracking: Tracking): void {
    tracking.endLimit();
    const { id, kind, traceParent, traceState } = operation;
    // A node that makes no spans forwards the trace as it came.
    const trace = tracking.span?.headers ?? traceHeadersOf(traceParent, traceState);
    forwardOperation(this.#parts, shard, operation, forwarding.remainingMs(), trace).then(
      ({ response, primaryAddress }) => {
        const counts = caller.api.counts[kind!];
        if (!tracking.succeeded(counts)) return;
        counts.succeeded++;
        forwarding.forwarded(response, primaryAddress);
      },
      (error: unknown) => this.#refuse(caller, id, kind, this.#expected(error), tracking),
    );
  }

  #refuse(caller: Caller, id: number, kind: Method | undefined, error: KvError, tracking: Tracking | undefined): void {
    if (tracking !== undefined && !tracking.failed(error.code)) return;
    if (kind !== undefined) caller.api.counts[kind].failed(error.code);
    caller.failed(id, error);
  }

  #expected(error: unknown): KvError {
    if (error instanceof KvError) return error;
    this.#parts.logger.error({ err: error }, 'an operation failed unexpectedly');
    return new KvError('INTERNAL', 'internal error; the log of the node has the details');
  }
}
