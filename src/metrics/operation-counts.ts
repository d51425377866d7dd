/**
 * What becomes of operations, counted where they are answered: on the hot path an operation costs one addition. How long they
 * take is told of single ones only, as often as whoever counts can afford to look at the clock.
 */
import type { ErrorCode } from '../errors.js';

/** How an operation came in; `forwarded`: a call that another node passed on, which has counted it as well. */
export const apis = ['pipeline', 'unary', 'rest', 'forwarded'] as const;
export type OperationApi = (typeof apis)[number];

export const operationMethods = ['get', 'put', 'delete'] as const;
export type Method = (typeof operationMethods)[number];

export class MethodCounts {
  succeeded = 0;
  readonly #failed = new Map<ErrorCode, number>();
  readonly #observeSeconds: (seconds: number) => void;

  constructor(observeSeconds: (seconds: number) => void) {
    this.#observeSeconds = observeSeconds;
  }

  failed(code: ErrorCode): void {
    this.#failed.set(code, (this.#failed.get(code) ?? 0) + 1);
  }

  took(ms: number): void {
    this.#observeSeconds(ms / 1_000);
  }

  /** By code. */
  get failures(): Iterable<[ErrorCode, number]> {
    return this.#failed;
  }
}

export type ApiCounts = Readonly<Record<Method, MethodCounts>>;
export type OperationCounts = Readonly<Record<OperationApi, ApiCounts>>;

export function countOperations(observerOf: (api: OperationApi, method: Method) => (seconds: number) => void): OperationCounts {
  const ofApi = (api: OperationApi): ApiCounts => {
    const [get, put, remove] = operationMethods.map((method) => new MethodCounts(observerOf(api, method)));
    return { get: get!, put: put!, delete: remove! };
  };
  return { pipeline: ofApi('pipeline'), unary: ofApi('unary'), rest: ofApi('rest'), forwarded: ofApi('forwarded') };
}
