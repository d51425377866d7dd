/** Splits a typed line into words at blanks. Quotes keep blanks, as in a shell, but nothing is substituted. */
import { KvError } from '../../../errors.js';

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/**
 * Within '…' every character stands for itself. Elsewhere \ makes the next character literal, except that within "…" 
, \t and
 * \r stand for line feed, tab and carriage return. @throws KvError INVALID_OPTION if a quote is not closed.
 */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const character = line[at]!;
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "'" || character === '"') {
      const { text, end } = readQuoted(line, at);
      word = (word ?? '') + text;
      at = end;
    } else if (character === '\\' && at + 1 < line.length) {
      at += 1;
      word = (word ?? '') + line[at]!;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** `end`: the index of the closing quote. */
function readQuoted(line: string, start: number): { text: string; end: number } {
  const quote = line[start]!;
  let text = '';
  for (let at = start + 1; at < line.length; at++) {
    const character = line[at]!;
    if (character === quote) return { text, end: at };
    if (character === '\\' && quote === '"' && at + 1 < line.length) {
      at += 1;
      text += escapes[line[at]!] ?? line[at]!;
    } else {
      text += character;
    }
  }
  throw new KvError('INVALID_OPTION', `the quote ${quote} is not closed`);
}
