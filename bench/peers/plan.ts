/** What the client process is told, and what it tells at its end. */
import type { Scenario, StoreName } from './scenarios.js';

export interface ClientPlan {
  readonly store: StoreName;
  readonly addresses: readonly string[];
  readonly scenario: Scenario;
  /** Write every key first. */
  readonly prefill: boolean;
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly seed: number;
}

export interface Measured {
  /** Of successful operations. With pace `half`: the highest rate, while the times are those at half of it. */
  readonly operationsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
  readonly firstFailure: string | undefined;
  /** Of the whole client process, for each operation at the highest rate. */
  readonly clientCpuMicroseconds: number;
}
