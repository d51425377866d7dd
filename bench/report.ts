/** Formats the result for people. */
import Table from 'cli-table3';
import type { BenchResult, Latency, OperationResult } from './result.js';

export function renderReport(result: BenchResult): string {
  const sections = [operations(result), describeLoop(result), summary(result), outages(result), verification(result)];
  return `${sections.filter((section) => section !== '').join('\n')}\n`;
}

function operations({ reads, writes }: BenchResult): string {
  const head = ['', 'succeeded', 'failed', 'per second', 'p50 ms', 'p90 ms', 'p99 ms', 'p99.9 ms', 'max ms'];
  const colAligns = head.map((_, index): 'left' | 'right' => (index === 0 ? 'left' : 'right'));
  const table = new Table({ head, colAligns, style: { head: [], border: [] } });
  table.push(row('reads', reads), row('writes', writes));
  return table.toString();
}

function row(name: string, { succeeded, failed, operationsPerSecond, latencyMs }: OperationResult): string[] {
  const names = ['p50', 'p90', 'p99', 'p999', 'max'] as const satisfies readonly (keyof Latency)[];
  const latencies = names.map((percentile) => latencyMs?.[percentile].toFixed(2) ?? '-');
  return [name, String(succeeded), String(failed), operationsPerSecond.toFixed(0), ...latencies];
}

/** Explains the meaning of the latencies. */
export function describeLoop({ workload, schedule, reads, writes }: BenchResult): string {
  const { rate, inFlight } = workload;
  if (rate === undefined || schedule === undefined)
    return 'closed loop: latencies count from the moment of sending, so they leave out operations that a stall prevented';
  const { scheduled, heldBack, neverSent } = schedule;
  const lines = [`open loop at ${rate} operations/s: ${scheduled} scheduled; latencies count from the scheduled time`];
  if (reads.failed + writes.failed > 0) lines.push('operations that failed are in no percentile');
  if (heldBack > 0) lines.push(`${heldBack} were sent late, because all ${inFlight} places in flight of their thread were taken`);
  if (neverSent > 0) lines.push(`${neverSent} WERE NEVER SENT and are in no figure: the cluster did not keep up with this rate`);
  return lines.join('\n');
}

function summary({ operationsPerSecond, elapsedMs, errorsByCode, keysNotPrefilled }: BenchResult): string {
  const lines = [`${operationsPerSecond.toFixed(0)} operations/s over ${(elapsedMs / 1_000).toFixed(1)} s`];
  const errors = Object.entries(errorsByCode).map(([code, count]) => `${code} ${count}`);
  if (errors.length > 0) lines.push(`errors: ${errors.join(', ')}`);
  if (keysNotPrefilled > 0) lines.push(`${keysNotPrefilled} keys could not be written beforehand`);
  return lines.join('\n');
}

function outages({ outages, primaryChanges }: BenchResult): string {
  const seconds = (timeMs: number) => (timeMs / 1_000).toFixed(2);
  const changes = primaryChanges.map(({ atMs, before, after }) => `primary ${before} -> ${after} at ${seconds(atMs)} s`);
  const pauses = outages.map(
    ({ fromMs, durationMs, primaryBefore, primaryAfter }) =>
      `no operation succeeded for ${durationMs.toFixed(0)} ms from ${seconds(fromMs)} s: primary ${primaryBefore} before, ${primaryAfter} after`,
  );
  return [...changes, ...pauses].join('\n');
}

function verification({ verification }: BenchResult): string {
  if (verification === undefined) return '';
  const { passed, keysRead, unreadable, violations } = verification;
  const lines = [`verification ${passed ? 'passed' : 'FAILED'}: ${keysRead} keys read back, ${violations.count} violations`];
  if (unreadable > 0) lines.push(`${unreadable} keys could not be read back`);
  for (const example of violations.examples) lines.push(`  ${example}`);
  if (violations.count > violations.examples.length) lines.push('  ...');
  return lines.join('\n');
}
