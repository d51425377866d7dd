/** Formats a contradiction as a small table. Times are in milliseconds from its first operation. Pure. */
import type { Contradiction } from './contradiction.js';
import type { Call, Operation, Outcome } from './history.js';

const shownMentioned = 5;

export function renderContradiction({ key, answered, mentioned }: Contradiction): string {
  const shown = mentioned.slice(0, shownMentioned);
  const startUs = Math.min(...[...answered, ...shown].map(({ invokedAtUs }) => invokedAtUs));
  const line = (one: Operation, note: string): string[] => [
    note,
    one.client,
    milliseconds(one.invokedAtUs - startUs),
    milliseconds(one.returnedAtUs - startUs),
    describeCall(one.call),
    describeOutcome(one.outcome),
  ];
  const rows = [
    ['', 'client', 'from ms', 'to ms', 'call', 'outcome'],
    ...answered.map((one) => line(one, '')),
    ...shown.map((one) => line(one, 'see also')),
  ];
  return [`key ${key}: these answers cannot all be true`, ...aligned(rows)].join('\n');
}

function milliseconds(timeUs: number): string {
  return (timeUs / 1_000).toFixed(3);
}

function describeCall(call: Call): string {
  const condition = call.kind === 'get' || call.ifVersion === undefined ? '' : ` if at ${call.ifVersion}`;
  return call.kind === 'put' ? `put ${call.value}${condition}` : `${call.kind}${condition}`;
}

function describeOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'missing':
      return 'no such key';
    case 'found':
      return `${outcome.value} at ${outcome.version}`;
    case 'written':
      return `done, version ${outcome.version}`;
    case 'nothingToDelete':
      return 'nothing to delete';
    case 'mismatch':
      return `refused, the key is at ${outcome.version}`;
    default:
      return `${outcome.kind} (${outcome.code})`;
  }
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd());
}
