/** The result of a run: the object that `--json` prints. */
import type { Histogram } from './histogram.js';
import type { ScheduleCounts } from './open-loop.js';
import type { WorkloadOptions } from './options.js';
import { type Gap, outagesOf, smallestOutageMs } from './outages.js';
import type { PrimaryTimeline } from './primaries.js';
import type { TimeSeries, Totals } from './time-series.js';
import type { VerificationResult } from './violations.js';

export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface OperationResult {
  readonly succeeded: number;
  readonly failed: number;
  readonly operationsPerSecond: number;
  /** The latency of successful operations; undefined if there was none. */
  readonly latencyMs: Latency | undefined;
}

export interface OutageResult {
  /** The time since the start of the measurement. */
  readonly fromMs: number;
  readonly durationMs: number;
  readonly primaryBefore: string;
  readonly primaryAfter: string;
}

export interface BenchResult {
  readonly workload: WorkloadOptions;
  /**
   * `open`: operations were sent on schedule, and latencies count from the scheduled time. `closed`: an operation was
   * sent when the one before it had ended, and latencies count from then. Operations that a stall prevented are in no
   * percentile.
   */
  readonly loop: 'open' | 'closed';
  /** Only in an open loop. */
  readonly schedule?: ScheduleCounts;
  /** The time from the start to the end of the last operation. */
  readonly elapsedMs: number;
  readonly operationsPerSecond: number;
  readonly reads: OperationResult;
  readonly writes: OperationResult;
  readonly errorsByCode: Readonly<Record<string, number>>;
  readonly keysNotPrefilled: number;
  readonly outages: readonly OutageResult[];
  readonly primaryChanges: readonly { readonly atMs: number; readonly before: string; readonly after: string }[];
  readonly verification: (VerificationResult & { readonly passed: boolean }) | undefined;
}

export interface RunFacts {
  readonly workload: WorkloadOptions;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly totals: TimeSeries['totals'];
  /** The counts of each thread; empty for closed loops. */
  readonly schedules: readonly ScheduleCounts[];
  readonly errorsByThread: readonly Readonly<Record<string, number>>[];
  readonly gapsByThread: readonly (readonly Gap[])[];
  readonly timeline: PrimaryTimeline;
  readonly keysNotPrefilled: number;
  readonly verifications: readonly VerificationResult[] | undefined;
}

/** The client may learn of a new primary this much later than its first answer. */
const changeDelayMs = 1_000;

export function toResult(facts: RunFacts): BenchResult {
  const { workload, startedAtMs, endedAtMs, timeline } = facts;
  const { read, write } = facts.totals;
  const elapsedMs = endedAtMs - startedAtMs;
  return {
    workload,
    ...(workload.rate === undefined ? { loop: 'closed' } : { loop: 'open', schedule: sumOf(facts.schedules) }),
    elapsedMs: round(elapsedMs),
    operationsPerSecond: perSecond(read.succeeded + write.succeeded, elapsedMs),
    reads: operationResult(read, elapsedMs),
    writes: operationResult(write, elapsedMs),
    errorsByCode: sumByCode(facts.errorsByThread),
    keysNotPrefilled: facts.keysNotPrefilled,
    outages: outagesOf(facts.gapsByThread, smallestOutageMs(workload)).map((gap) => ({
      fromMs: round(gap.fromMs - startedAtMs),
      durationMs: round(gap.toMs - gap.fromMs),
      primaryBefore: timeline.at(gap.fromMs),
      primaryAfter: timeline.at(gap.toMs + changeDelayMs),
    })),
    primaryChanges: timeline.changes
      .filter((change) => change.atMs >= startedAtMs)
      .map(({ atMs, before, primary }) => ({ atMs: round(atMs - startedAtMs), before, after: primary })),
    verification: facts.verifications && combine(facts.verifications),
  };
}

function sumOf(parts: readonly ScheduleCounts[]): ScheduleCounts {
  const sum = (of: keyof ScheduleCounts) => parts.reduce((total, part) => total + part[of], 0);
  return { scheduled: sum('scheduled'), heldBack: sum('heldBack'), neverSent: sum('neverSent') };
}

function sumByCode(parts: RunFacts['errorsByThread']): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const [code, count] of parts.flatMap(Object.entries<number>)) sum[code] = (sum[code] ?? 0) + count;
  return sum;
}

function combine(parts: readonly VerificationResult[]): VerificationResult & { passed: boolean } {
  const sum = (of: (part: VerificationResult) => number) => parts.reduce((total, part) => total + of(part), 0);
  const unreadable = sum((part) => part.unreadable);
  const count = sum((part) => part.violations.count);
  const examples = parts.flatMap((part) => part.violations.examples);
  const passed = unreadable === 0 && count === 0;
  return { passed, keysRead: sum((part) => part.keysRead), unreadable, violations: { count, examples } };
}

function operationResult({ succeeded, failed, latencies }: Totals, elapsedMs: number): OperationResult {
  const latencyMs = succeeded === 0 ? undefined : latencyOf(latencies);
  return { succeeded, failed, operationsPerSecond: perSecond(succeeded, elapsedMs), latencyMs };
}

function latencyOf(histogram: Histogram): Latency {
  const at = (percent: number) => histogram.percentile(percent) / 1_000;
  return { p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: histogram.max / 1_000 };
}

function perSecond(count: number, elapsedMs: number): number {
  return round((count * 1_000) / elapsedMs);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
