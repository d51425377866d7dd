/**
 * A quiescent replica skips the steps that would find nothing to do (quiescence.ts), and the result is the same. So
 * clusters whose replicas are never quiescent and clusters whose replicas may be must go through the same events at
 * the same times, with any faults. A replica that is wrongly quiescent makes a difference.
 */
import { describe, expect, it } from 'vitest';
import { planOf, type RunResult, runPlan } from '../../../simulation/index.js';
import { type Edit, edit, type Lab, openLab } from './variant-lab.js';

const stepsOfSchedule = 150;
const seedsOfControl = 8;
const timeout = 60_000;
const neverQuiescent = edit('tick.ts', 'core.isQuiescent = isCoreQuiescent(core);', '');

const neverQuiescentLab = await openLab([neverQuiescent]);

function runWith({ Replica }: Lab, seed: number): RunResult {
  return runPlan(planOf(seed, stepsOfSchedule), { newReplica: (...given) => new Replica(...given) }, false);
}

function isTheSame(lab: Lab, seed: number): boolean {
  const expected = runWith(neverQuiescentLab, seed);
  const found = runWith(lab, seed);
  return found.digest === expected.digest && found.failure === expected.failure;
}

interface Variant {
  readonly does: string;
  readonly edits: readonly Edit[];
  /** Seed of the schedule in which the difference shows. */
  readonly seed: number;
}

function quiescent(does: string, line: string, broken: string, seed: number): Variant {
  return { does, edits: [edit('quiescence.ts', line, broken)], seed };
}

const variants: readonly Variant[] = [
  quiescent('stays quiescent although its node is stopping', ' || core.stopping !== undefined', '', 30),
  quiescent('stays quiescent after a history has ended', ' || isEnded(state)', '', 4),
  quiescent('stays quiescent although another node is preferred', ' && !core.isPreferredHere', ' && !core.isPlacedHere', 5),
  quiescent('does not claim although no beacon arrives', 'nowMs - core.loyalSinceMs', '0', 1),
  quiescent('does not evict a member that does not answer', 'nowMs - peer.answeredSentMs', '0', 42),
  quiescent('overlooks that the primary permits it to leave', 'beacon.mayLeaveMs !== 0 || ', '', 5),
  quiescent('overlooks that a backup is stopping', 'answer.stopping || ', '', 49),
];

describe('a quiescent replica', { timeout }, () => {
  it('does the same as one that runs every step with every event', async () => {
    const lab = await openLab([]);
    for (let seed = 1; seed <= seedsOfControl; seed++) expect(isTheSame(lab, seed), `seed ${seed}`).toBe(true);
  });

  it.each(variants)('broken on purpose, $does: makes a difference', async ({ edits, seed }) => {
    expect(isTheSame(await openLab(edits), seed)).toBe(false);
  });
});
