/** Which faults come next, and which may be in force together. Pure. */
import type { Nemesis } from './nemesis.js';

/** Each once, in random order, before any comes again: a short run should not leave out half of them. */
export function deckOf(nemeses: readonly Nemesis[], random: () => number): () => Nemesis {
  let left: Nemesis[] = [];
  return () => {
    if (left.length === 0) left = [...nemeses];
    const [next] = left.splice(Math.floor(random() * left.length), 1);
    return next!;
  };
}

/** Up to `atOnce`, `first` among them, that may be together: see `Company`. */
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
