import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import type { BenchResult, OperationResult } from '../result.js';
import type { BenchRun } from '../run.js';
import type { Point, PointOfKind } from '../time-series.js';
import { escapeHtml, jsonForScript, programForScript, styleForPage } from './escape.js';
import { renderPage } from './page.js';
import { toPageData } from './page-data.js';
import { readPageParts } from './report-file.js';

const hostile = `</script><script>alert('1')</script><!--"&`;

const latencyMs = { p50: 1, p90: 2, p99: 3, p999: 4, max: 5 };
const operations: OperationResult = { succeeded: 10, failed: 0, operationsPerSecond: 20, latencyMs };
const some: PointOfKind = { succeeded: 5, failed: 0, latencyMs: { p50: 1.23456, p99: 2, max: 3 } };
const none: PointOfKind = { succeeded: 0, failed: 0, latencyMs: undefined };

function run(result: Partial<BenchResult> = {}, points: readonly Point[] = []): BenchRun {
  const workload = {
    threads: 2,
    durationMs: 500,
    keyspace: 10,
    api: 'pipeline',
    transport: 'auto',
    distribution: 'zipf',
    readRatio: 0.5,
    valueBytes: 100,
    inFlight: 16,
    seed: 1,
    deadlineMs: 1_000,
    prefill: true,
    verify: false,
  } as const;
  const usual: BenchResult = {
    workload,
    loop: 'closed',
    elapsedMs: 450,
    operationsPerSecond: 40,
    reads: operations,
    writes: operations,
    errorsByCode: {},
    keysNotPrefilled: 0,
    outages: [],
    primaryChanges: [],
    verification: undefined,
  };
  return { result: { ...usual, ...result }, startedAt: new Date(0), intervalMs: 100, points };
}

describe('data of the page', () => {
  test('rates and latencies - an empty interval is a zero and a gap, the last one has no rate', () => {
    const points = [
      { index: 0, read: some, write: none },
      { index: 2, read: some, write: some },
      { index: 4, read: some, write: none },
    ];
    const { times, charts } = toPageData(run({}, points));
    expect(times).toEqual([0, 0.1, 0.2, 0.3, 0.4]);
    const columns = charts.map((chart) => chart.lines.map(({ label, values }) => [label, values]));
    expect(columns).toEqual([
      [
        ['reads', [50, 0, 50, 0, null]],
        ['writes', [0, 0, 50, 0, null]],
      ],
      [
        ['p50', [1.235, null, 1.235, null, 1.235]],
        ['p99', [2, null, 2, null, 2]],
        ['max', [3, null, 3, null, 3]],
      ],
      [
        ['p50', [null, null, 1.235, null, null]],
        ['p99', [null, null, 2, null, null]],
        ['max', [null, null, 3, null, null]],
      ],
    ]);
  });

  test('errors - are a line if there are any, and a kind without a success has no chart of latencies', () => {
    const failed = { succeeded: 0, failed: 3, operationsPerSecond: 0, latencyMs: undefined };
    const { charts } = toPageData(run({ writes: failed }, [{ index: 1, read: none, write: { ...none, failed: 3 } }]));
    expect(charts.map(({ title }) => title)).toEqual(['Throughput', 'Latency of reads']);
    expect(charts[0]!.lines[2]).toMatchObject({ label: 'errors', values: [0, 30, 0, 0, null] });
  });

  test('outages and changes of primary - in seconds', () => {
    const { outages, changes } = toPageData(run(failover('n1', 'n2')));
    expect(outages).toEqual([{ from: 1, to: 2.5 }]);
    expect(changes).toEqual([{ at: 2.4, label: 'n1 → n2' }]);
  });
});

describe('page', () => {
  test('text from outside - never becomes markup', async () => {
    const outside = { ...failover(hostile, hostile), errorsByCode: { [hostile]: 3 } };
    const page = await rendered(run(outside));
    expect(page).not.toContain('<script>alert');
    expect(page).not.toContain("alert('1')</script>");
    expect(page.match(/<script/g)).toHaveLength(3);
    expect(page.match(/<\/script>/g)).toHaveLength(3);
    expect(page.match(/<!--/g)).toBeNull();
    const json = /<script type="application\/json" id="data">(.*)<\/script>/.exec(page)![1]!;
    expect(JSON.parse(json).changes[0].label).toBe(`${hostile} → ${hostile}`);
  });

  test('its programs - parse inside the page, and fetch nothing', async () => {
    const page = await rendered(run());
    const [library, charts] = [...page.matchAll(/<script(?: type="module")?>(.*?)<\/script>/gs)].map(([, program]) => program!);
    expect(runInNewContext(`${library}; typeof uPlot`)).toBe('function');
    expect(() => new Function(charts!.replace('export {};', ''))).not.toThrow();
    expect(page).not.toMatch(/<[^>]* (src|href)=|@import(?! \{)|url\(|sourceMappingURL/);
    expect(library).toContain('Permission is hereby granted');
  });

  test('without a failure - the page states that', async () => {
    const page = await rendered(run());
    expect(page).toContain('<h2>Outages and changes of primary</h2><p>None.</p>');
    expect(page).toContain('<h2>Errors</h2><p>None.</p>');
    expect(page).not.toContain('<h2>Verification</h2>');
    expect(page).toContain('<dd>none</dd><dt>outage</dt>');
  });

  test('with failures - each outage and each change is a row, in order of time', async () => {
    const { outages, primaryChanges } = failover('n1', 'n2');
    const later = outages.map((outage) => ({ ...outage, fromMs: 9_000, durationMs: 300 }));
    const verification = { passed: false, keysRead: 9, unreadable: 1, violations: { count: 1, examples: ['a <missing> write'] } };
    const page = await rendered(
      run({ outages: [...outages, ...later], primaryChanges, verification, errorsByCode: { TIMEOUT: 2 } }),
    );
    const rows = [...page.matchAll(/<th scope="row">([\d.]+ s)<\/th><td>([^<]*)<\/td><td>([^<]*)<\/td>/g)].map((row) =>
      row.slice(1),
    );
    expect(rows).toEqual([
      ['1.00 s', 'no operation succeeded', '1500 ms'],
      ['2.40 s', 'change of primary', ''],
      ['9.00 s', 'no operation succeeded', '300 ms'],
    ]);
    expect(page).toContain('<dd>1500 ms</dd><dt>longest outage</dt>');
    expect(page).toContain('FAILED: 9 keys read back, 1 violations.');
    expect(page).toContain('a &lt;missing&gt; write');
    expect(page).toContain('<th scope="row">TIMEOUT</th><td>2</td>');
  });
});

test('escaping - is right for each place in the page', () => {
  expect(escapeHtml(`<a href="x" title='y'>&amp;`)).toBe('&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;');
  expect(jsonForScript({ id: hostile })).not.toContain('<');
  expect(JSON.parse(jsonForScript({ id: hostile }))).toEqual({ id: hostile });
  expect(programForScript(`a < b; "${'</SCRIPT>'}<!--<script"`)).toBe(String.raw`a < b; "\x3c/SCRIPT>\x3c!--\x3cscript"`);
  expect(styleForPage('a::after { content: "</style>" }')).toBe(String.raw`a::after { content: "\3c /style>" }`);
});

function failover(before: string, after: string): Pick<BenchResult, 'outages' | 'primaryChanges'> {
  return {
    outages: [{ fromMs: 1_000, durationMs: 1_500, primaryBefore: before, primaryAfter: after }],
    primaryChanges: [{ atMs: 2_400, before, after }],
  };
}

async function rendered(what: BenchRun): Promise<string> {
  return renderPage(what, await readPageParts());
}
