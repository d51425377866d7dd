/** The attempts of one operation so far: what they have shown, and the error with which the operation ends. */
import type { KvError } from '../../errors.js';
import { type Limits, monotonicNowMs } from '../call-limits.js';
import type { ClientOperation, Failure } from './client-operation.js';
import { finalError, gaveUp, maxNewPositions, mayRetry, namesNewPosition } from './retry-rule.js';

export class OperationAttempts {
  readonly operation: Pick<ClientOperation<unknown>, 'access' | 'request' | 'shard'>;
  readonly limits: Limits;
  #count = 0;
  #last: Failure | undefined;
  /** The first error of a write that leaves open whether it was executed. */
  #unknown: KvError | undefined;
  #newPositions = 0;
  #isRenewed = false;

  constructor(operation: Pick<ClientOperation<unknown>, 'access' | 'request' | 'shard'>, limits: Limits) {
    this.operation = operation;
    this.limits = limits;
  }

  /** The last attempt, which failed; undefined: there was none. */
  get last(): Failure | undefined {
    return this.#last;
  }

  /** Whether the next attempt need not wait: the operation begins again, or knows another node. */
  get isNextAtOnce(): boolean {
    return this.#last === undefined || this.#isRenewed || namesAnotherNode(this.#last, this.#count);
  }

  /** @returns whether another attempt may follow. */
  failed(failure: Failure): boolean {
    const { error, address } = failure;
    const { access, request } = this.operation;
    this.#count += 1;
    this.#last = failure;
    this.#isRenewed = false;
    if (error.executed === 'unknown' && access !== 'read') {
      this.#unknown ??= error;
      if (request !== undefined) request.isFirstAttempt = false;
    }
    // Nothing was sent, or the error is about one address: other addresses may lead to nodes of the right cluster.
    if (address === undefined || (error.code === 'WRONG_CLUSTER' && error.executed === 'no')) return true;
    return this.#maybeRenew(error) || mayRetry(access, error);
  }

  /** The error of an operation that ends with this one. */
  final(error: KvError): KvError {
    return finalError(error, this.#unknown);
  }

  /** The error of an operation whose time is over before its next attempt. */
  gaveUp(error: KvError): KvError {
    if (this.#last === undefined) return error;
    return this.final(gaveUp(this.#last.error, this.#count, monotonicNowMs() - this.limits.startedAtMs));
  }

  #maybeRenew(error: KvError): boolean {
    const { request } = this.operation;
    if (request === undefined || !request.isFirstAttempt || !namesNewPosition(error)) return false;
    this.#newPositions += 1;
    if (this.#newPositions > maxNewPositions) return false;
    request.renew(error.position);
    this.#isRenewed = true;
    return true;
  }
}

/** Whether to retry without backoff: only the first refusal that names another node, since later ones might go in circles. */
function namesAnotherNode(failure: Failure, attempts: number): boolean {
  const hint = failure.error.primaryAddress;
  return attempts === 1 && hint !== undefined && hint !== failure.address;
}
