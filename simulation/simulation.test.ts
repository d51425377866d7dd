import { describe, expect, it } from 'vitest';
import { Replica } from '../src/replication/index.js';
import type { Decision } from './plan/decision.js';
import { planOf } from './plan/plan.js';
import { leastEvents, leastFaults, runPlan } from './schedule/schedule.js';
import { scriptOf } from './schedule/script.js';
import { shrink } from './schedule/shrink.js';

const steps = 150;
/** Whole schedules, on a machine that may be busy. */
const timeout = 60_000;

/** A primary that serves reads whether it holds a lease or not. */
class Careless extends Replica {
  override refusalOfRead(nowMs: number): ReturnType<Replica['refusalOfRead']> {
    const refusal = super.refusalOfRead(nowMs);
    return refusal === 'LEASE_LAPSED' ? undefined : refusal;
  }
}

function firstFailure(newReplica: (...given: ConstructorParameters<typeof Replica>) => Replica) {
  for (let seed = 1; seed <= 200; seed += 1) {
    const plan = planOf(seed, steps);
    if (runPlan(plan, { newReplica }).failure !== undefined) return plan;
  }
  throw new Error('none of 200 schedules fails');
}

describe('simulation', { timeout }, () => {
  it('a seed gives the same runPlan twice, event by event', () => {
    for (const seed of [1, 2, 3]) {
      const [one, other] = [1, 2].map(() => runPlan(planOf(seed, steps), { recording: true }));
      expect(one!.trace.length).toBeGreaterThan(leastEvents);
      expect(one!.trace).toEqual(other!.trace);
      expect(one!.digest).toBe(other!.digest);
    }
  });

  it('recording changes nothing, another seed everything', () => {
    const digestOf = (seed: number, recording: boolean): number => runPlan(planOf(seed, steps), { recording }).digest;
    expect(digestOf(4, true)).toBe(digestOf(4, false));
    expect(digestOf(4, false)).not.toBe(digestOf(5, false));
  });

  it('the shortest schedule has its events and its faults too', () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const { failure, events, faults } = runPlan(planOf(seed, 1));
      expect(failure).toBeUndefined();
      expect(events).toBeGreaterThanOrEqual(leastEvents);
      expect(faults).toBeGreaterThanOrEqual(leastFaults);
    }
  });

  it('a failing schedule is shrunk, still fails in the same way, and can be read', () => {
    const newReplica = (...given: ConstructorParameters<typeof Replica>): Replica => new Careless(...given);
    const plan = firstFailure(newReplica);
    const small = shrink(plan, { newReplica });
    expect(small.decisions.length).toBeLessThan(plan.decisions.length / 3);
    const script = scriptOf(small, { newReplica });
    expect(script).toMatch(new RegExp(`^seed ${plan.seed}: Violation: .*(serve reads|serves reads|linearizable)`));
    expect(script).toContain('decisions that are left:');
  });

  it('any part of a schedule is a schedule', () => {
    const plan = planOf(6, steps);
    const every = (nth: number): readonly Decision[] => plan.decisions.filter((_, index) => index % nth === 0);
    for (const nth of [1, 2, 3, 7]) expect(runPlan({ ...plan, decisions: every(nth) }, {}, false).failure).toBeUndefined();
  });
});
