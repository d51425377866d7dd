/**
 * The outcome of every operation, whichever way it came in: counts it, ends its span, and answers its caller. An operation of
 * another node's shard is forwarded, or its refusal names the primary. An operation that is refused for now is kept and tried
 * again if its caller waits. An unexpected error goes to the log.
 *
 * The methods take single values, because an object for each operation would be an allocation on the hot path.
 */
import type { Logger } from 'pino';
import { KvError } from '../../errors.js';
import type { Method } from '../../metrics/index.js';
import type { StoredValue } from '../../storage/index.js';
import { traceHeadersOf } from '../../tracing/index.js';
import type { ChangeMethod } from '../../wire/contract/change-messages.js';
import type { WritableResponse } from '../../wire/pipeline/pipeline-results.js';
import type { LocalShard } from '../shards/local-shard.js';
import { maxStoredWaitMs } from '../shards/stored-wait.js';
import { type ForwardParts, forwardOperation } from './forward-request.js';
import { KeptCall, KeptCalls, type Patience } from './kept-calls.js';
import { NodeIdentities } from './node-identities.js';
import type { Caller, DecodedOperation, Forwarding } from './operation.js';
import { PrimaryElsewhere } from './primary-elsewhere.js';
import type { Tracking } from './tracking.js';
import { attemptMs, keepableMs, mayTryAgain } from './try-again.js';

export interface OutcomeParts extends ForwardParts {
  readonly nodeId: string;
  readonly logger: Logger;
  /** Executes an operation that was kept. */
  tryAgain(operation: DecodedOperation, caller: Caller, tracking: Tracking): void;
  /** Answers a get whose key is due, once the key has been deleted (R17). */
  readDue: ReadKey;
}

type ReadKey = (
  caller: Caller,
  id: number,
  key: string,
  shard: number,
  local: LocalShard,
  tracking: Tracking | undefined,
) => void;

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
  readonly kept = new KeptCalls();
  readonly identities: NodeIdentities;

  get nodeId(): string {
    return this.#parts.nodeId;
  }

  constructor(parts: OutcomeParts) {
    this.#parts = parts;
    this.identities = new NodeIdentities(parts.directory);
    this.#elsewhere = new PrimaryElsewhere(parts.directory);
  }

  /** Answers a get with what is stored now. */
  read(caller: Caller, id: number, key: string, shard: number, local: LocalShard, tracking: Tracking | undefined): void {
    const stored = local.stored(key);
    if (!(stored instanceof Promise)) return this.#found(caller, id, key, shard, local, stored, tracking);
    const bytes = key.length;
    caller.waits(bytes);
    const wait = local.beginWait({
      storedWaitMs: storedWaitMsOf(caller),
      get isGivenUp() {
        return tracking?.isEnded === true;
      },
      failed: (error) => {
        caller.settled(bytes);
        this.failed(caller, id, 'get', shard, error, tracking);
      },
    });
    const found = (value: StoredValue | undefined): void => {
      caller.settled(bytes);
      // The lease may have lapsed meanwhile (R9).
      const refusal = local.refusalOfRead(performance.now());
      if (refusal === undefined) this.#found(caller, id, key, shard, local, value, tracking);
      else this.failed(caller, id, 'get', shard, refusal, tracking);
    };
    wait.until(stored, found).catch(wait.fail);
  }

  #found(
    caller: Caller,
    id: number,
    key: string,
    shard: number,
    local: LocalShard,
    found: StoredValue | undefined,
    tracking: Tracking | undefined,
  ): void {
    if (found === undefined) return this.got(caller, id, undefined, 0, undefined, false, tracking);
    const expiresInMs = local.expiresInMs(found.expiresAtMs);
    if (expiresInMs === 0) return this.#parts.readDue(caller, id, key, shard, local, tracking);
    this.got(caller, id, found.value, found.version, expiresInMs, false, tracking);
  }

  got(
    caller: Caller,
    id: number,
    value: Uint8Array | undefined,
    version: number,
    expiresInMs: number | undefined,
    isKept: boolean,
    tracking: Tracking | undefined,
  ): void {
    const counts = caller.api.counts.get;
    if (tracking !== undefined && !tracking.succeeded(counts)) return;
    counts.succeeded++;
    if (tracking?.kept !== undefined) this.#wasServed(tracking.kept);
    caller.got(id, value, version, expiresInMs, isKept);
  }

  wrote({ caller, id, bytes, tracking }: Waiting, version: number): void {
    const counts = caller.api.counts.put;
    if (tracking !== undefined && !tracking.succeeded(counts)) return;
    caller.settled(bytes);
    counts.succeeded++;
    if (tracking?.kept !== undefined) this.#wasServed(tracking.kept);
    caller.wrote(id, version);
  }

  deleted({ caller, id, bytes, tracking }: Waiting, version: number): void {
    const counts = caller.api.counts.delete;
    if (tracking !== undefined && !tracking.succeeded(counts)) return;
    caller.settled(bytes);
    counts.succeeded++;
    if (tracking?.kept !== undefined) this.#wasServed(tracking.kept);
    caller.deleted(id, version);
  }

  /** @param response is written once, if the operation has not been answered already. */
  changed({ caller, id, kind, bytes, tracking }: Waiting, response: WritableResponse): void {
    const counts = caller.api.counts[kind];
    if (tracking !== undefined && !tracking.succeeded(counts)) return;
    caller.settled(bytes);
    counts.succeeded++;
    if (tracking?.kept !== undefined) this.#wasServed(tracking.kept);
    caller.changed(id, kind as ChangeMethod, response);
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
    const { forwarding, patience, api } = caller;
    const known = this.#expected(error);
    if (tracking?.operation !== undefined) {
      const { operation } = tracking;
      if (forwarding !== undefined && known.code === 'NOT_PRIMARY')
        return this.#forward(caller, forwarding, operation, shard, tracking);
      if (patience !== undefined) return this.#keepOrRefuse(caller, patience, operation, shard, known, tracking);
    }
    if (known.code !== 'NOT_PRIMARY') return this.refused(caller, id, kind, known, tracking);
    const refusal = api.isForwarded ? this.#elsewhere.refusalOfForwarded(shard, known) : this.#elsewhere.refusal(shard, known);
    this.refused(caller, id, kind, refusal, tracking);
  }

  #forward(caller: Caller, forwarding: Forwarding, operation: DecodedOperation, shard: number, tracking: Tracking): void {
    tracking.endLimit();
    const { id, kind, traceParent, traceState } = operation;
    // A node that makes no spans forwards the trace as it came.
    const trace = tracking.span?.headers ?? traceHeadersOf(traceParent, traceState);
    const remainingMs = forwarding.remainingMs();
    const waitMs = caller.patience === undefined ? remainingMs : attemptMs(remainingMs, isRepeatable(operation, tracking));
    const isAgain = tracking.kept !== undefined;
    const gone = new AbortController();
    tracking.cancelAttempt = () => gone.abort();
    const attempt = { identity: tracking.retried?.identity, remainingMs: waitMs, trace, isAgain, gone: gone.signal };
    forwardOperation(this.#parts, shard, operation, attempt).then(
      ({ response, primaryAddress }) => {
        if (!Buffer.isBuffer(response) && response.position) this.identities.learn(shard, response.position);
        const counts = caller.api.counts[kind!];
        if (!tracking.succeeded(counts)) return;
        counts.succeeded++;
        this.kept.served(shard, kind!);
        forwarding.forwarded(response, primaryAddress);
      },
      (error: unknown) => {
        const known = this.#expected(error);
        if (caller.patience === undefined) this.refused(caller, id, kind, known, tracking);
        else this.#keepOrRefuse(caller, caller.patience, operation, shard, known, tracking);
      },
    );
  }

  #keepOrRefuse(
    caller: Caller,
    patience: Patience,
    operation: DecodedOperation,
    shard: number,
    error: KvError,
    tracking: Tracking,
  ): void {
    const { id, kind } = operation;
    const refuse = (refusal: KvError): void => this.refused(caller, id, kind, refusal, tracking);
    tracking.retried?.attemptFailed(error);
    if (error.position !== undefined) this.identities.learn(shard, error.position);
    if (kind === undefined || tracking.isEnded) return refuse(error);
    if (error.position !== undefined && tracking.retried?.moveTo(error.position) === true)
      return void setImmediate(() => this.#parts.tryAgain(operation, caller, tracking));
    if (!mayTryAgain(error, isRepeatable(operation, tracking))) return refuse(error);
    tracking.endLimit();
    const bytes = operation.valueEnd - operation.valueStart;
    const tryAgain = (): void => this.#parts.tryAgain(operation, caller, tracking);
    tracking.kept ??= new KeptCall(shard, kind, bytes, patience, tryAgain, refuse);
    if (!this.kept.keep(tracking.kept, error)) refuse(error);
  }

  #wasServed({ shard, kind }: KeptCall): void {
    this.kept.served(shard, kind);
  }

  /** The caller gave up, or has its answer. Its place is free at once. */
  gone({ id, kind }: DecodedOperation, caller: Caller, tracking: Tracking): void {
    if (tracking.isEnded) return;
    const { kept } = tracking;
    const executed = kept !== undefined && this.kept.remove(kept) ? 'no' : 'unknown';
    this.refused(caller, id, kind, new KvError('CANCELLED', 'the caller gave up before its answer', { executed }), tracking);
    tracking.cancelAttempt?.();
  }

  /** The operation was refused, and is neither forwarded nor kept. */
  refused(caller: Caller, id: number, kind: Method | undefined, error: KvError, tracking: Tracking | undefined): void {
    const failure = tracking?.retried?.finalOf(error) ?? error;
    if (tracking !== undefined && !tracking.failed(failure.code)) return;
    if (kind !== undefined) caller.api.counts[kind].failed(failure.code);
    caller.failed(id, failure);
  }

  #expected(error: unknown): KvError {
    if (error instanceof KvError) return error;
    this.#parts.logger.error({ err: error }, 'an operation failed unexpectedly');
    return new KvError('INTERNAL', 'internal error; the log of the node has the details');
  }
}

/** How long an operation of this caller may wait for what is stored. It is refused before its caller gives up. */
export function storedWaitMsOf({ forwarding }: Caller): number {
  return keepableMs(Math.min(maxStoredWaitMs, forwarding?.remainingMs() ?? maxStoredWaitMs));
}

/** Whether it may be tried again although an attempt may have been executed. */
function isRepeatable({ kind }: DecodedOperation, { retried }: Tracking): boolean {
  return kind === 'get' || retried !== undefined;
}
