/** What only some operations carry: a start time, a span, a time limit, and what is needed to forward them or to try them again. */
import type { ErrorCode } from '../../errors.js';
import type { MethodCounts } from '../../metrics/index.js';
import type { OperationSpan } from '../../tracing/index.js';
import type { KeptCall } from './kept-calls.js';
import type { DecodedOperation } from './operation.js';
import type { RetriedRequest } from './retried-request.js';

/** Ends with the first outcome of the operation; a later one is ignored. */
export class Tracking {
  /** There only if the caller has `forwarding`. */
  readonly operation: DecodedOperation | undefined;
  readonly span: OperationSpan | undefined;
  /** When the operation came in; undefined: its duration is not measured. */
  readonly #startedMs: number | undefined;
  /** Set once the operation has been kept. */
  kept: KeptCall | undefined;
  /** A write that the node may send again after an unknown outcome (R16). */
  retried: RetriedRequest | undefined;
  /** Gives up the attempt that is forwarded at present. */
  cancelAttempt: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(operation: DecodedOperation | undefined, span: OperationSpan | undefined, startedMs: number | undefined) {
    this.operation = operation;
    this.span = span;
    this.#startedMs = startedMs;
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  limit(waitMs: number, onLate: () => void): void {
    this.#timer = setTimeout(onLate, waitMs);
  }

  endLimit(): void {
    clearTimeout(this.#timer);
  }

  /** False: the operation has been answered already. */
  succeeded(counts: MethodCounts): boolean {
    if (!this.#end()) return false;
    if (this.#startedMs !== undefined) counts.took(performance.now() - this.#startedMs);
    this.span?.succeeded();
    return true;
  }

  /** False: the operation has been answered already. */
  failed(code: ErrorCode): boolean {
    if (!this.#end()) return false;
    this.span?.failed(code);
    return true;
  }

  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.endLimit();
    this.retried?.end();
    return true;
  }
}
