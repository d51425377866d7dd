import { describe, expect, test } from 'vitest';
import { parseStatement } from './statement.js';

describe('kvctl - a typed line', () => {
  test.each<[string, string[]]>([
    ['put user:1 "Alice Smith"', ['put', 'user:1', 'Alice Smith']],
    ['put k \'it is "so" \\n\'', ['put', 'k', 'it is "so" \\n']],
    ['put k "a\\tb\\n\\"c\\""', ['put', 'k', 'a\tb\n"c"']],
    ['put k ""', ['put', 'k', '']],
    ['put k a\\ b', ['put', 'k', 'a b']],
    ['  get   k  ', ['get', 'k']],
    ['put k pre"fi x"\'ed\'', ['put', 'k', 'prefi xed']],
    ['PUT k -5', ['put', '--value=-5', '--', 'k']],
    ['PUT --json @file', ['put', '--value=@file', '--', '--json']],
    ['APPEND k --value', ['append', '--value=--value', '--', 'k']],
    ['GETSET k @file', ['getset', '--value=@file', '--', 'k']],
    ['SETRANGE -k 3 "a b"', ['setrange', '--value=a b', '--', '-k', '3']],
    ['GETDEL --raw', ['getdel', '--', '--raw']],
    ['INCREMENT n --by=-1', ['increment', 'n', '--by=-1']],
    ['TRANSACT \'{"do": []}\'', ['transact', '{"do": []}']],
    ['HELP TRANSACT', ['transact', '--help']],
    ['HELP SETRANGE', ['setrange', '--help']],
    ['GET --help', ['get', '--', '--help']],
    ['DELETE k', ['delete', '--', 'k']],
    ['TTL --json', ['ttl', '--', '--json']],
    ['TOUCH k 10s', ['touch', '--', 'k', '10s']],
    ['PERSIST k', ['persist', '--', 'k']],
    ['LIST_NODES', ['nodes']],
    ['INFO node-1 --json', ['info', 'node-1', '--json']],
    ['help put', ['put', '--help']],
    ['HELP LIST_NODES', ['nodes', '--help']],
    ['get help', ['get', 'help']],
  ])('%s', (line, words) => {
    expect(parseStatement(line)).toEqual({ kind: 'command', words });
  });

  test.each<[string, string]>([
    ['', 'nothing'],
    ['   \t', 'nothing'],
    ['# a comment', 'nothing'],
    ['help', 'help'],
    ['EXIT', 'exit'],
    ['quit', 'exit'],
  ])('"%s" is %s', (line, kind) => {
    expect(parseStatement(line).kind).toBe(kind);
  });

  test.each([
    ['put k "open', 'the quote " is not closed'],
    ['PUT user:1 Alice Smith', 'Put quotes around a value with blanks'],
    ['PUT user:1', 'usage: PUT key value'],
    ['SETRANGE k 1', 'usage: SETRANGE key offset value; 2 words given'],
  ])('%s is refused', (line, message) => {
    expect(() => parseStatement(line)).toThrow(message);
  });
});
