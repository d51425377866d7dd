/** Chooses the next faults, and those that may be in force together. Pure. */
import type { Nemesis } from './nemesis.js';

/**
 * Draws each fault once, in random order, before any is drawn again, so that a short run covers as many as possible.
 */
export function deckOf(nemeses: readonly Nemesis[], random: () => number): () => Nemesis {
  let left: Nemesis[] = [];
  return () => {
    if (left.length === 0) left = [...nemeses];
    const [next] = left.splice(Math.floor(random() * left.length), 1);
    return next!;
  };
}

/** @returns up to `atOnce` faults that may be combined (see `Company`), among them `first` */
export function chooseTogether(first: Nemesis, others: readonly Nemesis[], atOnce: number, random: () => number): Nemesis[] {
  const count = 1 + Math.floor(random() * atOnce);
  const chosen = [first];
  const draw = deckOf(
    others.filter((one) => one !== first),
    random,
  );
  for (let drawn = 1; chosen.length < count && drawn < others.length; drawn += 1) {
    const next = draw();
    if (chosen.every((one) => mayAccompany(one, next))) chosen.push(next);
  }
  return chosen;
}

function mayAccompany(one: Nemesis, other: Nemesis): boolean {
  if (one.company === 'alone' || other.company === 'alone') return false;
  if (one.company === 'elsewhere' || other.company === 'elsewhere') return true;
  return one.company === 'cuts links' && other.company === 'cuts links';
}
