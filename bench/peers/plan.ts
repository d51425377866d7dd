/** The plan that the client process receives, and the result that it reports. */
import type { BenchScenario, StoreName } from './scenarios.js';

export interface ClientPlan {
  readonly store: StoreName;
  readonly addresses: readonly string[];
  readonly scenario: BenchScenario;
  /** Whether the client writes every key first. */
  readonly prefill: boolean;
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly seed: number;
}

export interface Measured {
  /**
   * The rate of successful operations. With pace `half` it is the highest rate, and the times are taken at half of it.
   */
  readonly operationsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
  readonly firstFailure: string | undefined;
  /** CPU time of the whole client process per operation at the highest rate. */
  readonly clientCpuMicroseconds: number;
}
