/**
 * A replica at rest leaves out what would find nothing to do (rest.ts). So whole clusters whose replicas never rest, and those
 * whose replicas do, go through the same events at the same times, whatever the faults; and one that rests where it may not is
 * told apart.
 */
import { describe, expect, it } from 'vitest';
import { planOf, type RunResult, run } from '../../../simulation/index.js';
import { type Edit, edit, type Lab, openLab } from './variant-lab.js';

const stepsOfSchedule = 150;
const seedsOfControl = 8;
const timeout = 60_000;
const neverRests = edit('replica.ts', 'core.atRest = isAtRest(core);', '');

const restless = await openLab([neverRests]);

function runWith({ Replica }: Lab, seed: number): RunResult {
  return run(planOf(seed, stepsOfSchedule), { newReplica: (...given) => new Replica(...given) }, false);
}

function isTheSame(lab: Lab, seed: number): boolean {
  const expected = runWith(restless, seed);
  const found = runWith(lab, seed);
  return found.digest === expected.digest && found.failure === expected.failure;
}

interface Variant {
  readonly does: string;
  readonly edits: readonly Edit[];
  /** Of the schedule that shows it. */
  readonly seed: number;
}

function rests(does: string, line: string, broken: string, seed: number): Variant {
  return { does, edits: [edit('quiescence.ts', line, broken)], seed };
}

const variants: readonly Variant[] = [
  rests('rests on while it is told to stop', ' || core.stopping !== undefined', '', 6),
  rests('rests on after a history has ended', ' || isEnded(state)', '', 4),
  rests('rests on where another is preferred', ' && !core.isPreferredHere', ' && !core.isPlacedHere', 5),
  rests('does not claim though no beacon comes', 'nowMs - core.loyalSinceMs', '0', 1),
  rests('does nothing about a member that does not answer', 'nowMs - peer.heardSentMs', '0', 42),
  rests('overlooks that it may leave', 'beacon.mayLeaveMs !== 0 || ', '', 1),
  rests('overlooks that a backup stops', 'answer.stopping || ', '', 11),
];

describe('a replica at rest', { timeout }, () => {
  it('does what one does that looks at everything with every event', async () => {
    const lab = await openLab([]);
    for (let seed = 1; seed <= seedsOfControl; seed++) expect(isTheSame(lab, seed), `seed ${seed}`).toBe(true);
  });

  it.each(variants)('broken on purpose, $does: is told apart', async ({ edits, seed }) => {
    expect(isTheSame(await openLab(edits), seed)).toBe(false);
  });
});
