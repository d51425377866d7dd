/**
 * Fair shares: a total divided by weight, within the bounds of each claim. The arithmetic is exact, in integers, because every
 * node must compute the same floor and ceiling.
 */

interface Claim {
  readonly weight: number;
  readonly least: number;
  readonly most: number;
}

export interface Fraction {
  readonly numerator: number;
  readonly denominator: number;
}

/** The sum of all `least` must not exceed the total, and the sum of all `most` must reach it. */
export function fairShares(total: number, claims: readonly Claim[]): Fraction[] {
  const settled = new Array<number | undefined>(claims.length).fill(undefined);
  for (;;) {
    const open = claims.filter((_, index) => settled[index] === undefined);
    const weights = sum(open.map(({ weight }) => weight));
    const rest = total - sum(settled.map((share) => share ?? 0));
    // Compared as multiples of 1 / weights, so that nothing is rounded.
    const tooLittle = (claim: Claim): number => Math.max(0, claim.least * weights - rest * claim.weight);
    const tooMuch = (claim: Claim): number => Math.max(0, rest * claim.weight - claim.most * weights);
    const raised = sum(open.map(tooLittle));
    const lowered = sum(open.map(tooMuch));
    if (raised === 0 && lowered === 0)
      return claims.map(({ weight }, index) => {
        const share = settled[index];
        return share === undefined ? reduced(rest * weight, weights) : { numerator: share, denominator: 1 };
      });
    // Settle the side with the larger sum: only its claims are sure to end at their bounds. The other side may change again.
    for (const [index, claim] of claims.entries()) {
      if (settled[index] !== undefined) continue;
      if (raised >= lowered && tooLittle(claim) > 0) settled[index] = claim.least;
      else if (raised <= lowered && tooMuch(claim) > 0) settled[index] = claim.most;
    }
  }
}

export function floorOf({ numerator, denominator }: Fraction): number {
  return (numerator - (numerator % denominator)) / denominator;
}

export function ceilingOf(fraction: Fraction): number {
  return floorOf(fraction) + (fraction.numerator % fraction.denominator === 0 ? 0 : 1);
}

export function dividedBy({ numerator, denominator }: Fraction, divisor: number): Fraction {
  return reduced(numerator, denominator * divisor);
}

function reduced(numerator: number, denominator: number): Fraction {
  let divisor = denominator;
  for (let rest = numerator % divisor; rest > 0; ) [divisor, rest] = [rest, divisor % rest];
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
