/**
 * Ranks of Zipf's law by rejection-inversion (W. Hörmann and G. Derflinger, "Rejection-inversion to generate variates
 * from monotone discrete distributions", 1996): no table and no sum over the keys, for any number of them, at little more
 * than one random number a rank.
 */

/** As in YCSB: the most popular of 1,000 keys gets an eighth of all operations. */
export const zipfExponent = 0.99;

/** @returns a source of ranks from 0, the most popular, to `count - 1`; rank k comes in proportion to (k + 1)^-exponent. */
export function zipf(count: number, exponent: number, random: () => number): () => number {
  const complement = 1 - exponent;
  /** The integral of x^-exponent, up to a constant. */
  const integral = (x: number) => Math.log(x) * expm1Ratio(complement * Math.log(x));
  // The argument of log1p stays above -1 whatever the rounding.
  const inverse = (y: number) => Math.exp(y * log1pRatio(Math.max(-1, complement * y)));
  const density = (x: number) => x ** -exponent;
  const lowest = integral(1.5) - 1;
  const highest = integral(count + 0.5);
  const alwaysAccepted = 2 - inverse(integral(2.5) - density(2));
  return () => {
    for (;;) {
      const drawn = highest + random() * (lowest - highest);
      const x = inverse(drawn);
      const rank = Math.min(count, Math.max(1, Math.round(x)));
      if (rank - x <= alwaysAccepted || drawn >= integral(rank + 0.5) - density(rank)) return rank - 1;
    }
  };
}

/** (e^x - 1) / x, at 0 as well: the exponent 1 is an ordinary one. */
function expm1Ratio(x: number): number {
  return Math.abs(x) > 1e-8 ? Math.expm1(x) / x : 1 + x / 2;
}

/** log(1 + x) / x, at 0 as well. */
function log1pRatio(x: number): number {
  return Math.abs(x) > 1e-8 ? Math.log1p(x) / x : 1 - x / 2;
}
