/**
 * Renders the whole page as one string. The tables are HTML and need no script; the browser draws the charts. Pure.
 */
import type { WorkloadOptions } from '../options.js';
import { describeLoop } from '../report.js';
import type { BenchResult, OperationResult } from '../result.js';
import type { BenchRun } from '../run.js';
import { escapeHtml, jsonForScript, programForScript, styleForPage } from './escape.js';
import { toPageData } from './page-data.js';

/** The parts that go into the page unchanged. */
export interface PageParts {
  readonly version: string;
  readonly libraryProgram: string;
  readonly libraryStyle: string;
  /** The library's licence, which must accompany it. */
  readonly libraryLicence: string;
  readonly chartsProgram: string;
  readonly style: string;
}

type Cell = string | number;

export function renderPage(run: BenchRun, parts: PageParts): string {
  const { result, startedAt, intervalMs } = run;
  const started = startedAt.toISOString();
  const seconds = (result.elapsedMs / 1_000).toFixed(1);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>kvbench ${escapeHtml(started)}</title>
<style>${styleForPage(parts.libraryStyle)}</style>
<style>${styleForPage(parts.style)}</style>
</head>
<body>
<header>
<h1>kvbench</h1>
<p>${escapeHtml(started)}, ${seconds} s, kvnode ${escapeHtml(parts.version)}</p>
</header>
${headline(result)}
<section id="charts"><noscript>The charts need JavaScript; the tables do not.</noscript></section>
<p class="hint">Intervals of ${intervalMs} ms, seconds since the start. Shaded: no operation succeeded. Dashed: another primary.
Drag to zoom, double-click to see all.</p>
${section('Outages and changes of primary', events(result))}
${section('Operations', operations(result) + loop(result))}
${section('Errors', errors(result))}
${section('Verification', verification(result))}
${section('Workload', workload(result.workload))}
<script type="application/json" id="data">${jsonForScript(toPageData(run))}</script>
<script>
/*!
${programForScript(parts.libraryLicence.replaceAll('*/', '* /'))}
*/
${programForScript(parts.libraryProgram)}
</script>
<script type="module">
${programForScript(parts.chartsProgram)}
</script>
</body>
</html>
`;
}

function headline({ operationsPerSecond, reads, writes, outages }: BenchResult): string {
  const longestMs = Math.max(0, ...outages.map(({ durationMs }) => durationMs));
  const figures: [string, string][] = [
    [operationsPerSecond.toFixed(0), 'operations/s'],
    [milliseconds(reads.latencyMs?.p99), 'p99 of reads'],
    [milliseconds(writes.latencyMs?.p99), 'p99 of writes'],
    [String(reads.failed + writes.failed), 'errors'],
    [outages.length === 0 ? 'none' : `${longestMs.toFixed(0)} ms`, outages.length > 1 ? 'longest outage' : 'outage'],
  ];
  const items = figures.map(([figure, what]) => `<div><dd>${escapeHtml(figure)}</dd><dt>${escapeHtml(what)}</dt></div>`);
  return `<dl class="figures">${items.join('')}</dl>`;
}

function section(title: string, content: string): string {
  return content === '' ? '' : `<section><h2>${escapeHtml(title)}</h2>${content}</section>`;
}

function events({ outages, primaryChanges }: BenchResult): string {
  const outageRows = outages.map(({ fromMs, durationMs, primaryBefore, primaryAfter }) => ({
    atMs: fromMs,
    cells: ['no operation succeeded', `${durationMs.toFixed(0)} ms`, primaryBefore, primaryAfter],
  }));
  const changeRows = primaryChanges.map(({ atMs, before, after }) => ({
    atMs,
    cells: ['change of primary', '', before, after],
  }));
  const rows = [...outageRows, ...changeRows].sort((one, other) => one.atMs - other.atMs);
  if (rows.length === 0) return '<p>None.</p>';
  return table(
    ['at', 'what', 'for', 'primary before', 'primary after'],
    rows.map(({ atMs, cells }) => [`${(atMs / 1_000).toFixed(2)} s`, ...cells]),
  );
}

function operations({ reads, writes }: BenchResult): string {
  const head = ['', 'succeeded', 'failed', 'per second', 'p50', 'p90', 'p99', 'p99.9', 'max'];
  return table(head, [operationRow('reads', reads), operationRow('writes', writes)]);
}

function loop(result: BenchResult): string {
  return describeLoop(result)
    .split('\n')
    .map((line) => `<p>${escapeHtml(line[0]!.toUpperCase() + line.slice(1))}.</p>`)
    .join('');
}

function operationRow(name: string, { succeeded, failed, operationsPerSecond, latencyMs }: OperationResult): Cell[] {
  const latencies = (['p50', 'p90', 'p99', 'p999', 'max'] as const).map((which) => milliseconds(latencyMs?.[which]));
  return [name, succeeded, failed, operationsPerSecond.toFixed(0), ...latencies];
}

function errors({ errorsByCode }: BenchResult): string {
  const rows = Object.entries(errorsByCode).sort(([, one], [, other]) => other - one);
  return rows.length === 0 ? '<p>None.</p>' : table(['code', 'count'], rows);
}

function verification({ verification, keysNotPrefilled }: BenchResult): string {
  const lines = keysNotPrefilled > 0 ? [`${keysNotPrefilled} keys could not be written beforehand.`] : [];
  if (verification !== undefined) {
    const { passed, keysRead, unreadable, violations } = verification;
    lines.push(`${passed ? 'Passed' : 'FAILED'}: ${keysRead} keys read back, ${violations.count} violations.`);
    if (unreadable > 0) lines.push(`${unreadable} keys could not be read back.`);
    lines.push(...violations.examples);
  }
  return lines.map((line) => `<p>${escapeHtml(line)}</p>`).join('');
}

function workload(options: WorkloadOptions): string {
  const rows: Cell[][] = [
    ['threads', options.threads],
    ['api', options.api],
    ['transport', options.transport],
    ['loop', options.rate === undefined ? 'closed' : `open, ${options.rate} operations/s scheduled`],
    [options.rate === undefined ? 'in flight, each' : 'in flight, each, at most', options.inFlight],
    ['duration', `${options.durationMs / 1_000} s`],
    ['keys', options.keyspace],
    ['distribution', options.distribution],
    ['share of reads', options.readRatio],
    ['bytes in a value', options.valueBytes],
    ['deadline', `${options.deadlineMs} ms`],
    ['seed', options.seed],
    ['written beforehand', options.prefill ? 'yes' : 'no'],
    ['verified', options.verify ? 'yes' : 'no'],
  ];
  return table([], rows);
}

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const headCells = head.map((cell) => `<th scope="col">${escapeHtml(cell)}</th>`).join('');
  const thead = head.length === 0 ? '' : `<thead><tr>${headCells}</tr></thead>`;
  const body = rows.map(([first, ...rest]) => {
    const cells = rest.map((cell) => `<td>${escapeHtml(String(cell))}</td>`).join('');
    return `<tr><th scope="row">${escapeHtml(String(first))}</th>${cells}</tr>`;
  });
  return `<div class="wide"><table>${thead}<tbody>${body.join('')}</tbody></table></div>`;
}

function milliseconds(latencyMs: number | undefined): string {
  return latencyMs === undefined ? '–' : `${latencyMs.toFixed(2)} ms`;
}
