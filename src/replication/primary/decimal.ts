/**
 * Numbers as decimal text, added without rounding. A number lies between -2^63 and 2^63 - 1 and has up to 17 digits after the
 * point, as many as Redis prints. It is written as `-12.5`: no plus sign, no exponent, no zeros that could be left out.
 */

const form = /^-?(?:0|[1-9]\d{0,18})(?:\.\d{1,17})?$/;
const maxFractionDigits = 17;
const scale = 10n ** BigInt(maxFractionDigits);
const lowest = -(2n ** 63n) * scale;
const highest = (2n ** 63n - 1n) * scale;

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
