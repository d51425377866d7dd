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
  MGET: 'mget',
  TTL: 'ttl',
  TOUCH: 'touch',
  PERSIST: 'persist',
  LOCATE: 'locate',
};
const others: Readonly<Record<string, string>> = {
  LIST_NODES: 'nodes',
  NODES: 'nodes',
  INFO: 'info',
  STATUS: 'status',
  KEYS: 'keys',
};

/** The commands that can be typed in capitals, for completion. */
export const capitals: readonly string[] = ['PUT', ...Object.keys(operandsAreData), ...Object.keys(others), 'HELP', 'EXIT'];

/** @throws KvError INVALID_OPTION */
export function parseStatement(line: string): Statement {
  const words = splitWords(line);
  const [first, ...rest] = words;
  if (first === undefined || line.trimStart().startsWith('#')) return { kind: 'nothing' };
  if (['exit', 'quit', 'EXIT', 'QUIT'].includes(first)) return { kind: 'exit' };
  if (['help', 'HELP', '?'].includes(first))
    return rest.length === 0 ? { kind: 'help' } : { kind: 'command', words: helpFor(rest) };
  if (first === 'PUT') return { kind: 'command', words: put(rest) };
  const dataCommand = operandsAreData[first];
  if (dataCommand !== undefined) return { kind: 'command', words: [dataCommand, '--', ...rest] };
  return { kind: 'command', words: [others[first] ?? first, ...rest] };
}

function helpFor(words: readonly string[]): string[] {
  return [...words.map((word) => others[word] ?? word.toLowerCase()), '--help'];
}

function put(operands: readonly string[]): string[] {
  const [key, value] = operands;
  if (key === undefined || value === undefined || operands.length > 2)
    throw new KvError(
      'INVALID_OPTION',
      `usage: PUT key value; ${operands.length} words given. Put quotes around a value with blanks: PUT user:1 "Alice Smith"`,
    );
  return ['put', `--value=${value}`, '--', key];
}
