import { describe, expect, it } from 'vitest';
import type { CandidateFact } from '../protocol/event.js';
import type { ShardState } from '../protocol/shard-state.js';
import { claimDelayMs, firstInLine, placeInLine } from './succession.js';

const state: ShardState = {
  history: 'h',
  epoch: 3,
  lineage: [{ epoch: 3, id: 'three' }],
  primary: 'a',
  inSync: ['a', 'b', 'c'],
  seqFloor: 1,
  givenUp: [],
};

/** Candidates in this order; `b!` is stopping, `b?` is impaired. */
function candidates(...names: string[]): CandidateFact[] {
  const facts = names.map((name, order) => {
    return { replicaId: name.replace(/[!?]/, ''), order, stopping: name.endsWith('!'), impaired: name.endsWith('?') };
  });
  return facts.reverse();
}

const places = (...names: string[]) => ['a', 'b', 'c', 'x'].map((self) => placeInLine(state, candidates(...names), self));

describe('succession (R4)', () => {
  it('follows the order among members of the set; the primary is last', () => {
    expect(places('a', 'c', 'x', 'b')).toEqual([2, 1, 0, undefined]);
  });

  it('a replica that is not registered has no place', () => {
    expect(places('a', 'c')).toEqual([1, undefined, 0, undefined]);
    expect(places('a')).toEqual([0, undefined, undefined, undefined]);
    expect(places('x')).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('a stopping member has a place only if every other member is stopping, too', () => {
    expect(places('a', 'b!', 'c')).toEqual([1, undefined, 0, undefined]);
    expect(places('a!', 'b!', 'c!')).toEqual([2, 0, 1, undefined]);
    expect(places('b!', 'x')).toEqual([undefined, 0, undefined, undefined]);
  });

  it('an impaired member comes behind all others, but for the primary', () => {
    expect(places('a', 'b?', 'c')).toEqual([2, 1, 0, undefined]);
    expect(places('a', 'b?')).toEqual([1, 0, undefined, undefined]);
  });

  it('a replica with two znodes counts once, by the older one', () => {
    expect(places('b', 'c', 'b')).toEqual([undefined, 0, 1, undefined]);
  });

  it('each place waits a little longer than the one before', () => {
    expect([0, 1, 2].map((place) => claimDelayMs(place, 1250, 150))).toEqual([1250, 1550, 1850]);
  });

  it('the lowest candidate that is not stopping begins a history', () => {
    expect(firstInLine(candidates('a!', 'x', 'b'))).toBe('x');
    expect(firstInLine(candidates('a!'))).toBeUndefined();
  });
});
