/**
 * Escapes text for a terminal. Keys, values and messages may hold characters that control the terminal or reverse a
 * line. Such characters are shown escaped, as in JSON.
 */
import { isUtf8 } from 'node:buffer';

/** Control and format characters, and the separators of lines and paragraphs. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const unprintables = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** Unprintable characters that belong to normal text. */
const breaks = new Set(['\n', '\t']);

/** Escapes a text that may have several lines. */
export function legible(text: string): string {
  return text.replace(unprintables, (character) => (breaks.has(character) ? character : escaped(character)));
}

/** A key on its own line, or a word in a sentence. It is quoted and escaped if it holds an unprintable character. */
export function printable(key: string): string {
  return unprintable.test(key) ? legibleJson(key) : key;
}

/** One line of JSON, which parses to exactly the same value. */
export function legibleJson(value: unknown): string {
  return JSON.stringify(value).replace(unprintables, escaped);
}

/**
 * The bytes of a value as text. If they are not valid UTF-8, every byte beyond ASCII is shown as \x and its number.
 */
export function legibleBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return legible(buffer.toString());
  return buffer.toString('latin1').replace(/[^\n\t\x20-\x7e]/g, (byte) => `\\x${hex(byte.charCodeAt(0), 2)}`);
}

/** Escapes as in JSON: a character beyond U+FFFF becomes two escapes. */
function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`)
    .join('');
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}
