/**
 * Numbers as decimal text, added without rounding. A number lies between -2^63 and 2^63 - 1 and has up to 17 digits after the
 * point, as many as Redis prints. It is written as `-12.5`: no plus sign, no exponent, no zeros that could be left out.
 */

const minus = 0x2d;
const zero = 0x30;
const form = /^-?(?:0|[1-9]\d{0,18})(?:\.\d{1,17})?$/;
const maxFractionDigits = 17;
const scale = 10n ** BigInt(maxFractionDigits);
const lowest = -(2n ** 63n) * scale;
const highest = (2n ** 63n - 1n) * scale;

/** Integers of up to this many digits are added as they are: neither they nor their sum is rounded. */
const maxPlainDigits = 15;

/** The integer that the text is; undefined: it is none, or a long one, or not written in the one way that is allowed. */
export function readPlainInteger(text: string | Uint8Array): number | undefined {
  const isBytes = typeof text !== 'string';
  const codeAt = (at: number): number => (isBytes ? text[at]! : text.charCodeAt(at));
  const { length } = text;
  const first = length > 0 && codeAt(0) === minus ? 1 : 0;
  if (length - first < 1 || length - first > maxPlainDigits) return undefined;
  // No zero in front, and no negative zero.
  if (codeAt(first) === zero) return length === 1 ? 0 : undefined;
  let value = 0;
  for (let at = first; at < length; at++) {
    const digit = codeAt(at) - zero;
    if (digit < 0 || digit > 9) return undefined;
    value = 10 * value + digit;
  }
  return first === 1 ? -value : value;
}

/** A number, scaled by 10^17. Undefined: the text is no number of this form, or lies outside the range. */
export function readDecimal(text: string): bigint | undefined {
  if (!form.test(text)) return undefined;
  const [whole = '', fraction = ''] = text.split('.');
  const scaled = BigInt(whole) * scale;
  const rest = BigInt(fraction.padEnd(maxFractionDigits, '0'));
  const value = text.startsWith('-') ? scaled - rest : scaled + rest;
  return isInRange(value) ? value : undefined;
}

export function isInRange(scaled: bigint): boolean {
  return scaled >= lowest && scaled <= highest;
}

export function writeDecimal(scaled: bigint): string {
  const magnitude = scaled < 0n ? -scaled : scaled;
  const fraction = String(magnitude % scale)
    .padStart(maxFractionDigits, '0')
    .replace(/0+$/, '');
  const whole = `${scaled < 0n ? '-' : ''}${magnitude / scale}`;
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

export function isNumber(text: string): boolean {
  return readDecimal(text) !== undefined;
}

/** Whether one number is greater than the other. False if one of them is no number. */
export function isGreater(one: string, other: string): boolean {
  const [first, second] = [readDecimal(one), readDecimal(other)];
  return first !== undefined && second !== undefined && first > second;
}
