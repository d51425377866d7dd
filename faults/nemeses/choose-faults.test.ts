import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mulberry32 } from '../../verification/random.js';
import { profiles, profilesNamed } from '../profiles/profiles.js';
import { chooseTogether, deckOf } from './choose-faults.js';
import { nodeCuts, zookeeperCuts } from './link-faults.js';
import { moveFaults } from './move-faults.js';
import { freezes, handover, kills } from './node-faults.js';
import { zookeeperOutages } from './zookeeper-faults.js';

const all = [...kills, ...freezes, handover, ...moveFaults, ...nodeCuts, ...zookeeperCuts, ...zookeeperOutages];

describe('faults at once', () => {
  test('never combine the end of a process with another one or with a cut, which would lose data in memory by design', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...all), (seed, first) => {
        const chosen = chooseTogether(first, all, 3, mulberry32(seed)).map(({ company }) => company);
        const ending = chosen.filter((company) => company === 'ends a process').length;
        expect(ending).toBeLessThanOrEqual(1);
        if (ending === 1) expect(chosen).not.toContain('cuts links');
        if (chosen.includes('alone')) expect(chosen).toHaveLength(1);
        seen.add(chosen.sort().join(' + '));
      }),
      { numRuns: 1_000 },
    );
    expect(seen).toContain('cuts links + cuts links + elsewhere');
    expect(seen).toContain('elsewhere + ends a process');
  });

  test('are the same for the same seed', () => {
    const names = (seed: number): string[] => chooseTogether(all[0]!, all, 3, mulberry32(seed)).map(({ name }) => name);
    expect(names(7)).toEqual(names(7));
  });

  test('are drawn once each before any is drawn again', () => {
    const draw = deckOf(all, mulberry32(1));
    for (const _ of ['first', 'second']) expect(new Set(all.map(draw)).size).toBe(all.length);
  });
});

test('a profile is found by its name, and several by their common prefix', () => {
  expect(profilesNamed('classic')).toHaveLength(5);
  expect(profilesNamed('mixed').map(({ name }) => name)).toEqual(['mixed']);
  expect(profilesNamed('all')).toEqual(profiles);
  expect(profilesNamed('nothing')).toEqual([]);
});
