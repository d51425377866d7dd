/** The data of the page's charts: a column of numbers for each line, and the marks on all charts. Pure. */
import type { BenchRun } from '../run.js';
import type { PointOfKind } from '../time-series.js';

type Column = readonly (number | null)[];

export interface Chart {
  readonly title: string;
  readonly unit: string;
  /** True for latencies, which differ by orders of magnitude. */
  readonly logarithmic: boolean;
  readonly lines: readonly { readonly label: string; readonly colour: string; readonly values: Column }[];
}

/** All times are in seconds since the start of the measurement. */
export interface PageData {
  readonly times: readonly number[];
  readonly charts: readonly Chart[];
  readonly outages: readonly { readonly from: number; readonly to: number }[];
  readonly changes: readonly { readonly at: number; readonly label: string }[];
}

type RunFacts = Pick<BenchRun, 'intervalMs' | 'points' | 'result'>;

export function toPageData(run: RunFacts): PageData {
  const { intervalMs, points, result } = run;
  const known = new Map(points.map((point) => [point.index, point]));
  const count = Math.max(1, Math.ceil(result.elapsedMs / intervalMs), ...points.slice(-1).map(({ index }) => index + 1));
  const times = Array.from({ length: count }, (_, index) => (index * intervalMs) / 1_000);
  /**
   * An interval without an operation is a zero. The interval in which the run ended has no rate, since it is too
   * short.
   */
  const rates = (of: (point: (typeof points)[number]) => number): Column =>
    times.map((_, index) => {
      const point = known.get(index);
      if ((index + 1) * intervalMs > result.elapsedMs) return null;
      return point === undefined ? 0 : Math.round((of(point) * 1_000) / intervalMs);
    });
  const latencyChart = (title: string, kind: 'read' | 'write'): Chart => {
    const column = (of: 'p50' | 'p99' | 'max') => times.map((_, index) => latency(known.get(index)?.[kind], of));
    const lines = [
      { label: 'p50', colour: 'p50', values: column('p50') },
      { label: 'p99', colour: 'p99', values: column('p99') },
      { label: 'max', colour: 'max', values: column('max') },
    ];
    return { title, unit: 'ms', logarithmic: true, lines };
  };
  const throughput = [
    { label: 'reads', colour: 'reads', values: rates((point) => point.read.succeeded) },
    { label: 'writes', colour: 'writes', values: rates((point) => point.write.succeeded) },
  ];
  if (result.reads.failed + result.writes.failed > 0)
    throughput.push({ label: 'errors', colour: 'errors', values: rates(({ read, write }) => read.failed + write.failed) });
  const charts: Chart[] = [{ title: 'Throughput', unit: 'operations/s', logarithmic: false, lines: throughput }];
  if (result.reads.succeeded > 0) charts.push(latencyChart('Latency of reads', 'read'));
  if (result.writes.succeeded > 0) charts.push(latencyChart('Latency of writes', 'write'));
  return {
    times,
    charts,
    outages: result.outages.map(({ fromMs, durationMs }) => ({ from: fromMs / 1_000, to: (fromMs + durationMs) / 1_000 })),
    changes: result.primaryChanges.map(({ atMs, before, after }) => ({ at: atMs / 1_000, label: `${before} → ${after}` })),
  };
}

function latency(of: PointOfKind | undefined, name: 'p50' | 'p99' | 'max'): number | null {
  const value = of?.latencyMs?.[name];
  // A logarithmic scale has no zero.
  return value === undefined ? null : Math.max(0.001, Math.round(value * 1_000) / 1_000);
}
