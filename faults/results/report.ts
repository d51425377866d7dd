/** Formats results for people. */
import Table from 'cli-table3';
import type { ProfileResult } from './profile-result.js';

export function renderProfileReport(results: readonly ProfileResult[]): string {
  const sections = [operations(results), faults(results), ...results.flatMap(findings)];
  return `${sections.join('\n')}\n`;
}

function operations(results: readonly ProfileResult[]): string {
  const head = [
    'profile',
    'seconds',
    'answered',
    'refused',
    'unknown',
    'per second',
    'checked',
    'violations',
    'lost',
    'wrong sums',
    'invented',
    'undecided',
    '',
  ];
  return render(
    head,
    results.map((result) => [
      result.profile,
      result.loadSeconds.toFixed(0),
      ...[result.operations.answered, result.operations.refused, result.operations.unknown].map(String),
      result.operationsPerSecond.toFixed(0),
      String(result.checked),
      ...[result.violations, result.lostWrites, result.wrongSums, result.inventedValues, result.undecided].map(({ length }) =>
        String(length),
      ),
      result.passed ? 'passed' : 'FAILED',
    ]),
  );
}

function faults(results: readonly ProfileResult[]): string {
  const head = ['profile', 'rounds', 'faults', 'waited', 'waited s', 'without service ms: median', 'p99', 'max'];
  return render(
    head,
    results.map(({ profile, rounds, faults: counts, waits, waitedMs, withoutServiceMs: gaps }) => [
      profile,
      String(rounds),
      String(Object.values(counts).reduce((total, one) => total + one, 0)),
      String(waits),
      (waitedMs / 1_000).toFixed(1),
      ...[gaps?.median, gaps?.p99, gaps?.max].map((gapMs) => gapMs?.toFixed(0) ?? '-'),
    ]),
  );
}

function findings(result: ProfileResult): string[] {
  const lines = [`${result.profile}, seeds ${result.seeds.join(', ')}`];
  const counted = (what: string, counts: Readonly<Record<string, number>>): void => {
    const entries = Object.entries(counts).sort(([, one], [, other]) => other - one);
    if (entries.length > 0) lines.push(`  ${what}: ${entries.map(([name, count]) => `${name} ${count}`).join(', ')}`);
  };
  counted('faults', result.faults);
  counted('answered', result.kinds);
  counted('not answered', result.failures);
  counted('writes with an unknown outcome at the default deadline', result.unknownAtDefaultDeadline);
  for (const one of result.whyUnknown) lines.push(`    ${one}`);
  for (const [name, { median, max }] of Object.entries(result.withoutServiceMsAfter)) {
    lines.push(`  without service after ${name}: median ${median.toFixed(0)} ms, max ${max.toFixed(0)} ms`);
  }
  if (result.limitation !== undefined) lines.push(`  ${result.limitation}`);
  if (result.unreadKeys > 0) lines.push(`  ${result.unreadKeys} keys could not be read after the faults`);
  for (const [what, found] of [
    ['stuck', result.stuck],
    ['crash', result.crashes],
    ['violation', result.violations],
    ['lost write', result.lostWrites],
    ['wrong sum', result.wrongSums],
    ['invented value', result.inventedValues],
    ['undecided', result.undecided],
  ] as const) {
    for (const one of found) lines.push(`  ${what}: ${one.replaceAll('\n', '\n    ')}`);
  }
  return lines;
}

function render(head: string[], rows: readonly string[][]): string {
  const colAligns = head.map((_, index): 'left' | 'right' => (index === 0 ? 'left' : 'right'));
  const table = new Table({ head, colAligns, style: { head: [], border: [] } });
  table.push(...rows);
  return table.toString();
}
