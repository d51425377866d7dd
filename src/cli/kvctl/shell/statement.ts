/**
 * Parses a typed line. Its commands are those of the command line. A few can also be typed in capitals. Then all
 * operands are data, never options or @file, even if they begin with - or @. Pure.
 */
import { KvError } from '../../../errors.js';
import { splitWords } from './split-words.js';

export type Statement =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'help' }
  | { readonly kind: 'exit' }
  /** `words`: as on the command line of the process. */
  | { readonly kind: 'command'; readonly words: readonly string[] };

const operandsAreData: Readonly<Record<string, string>> = {
  GET: 'get',
  DELETE: 'delete',
  GETDEL: 'getdel',
  MGET: 'mget',
  TTL: 'ttl',
  TOUCH: 'touch',
  PERSIST: 'persist',
  LOCATE: 'locate',
};
/** The last operand of these is a value. */
const endInValue: Readonly<Record<string, { readonly name: string; readonly operands: readonly string[] }>> = {
  PUT: { name: 'put', operands: ['key', 'value'] },
  APPEND: { name: 'append', operands: ['key', 'value'] },
  GETSET: { name: 'getset', operands: ['key', 'value'] },
  SETRANGE: { name: 'setrange', operands: ['key', 'offset', 'value'] },
};
const others: Readonly<Record<string, string>> = {
  LIST_NODES: 'nodes',
  NODES: 'nodes',
  INCREMENT: 'increment',
  TRANSACT: 'transact',
  INFO: 'info',
  STATUS: 'status',
  KEYS: 'keys',
};

/** The commands that can be typed in capitals, for completion. */
export const capitals: readonly string[] = [
  ...Object.keys(endInValue),
  ...Object.keys(operandsAreData),
  ...Object.keys(others),
  ...['HELP', 'EXIT'],
];

/** @throws KvError INVALID_OPTION */
export function parseStatement(line: string): Statement {
  const words = splitWords(line);
  const [first, ...rest] = words;
  if (first === undefined || line.trimStart().startsWith('#')) return { kind: 'nothing' };
  if (['exit', 'quit', 'EXIT', 'QUIT'].includes(first)) return { kind: 'exit' };
  if (['help', 'HELP', '?'].includes(first))
    return rest.length === 0 ? { kind: 'help' } : { kind: 'command', words: helpFor(rest) };
  if (Object.hasOwn(endInValue, first)) return { kind: 'command', words: withValue(first, rest) };
  const dataCommand = operandsAreData[first];
  if (dataCommand !== undefined) return { kind: 'command', words: [dataCommand, '--', ...rest] };
  return { kind: 'command', words: [others[first] ?? first, ...rest] };
}

function helpFor(words: readonly string[]): string[] {
  return [...words.map((word) => others[word] ?? word.toLowerCase()), '--help'];
}

function withValue(capital: string, given: readonly string[]): string[] {
  const { name, operands } = endInValue[capital]!;
  if (given.length !== operands.length)
    throw new KvError(
      'INVALID_OPTION',
      `usage: ${capital} ${operands.join(' ')}; ${given.length} words given. ` +
        'Put quotes around a value with blanks: PUT user:1 "Alice Smith"',
    );
  return [name, `--value=${given.at(-1)}`, '--', ...given.slice(0, -1)];
}
