import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mulberry32 } from '../../verification/random.js';
import { planPowerLosses } from './plan-power-losses.js';

const nodes = ['a', 'b', 'c'];
const orderOf = (starts: readonly { node: string }[]): string => starts.map(({ node }) => node).join('');

test('losses of power - all nodes are on in the end, and some before, each started once after a loss', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 4 }), (seed, losses) => {
      const plan = planPowerLosses(nodes, losses, mulberry32(seed));
      expect(plan).toHaveLength(losses);
      for (const { starts } of plan) {
        expect(starts.length).toBeGreaterThan(0);
        expect(new Set(orderOf(starts)).size).toBe(starts.length);
        seen.add(orderOf(starts));
      }
      expect(plan.at(-1)).toMatchObject({ upMs: 0, starts: { length: nodes.length } });
    }),
    { numRuns: 1_000 },
  );
  // Every order of one, two and three nodes.
  expect(seen.size).toBe(3 + 6 + 6);
});

test('losses of power - are the same for the same seed', () => {
  const plan = (): unknown => planPowerLosses(nodes, 3, mulberry32(7));
  expect(plan()).toEqual(plan());
});
