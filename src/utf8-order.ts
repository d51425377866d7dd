/** The order of texts by their UTF-8 bytes, which is that of their code points. JavaScript compares UTF-16 units instead. */

const firstSurrogate = 0xd800;
const firstBehindSurrogates = 0xe000;
const surrogates = firstBehindSurrogates - firstSurrogate;

/** Surrogates stand for code points above all others, so they go behind the units from `firstBehindSurrogates` on. */
function rankOf(unit: number): number {
  if (unit < firstSurrogate) return unit;
  return unit < firstBehindSurrogates ? unit + (0x10000 - firstBehindSurrogates) : unit - surrogates;
}

/** Negative: `one` comes first. Both are valid texts: no surrogate is alone. */
export function compareUtf8(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let index = 0; index < length; index++) {
    const [unit, otherUnit] = [one.charCodeAt(index), other.charCodeAt(index)];
    if (unit !== otherUnit) return rankOf(unit) - rankOf(otherUnit);
  }
  return one.length - other.length;
}

/** The first text behind this one. */
export function successorOf(key: string): string {
  return `${key}\u0000`;
}
