/**
 * Counts of operations by their outcome. They are counted where they are answered, which costs one addition on the hot path.
 * Durations are observed for samples, which the caller chooses, because reading the clock for each operation would cost too much.
 */
import type { ErrorCode } from '../errors.js';

/** The APIs through which an operation arrives. `forwarded`: another node, which has counted it as well, forwarded the call. */
export const apis = ['pipeline', 'unary', 'rest', 'forwarded'] as const;
export type OperationApi = (typeof apis)[number];

export const operationMethods = [
  'get',
  'put',
  'delete',
  'increment',
  'append',
  'setRange',
  'getAndSet',
  'getAndDelete',
  'transact',
  'touch',
  'persist',
] as const;
export type Method = (typeof operationMethods)[number];

/** The counts of one method of one API. */
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

  /** Number of failures by code. */
  get failures(): Iterable<[ErrorCode, number]> {
    return this.#failed;
  }
}

export type ApiCounts = Readonly<Record<Method, MethodCounts>>;
export type OperationCounts = Readonly<Record<OperationApi, ApiCounts>>;

/** Creates the counts. @param observerOf returns the function that records a duration of an operation. */
export function countOperations(observerOf: (api: OperationApi, method: Method) => (seconds: number) => void): OperationCounts {
  const ofApi = (api: OperationApi): ApiCounts => {
    const counts = operationMethods.map((method) => [method, new MethodCounts(observerOf(api, method))] as const);
    return Object.fromEntries(counts) as Record<Method, MethodCounts>;
  };
  return { pipeline: ofApi('pipeline'), unary: ofApi('unary'), rest: ofApi('rest'), forwarded: ofApi('forwarded') };
}
