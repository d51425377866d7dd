/**
 * Generates ranks of Zipf's law by rejection-inversion (W. Hörmann and G. Derflinger, "Rejection-inversion to generate
 * variates from monotone discrete distributions", 1996). It needs no table and no sum over the keys, for any number of
 * keys, and little more than one random number per rank.
 */

/** The exponent of YCSB: the most popular of 1,000 keys gets an eighth of all operations. */
export const zipfExponent = 0.99;

/**
 * @returns a source of ranks from 0, the most popular, to `count - 1`. The frequency of rank k is proportional to (k +
 *   1)^-exponent.
 */
export function zipf(count: number, exponent: number, random: () => number): () => number {
  const complement = 1 - exponent;
  /** The integral of x^-exponent, up to a constant. */
  const integral = (x: number) => Math.log(x) * expm1Ratio(complement * Math.log(x));
  // The argument of log1p must stay above -1 in spite of rounding.
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

/** (e^x - 1) / x, defined at 0 as well, so that the exponent 1 needs no special case. */
function expm1Ratio(x: number): number {
  return Math.abs(x) > 1e-8 ? Math.expm1(x) / x : 1 + x / 2;
}

/** log(1 + x) / x, defined at 0 as well. */
function log1pRatio(x: number): number {
  return Math.abs(x) > 1e-8 ? Math.log1p(x) / x : 1 - x / 2;
}
