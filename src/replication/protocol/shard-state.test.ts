import { describe, expect, it } from 'vitest';
import { nodeIdOf } from './ids.js';
import { continues } from './lineage.js';
import {
  born,
  bornAgain,
  claimed,
  ended,
  epochIdOf,
  type ForceBasis,
  forced,
  forcedSeqGap,
  handedOver,
  isEnded,
  lostStateEpochGap,
  lostStateGapOf,
  type ShardState,
  withGivenUp,
  withMembers,
  withRemovalAfter,
} from './shard-state.js';

const lineage = [
  { epoch: 2, id: 'two' },
  { epoch: 4, id: 'four' },
];
const five = { epoch: 5, id: 'five' };
const state: ShardState = {
  history: 'h',
  epoch: 4,
  lineage,
  primary: 'a',
  inSync: ['a', 'b', 'c'],
  seqFloor: 7,
  givenUp: ['gone'],
};
const next = { ...state, epoch: 5, lineage: [...lineage, five] };

const lost: ForceBasis = { state: undefined, line: { history: 'h', lineage }, knownEpoch: 9, lastSeq: 3, givenUp: [] };
const known: ForceBasis = { state, line: state, knownEpoch: 4, lastSeq: 3, givenUp: [] };

describe('shard state', () => {
  it('is born with a history and a first epoch, each with its own id', () => {
    expect(born('a', 'h', 'one')).toEqual({
      history: 'h',
      epoch: 1,
      lineage: [{ epoch: 1, id: 'one' }],
      primary: 'a',
      inSync: ['a'],
      seqFloor: 1,
      givenUp: [],
    });
  });

  it('a claim takes the old primary out of the set, unless it is the claimant', () => {
    expect(claimed(state, 'b', 'five')).toEqual({ ...next, primary: 'b', inSync: ['b', 'c'] });
    expect(claimed(state, 'a', 'five')).toEqual({ ...next, primary: 'a', inSync: ['a', 'b', 'c'] });
  });

  it('members come and go within an epoch, sorted', () => {
    expect(withMembers(state, ['aa', 'b'], ['c'])).toEqual({ ...state, inSync: ['a', 'aa', 'b'] });
  });

  it('a removal raises the count above that of the state and of the primary, and the next epoch begins with that count', () => {
    const counted = (removals?: number) => [lineage[0]!, removals === undefined ? lineage[1]! : { ...lineage[1]!, removals }];
    expect(withRemovalAfter(state, state)).toEqual({ ...state, lineage: counted(1) });
    expect(withRemovalAfter({ ...state, lineage: counted(4) }, state)).toEqual({ ...state, lineage: counted(5) });
    expect(withRemovalAfter({ ...state, lineage: counted(1) }, { history: 'h', lineage: counted(3) }).lineage).toEqual(
      counted(4),
    );
    for (const after of [claimed, handedOver])
      expect(after({ ...state, lineage: counted(2) }, 'b', 'five').lineage).toEqual([...counted(2), five]);
  });

  it('a handover keeps the old primary in the set', () => {
    expect(handedOver(state, 'c', 'five')).toEqual({ ...next, primary: 'c' });
  });

  it('an ended history names no replica, and the next epoch begins above its last seq', () => {
    const end = ended(state, 90, 'five');
    expect([isEnded(end), isEnded(state)]).toEqual([true, false]);
    const six = { epoch: 6, id: 'six' };
    expect(bornAgain(end, 'x', 'six')).toEqual({
      ...state,
      epoch: 6,
      lineage: [...lineage, five, six],
      primary: 'x',
      inSync: ['x'],
      seqFloor: 91,
    });
  });

  it('every change of primary continues the line before it, with the given id (R1)', () => {
    for (const after of [claimed(state, 'b', 'new'), handedOver(state, 'b', 'new'), ended(state, 9, 'new')]) {
      expect([epochIdOf(after), continues(after, state), continues(state, after)]).toEqual(['new', true, false]);
    }
    const forcedHere = forced('b', known, 'new');
    expect([epochIdOf(forcedHere), continues(forcedHere, state), continues(state, forcedHere)]).toEqual(['new', true, false]);
  });

  it('the floor never falls', () => {
    expect(ended({ ...state, seqFloor: 100 }, 90, 'five').seqFloor).toBe(100);
    const basis = { ...known, state: { ...state, seqFloor: 100 }, knownEpoch: 0, lastSeq: 90 };
    expect(forced('b', basis, 'five').seqFloor).toBe(100 + forcedSeqGap);
  });

  it('a forced state has an epoch above every known one, in ZooKeeper or at the replica', () => {
    expect(forced('b', { ...known, knownEpoch: 9 }, 'five').epoch).toBe(10);
    expect(forced('b', { ...known, knownEpoch: 2 }, 'five').epoch).toBe(5);
    expect(born('a', 'h', 'one').epoch).toBe(1);
  });

  it('where ZooKeeper has lost the state, a forced state is above epochs and versions that only other replicas know', () => {
    const epoch = 9 + lostStateGapOf('b');
    expect(lostStateGapOf('b')).toBeGreaterThanOrEqual(lostStateEpochGap);
    const seqFloor = (epoch + 1) * forcedSeqGap;
    expect(forced('b', lost, 'new')).toEqual({
      history: 'h',
      epoch,
      lineage: [...lineage, { epoch, id: 'new' }],
      primary: 'b',
      inSync: ['b'],
      seqFloor,
      givenUp: [],
    });
    expect(forced('b', { ...lost, lastSeq: seqFloor }, 'new').seqFloor).toBe(seqFloor + 1 + forcedSeqGap);
  });

  it('where ZooKeeper has lost the state twice, two states forced from the same epoch differ', () => {
    const basis = { ...lost, knownEpoch: 1, lastSeq: 0 };
    expect(forced('a~1', basis, 'one').epoch).not.toBe(forced('b~1', basis, 'other').epoch);
  });

  it('a replica without data begins a history with the given id', () => {
    const begun = forced('b', { ...lost, line: { history: 'fresh', lineage: [] }, givenUp: ['h', 'two'] }, 'new');
    expect([begun.history, begun.lineage]).toEqual(['fresh', [{ epoch: begun.epoch, id: 'new' }]]);
    expect(begun.givenUp).toEqual(['h', 'two']);
  });

  it('a replica id names its node', () => {
    expect(['h:1~x', 'a~b~c', 'plain'].map(nodeIdOf)).toEqual(['h:1', 'a~b', 'plain']);
  });
});

describe('histories given up (R13)', () => {
  it('are remembered once each, with those of the command', () => {
    expect(forced('b', { ...known, givenUp: ['gone', 'other', 'gone'] }, 'five').givenUp).toEqual(['gone', 'other']);
    expect(withGivenUp(state, ['other', 'gone'])).toEqual({ ...state, givenUp: ['gone', 'other'] });
  });

  it('never include the line that goes on, even if an earlier command gave it up', () => {
    expect(forced('b', { ...known, givenUp: ['h', 'two', 'four', 'five', 'other'] }, 'five').givenUp).toEqual(['other']);
    expect(withGivenUp(state, ['h', 'four', 'two']).givenUp).toEqual(['gone']);
  });

  it('are at most 64: the oldest are forgotten', () => {
    const many = Array.from({ length: 70 }, (_, index) => `id${index}`);
    expect(forced('b', { ...known, givenUp: many }, 'five').givenUp).toEqual(many.slice(6));
    expect(withGivenUp({ ...state, givenUp: many.slice(0, 64) }, many.slice(64)).givenUp).toEqual(many.slice(6));
  });

  it('stay as they are with every other change', () => {
    for (const after of [
      claimed(state, 'b', 'x'),
      handedOver(state, 'b', 'x'),
      ended(state, 9, 'x'),
      withMembers(state, [], ['c']),
    ]) {
      expect(after.givenUp).toEqual(['gone']);
    }
    expect(bornAgain(ended(state, 9, 'x'), 'a', 'y').givenUp).toEqual(['gone']);
  });
});
