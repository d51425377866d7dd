/**
 * The APIs for an operation, and everything in which they differ once the operation is decoded. Checks, error texts and
 * counters are the same for all of them.
 */
import type { ApiCounts, OperationApi, OperationCounts } from '../../metrics/index.js';

/** A single call waits this long unless its caller sets a deadline; its write waits this long whatever the deadline. */
export const singleCallWaitMs = 10_000;

export interface ApiTraits {
  /** Counters and durations of this api. */
  readonly counts: ApiCounts;
  /** Whether another node has forwarded the operation: it is never forwarded twice, and the refusal is NOT_PRIMARY. */
  readonly isForwarded: boolean;
  /** Whether every operation gets a span, or only one that carries a trace. */
  readonly tracesAll: boolean;
  /**
   * A write that is not committed after this time is answered with OUTCOME_UNKNOWN. Undefined: it waits until its outcome is
   * known, and the client gives up at its own deadline.
   */
  readonly maxWriteWaitMs: number | undefined;
}

export type ApiTraitsTable = Readonly<Record<OperationApi, ApiTraits>>;

export function traitsOfApis({ pipeline, unary, rest, forwarded }: OperationCounts): ApiTraitsTable {
  return {
    pipeline: { counts: pipeline, isForwarded: false, tracesAll: false, maxWriteWaitMs: undefined },
    unary: { counts: unary, isForwarded: false, tracesAll: true, maxWriteWaitMs: singleCallWaitMs },
    rest: { counts: rest, isForwarded: false, tracesAll: true, maxWriteWaitMs: singleCallWaitMs },
    forwarded: { counts: forwarded, isForwarded: true, tracesAll: true, maxWriteWaitMs: singleCallWaitMs },
  };
}
