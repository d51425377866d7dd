/** Formats the outcome for the terminal. */
import Table from 'cli-table3';
import type { TrialOutcome } from './outcome.js';
import { goalsTable, ratesTable, type TableText } from './rows.js';

const leftAligned = ['goal', 'scenario', 'store', 'kvnode', 'wanted', 'reached'];

export function renderTables(outcome: TrialOutcome): string {
  const { failures, missing, stores } = outcome;
  return [
    `Medians of ${outcome.rounds} rounds of ${outcome.measureMs / 1_000} s, in brackets the lowest and the highest`,
    table(ratesTable(outcome)),
    'Goals: ratios round by round, with values of 100 bytes and 10,000 keys',
    table(goalsTable(outcome)),
    ...stores.map(({ note }) => `- ${note}`),
    ...missing.map(({ store, reason }) => `LEFT OUT: ${store}: ${reason}`),
    ...failures.map((failure) => `FAILED: ${failure}`),
    '',
  ].join('\n');
}

function table({ head, rows }: TableText): string {
  const colAligns = head.map((name) => (leftAligned.includes(name) ? 'left' : 'right'));
  const lines = new Table({ head: [...head], colAligns, style: { head: [], border: [], compact: true } });
  lines.push(...rows.map((row) => [...row]));
  return lines.toString();
}
