/** Formats a contradiction as a small table. Times are in milliseconds from its first operation. Pure. */
import type { Contradiction } from './contradiction.js';
import type { Call, Comparison, KeyedCall, Operation, Outcome, SingleCall } from './history.js';

const shownMentioned = 5;
const shownAnswered = 40;
const keyColumn = 4;

/** As people read it. */
export function namedList(keys: readonly string[]): string {
  return `${keys.length > 1 ? 'keys' : 'key'} ${keys.join(', ')}`;
}

export function renderContradiction({ keys, answered, mentioned }: Contradiction): string {
  const shown = mentioned.slice(0, shownMentioned);
  const last = answered.slice(-shownAnswered);
  const earlier = answered.length - last.length;
  const startUs = Math.min(...[...last, ...shown].map(({ invokedAtUs }) => invokedAtUs));
  const line = (one: Operation, note: string): string[] => [
    note,
    one.client,
    milliseconds(one.invokedAtUs - startUs),
    milliseconds(one.returnedAtUs - startUs),
    keys.length > 1 ? one.key : '',
    describeCall(one.call),
    describeOutcome(one.outcome),
  ];
  const rows = [
    ['', 'client', 'from ms', 'to ms', keys.length > 1 ? 'key' : '', 'call', 'outcome'],
    ...last.map((one) => line(one, '')),
    ...shown.map((one) => line(one, 'see also')),
  ];
  const shownRows = keys.length > 1 ? rows : rows.map((row) => row.filter((_, column) => column !== keyColumn));
  const beside = earlier === 0 ? '' : `, besides ${earlier} earlier ones`;
  return [`${namedList(keys)}: these answers cannot all be true${beside}`, ...aligned(shownRows)].join('\n');
}

function milliseconds(timeUs: number): string {
  return (timeUs / 1_000).toFixed(3);
}

function describeCall(call: Call): string {
  if (call.kind !== 'transact') return describeKeyCall(call);
  const { compares, operations, otherwise } = call;
  const condition = compares.length === 0 ? '' : `if ${compares.map(describeComparison).join(', ')}: `;
  const rest = otherwise.length === 0 ? '' : `; otherwise ${describeList(otherwise)}`;
  return `${condition}${describeList(operations)}${rest}`;
}

function describeList(operations: readonly KeyedCall[]): string {
  return operations.map(({ key, call }) => `${key} ${describeKeyCall(call)}`).join(', ') || 'nothing';
}

function describeKeyCall(call: SingleCall): string {
  switch (call.kind) {
    case 'put':
    case 'delete': {
      const condition = describeCondition(call);
      return `${call.kind}${call.kind === 'put' ? ` ${call.value}` : ''}${condition && ` if ${condition}`}`;
    }
    case 'get':
    case 'getAndDelete':
      return call.kind;
    case 'increment':
      return `increment by ${call.by}${call.min === undefined ? '' : ` not below ${call.min}`}${call.max === undefined ? '' : ` not above ${call.max}`}`;
    case 'setRange':
      return `setRange from ${call.offset} ${call.value}`;
    default:
      return `${call.kind} ${call.value}`;
  }
}

function describeComparison({ key, exists, ...condition }: Comparison): string {
  const known = exists === undefined ? [] : [exists ? 'exists' : 'is missing'];
  return `${key} ${[...known, ...[describeCondition(condition)].filter((text) => text !== '')].join(' and ')}`;
}

function describeCondition({ ifVersion, ifValue }: Omit<Comparison, 'key'>): string {
  const parts = [ifVersion === undefined ? '' : `at ${ifVersion}`, ifValue === undefined ? '' : `is ${ifValue}`];
  return parts.filter((part) => part !== '').join(' and ');
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
    case 'replaced':
      return `done, version ${outcome.version}, was ${outcome.value ?? 'missing'} at ${outcome.previousVersion}`;
    case 'sum':
      return `${outcome.value}, version ${outcome.version}`;
    case 'length':
      return `${outcome.valueBytes} bytes, version ${outcome.version}`;
    case 'transacted':
      return `${outcome.held ? 'held' : 'otherwise'}, version ${outcome.version}: ${outcome.results.map(describeOutcome).join('; ')}`;
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
