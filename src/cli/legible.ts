/**
 * What others have written, shown to a person: keys, values and messages may hold what a terminal takes for a command, or what
 * reverses a line. It becomes visible, written as in JSON.
 */
import { isUtf8 } from 'node:buffer';

/** Control characters, those that only steer how others look, and breaks of lines and paragraphs. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const unprintables = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** Of those, the ones that text is made of. */
const breaks = new Set(['\n', '\t']);

/** Text of any number of lines. */
export function legible(text: string): string {
  return text.replace(unprintables, (character) => (breaks.has(character) ? character : escaped(character)));
}

/** A key on a line of its own, or a word in a sentence: quoted where it holds what would break the line. */
export function printable(key: string): string {
  return unprintable.test(key) ? legibleJson(key) : key;
}

/** One line of JSON, which parses to exactly what was written. */
export function legibleJson(value: unknown): string {
  return JSON.stringify(value).replace(unprintables, escaped);
}

/** The bytes of a value; where they are no text, each that is no ASCII by its number. */
export function legibleBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return legible(buffer.toString());
  return buffer.toString('latin1').replace(/[^\n\t\x20-\x7e]/g, (byte) => `\\x${hex(byte.charCodeAt(0), 2)}`);
}

/** As in JSON: a character beyond the first 65,536 is two. */
function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`)
    .join('');
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}
