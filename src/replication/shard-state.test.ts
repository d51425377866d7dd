import { describe, expect, it } from 'vitest';
import {
  born,
  bornAgain,
  claimed,
  ended,
  forced,
  forcedSeqGap,
  handedOver,
  isEnded,
  lostStateEpochGap,
  lostStateGapOf,
  nodeIdOf,
  withMembers,
} from './shard-state.js';

const state = { epoch: 4, primary: 'a', inSync: ['a', 'b', 'c'], seqFloor: 7 };

describe('shard state', () => {
  it('a claim takes the old primary out, unless it is the claimant', () => {
    expect(claimed(state, 'b')).toEqual({ epoch: 5, primary: 'b', inSync: ['b', 'c'], seqFloor: 7 });
    expect(claimed(state, 'a')).toEqual({ epoch: 5, primary: 'a', inSync: ['a', 'b', 'c'], seqFloor: 7 });
  });

  it('members come and go within an epoch, sorted', () => {
    expect(withMembers(state, ['aa', 'b'], ['c'])).toEqual({ ...state, inSync: ['a', 'aa', 'b'] });
  });

  it('a handover keeps the old primary in', () => {
    expect(handedOver(state, 'c')).toEqual({ ...state, epoch: 5, primary: 'c' });
  });

  it('an ended history names nobody, and what follows begins above its last seq', () => {
    const end = ended(state, 90);
    expect([isEnded(end), isEnded(state)]).toEqual([true, false]);
    expect(bornAgain(end, 'x')).toEqual({ epoch: 6, primary: 'x', inSync: ['x'], seqFloor: 91 });
  });

  it('the floor never falls', () => {
    expect(ended({ ...state, seqFloor: 100 }, 90).seqFloor).toBe(100);
    expect(forced({ ...state, seqFloor: 100 }, 'b', 0, 90).seqFloor).toBe(100 + forcedSeqGap);
  });

  it('a forced state is above every epoch known, in ZooKeeper or to the replica', () => {
    expect(forced({ ...state, epoch: 4 }, 'b', 9, 3).epoch).toBe(10);
    expect(forced(state, 'b', 2, 3).epoch).toBe(5);
    expect(born('a').epoch).toBe(1);
  });

  it('where ZooKeeper has lost the state, it is above epochs and versions that only other replicas know', () => {
    const epoch = 9 + lostStateGapOf('b');
    expect(lostStateGapOf('b')).toBeGreaterThanOrEqual(lostStateEpochGap);
    const seqFloor = (epoch + 1) * forcedSeqGap;
    expect(forced(undefined, 'b', 9, 3)).toEqual({ epoch, primary: 'b', inSync: ['b'], seqFloor });
    expect(forced(undefined, 'b', 9, seqFloor).seqFloor).toBe(seqFloor + 1 + forcedSeqGap);
  });

  it('where ZooKeeper has lost the state again and again, two that are forced from the same epoch differ', () => {
    expect(forced(undefined, 'a~1', 1, 0).epoch).not.toBe(forced(undefined, 'b~1', 1, 0).epoch);
  });

  it('a replica id names its node', () => {
    expect(['h:1~x', 'a~b~c', 'plain'].map(nodeIdOf)).toEqual(['h:1', 'a~b', 'plain']);
  });
});
