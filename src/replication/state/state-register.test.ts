import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  born,
  bornAgain,
  claimed,
  ended,
  forced,
  type ShardState,
  withGivenUp,
  withMembers,
  withRemovalAfter,
} from '../protocol/shard-state.js';
import { type Observation, StateRegister } from './state-register.js';

const first = born('a', 'h', 'one');
const both = withMembers(first, ['b'], []);
const second = claimed(both, 'b', 'two');
/** An epoch with the number of `second`, by a claim in a ZooKeeper that had lost `second`. */
const secondToo = claimed(both, 'a', 'two too');
/** Another history. */
const other = born('x', 'other', 'begun');

/** A reading that proves nothing. */
const unproven = Number.NEGATIVE_INFINITY;

/** A read at `nowMs` of a server that may lag. */
function see(
  register: StateRegister,
  version: number,
  state: ShardState | undefined,
  nowMs = 0,
  asOfMs = unproven,
): Observation | undefined {
  return register.observe({ version, state, asOfMs }, nowMs);
}

function seeMissing(register: StateRegister, nowMs = 0, asOfMs = unproven): Observation | undefined {
  return see(register, 0, undefined, nowMs, asOfMs);
}

/** A register that has read this state at 0 ms. */
function knowing(version: number, state: ShardState | undefined): StateRegister {
  const register = new StateRegister();
  see(register, version, state);
  return register;
}

/** A register that knows version 4 and has proposed to add b. */
function proposing(): { register: StateRegister; number: number } {
  const register = knowing(4, first);
  const { number } = register.propose('membership', both, 0);
  return { register, number };
}

describe('state register (R7)', () => {
  it('requires every possible member, and confirms only the members under every outcome', () => {
    const { register } = proposing();
    expect([register.required, register.confirmed]).toEqual([['a', 'b'], ['a']]);
    const removing = knowing(4, both);
    removing.propose('membership', first, 0);
    expect([removing.required, removing.confirmed]).toEqual([['a', 'b'], ['a']]);
  });

  it('a success settles the proposal with the version in the answer', () => {
    const { register, number } = proposing();
    expect(register.settle(number, { kind: 'applied', version: 5 }, 0)?.succeeded).toBe(true);
    expect([register.state, register.proposal]).toEqual([both, undefined]);
    expect(register.propose('membership', first, 0).expectedVersion).toBe(5);
  });

  it.each(['unknown', 'conflict', 'missing'] as const)(
    'an answer "%s" settles nothing, nor does a read of the same version',
    (kind) => {
      const { register, number } = proposing();
      expect(register.settle(number, { kind }, 0)).toBeUndefined();
      expect(see(register, 4, first)).toBeUndefined();
      expect(see(register, 3, first)).toBeUndefined();
      expect(register.required).toEqual(['a', 'b']);
    },
  );

  it('a read of a later version settles the proposal', () => {
    const { register, number } = proposing();
    register.settle(number, { kind: 'unknown' }, 0);
    expect(see(register, 5, both)?.settled?.number).toBe(number);
    expect(register.proposal).toBeUndefined();
    expect(register.settle(number, { kind: 'conflict' }, 0)).toBeUndefined();
    expect(register.state).toEqual(both);
  });

  it('a proposal that was not sent has failed, unless an earlier attempt may have been applied', () => {
    const { register, number } = proposing();
    expect(register.settle(number, { kind: 'notSent' }, 0)?.succeeded).toBe(false);
    const again = proposing();
    again.register.settle(again.number, { kind: 'unknown' }, 0);
    expect(again.register.settle(again.number, { kind: 'notSent' }, 0)).toBeUndefined();
    expect(again.register.proposal).toBeDefined();
  });

  it('a read that finds no state does not settle a create, which is repeated after it', () => {
    const register = knowing(0, undefined);
    const { number } = register.propose('birth', first, 0);
    register.settle(number, { kind: 'conflict' }, 100);
    expect(seeMissing(register, 200)).toBeUndefined();
    expect(register.repeat(1000, 300)).toBe('read');
    expect(seeMissing(register, 1010)).toBeUndefined();
    expect(register.repeat(1020, 300)).toMatchObject({ number, expectedVersion: undefined });
  });

  it('a lower epoch changes nothing, whatever its version; a higher one of the same line does', () => {
    const register = knowing(4, second);
    expect(see(register, 9, first, 10)).toBeUndefined();
    expect(register.state).toBe(second);
    expect(see(register, 0, claimed(second, 'a', 'three'), 20)).toEqual({ settled: undefined, lost: undefined });
  });

  it('the first reading counts, even if it shows no state', () => {
    const register = new StateRegister();
    expect([register.wasRead, register.isMissing, register.isFresh]).toEqual([false, false, false]);
    expect(seeMissing(register)).toEqual({ settled: undefined, lost: undefined });
    expect([register.wasRead, register.isMissing, register.isFresh]).toEqual([true, true, true]);
    expect(seeMissing(register, 10)).toBeUndefined();
  });

  it('a history that ended, and began again under the same id, is later', () => {
    const end = ended(first, 9, 'end');
    const register = knowing(4, first);
    expect(see(register, 5, end)).toBeDefined();
    expect(see(register, 6, bornAgain(end, 'c', 'again'))).toBeDefined();
    expect(register.isContradicted).toBe(false);
  });
});

describe('a repeated proposal (R7)', () => {
  it('has an unknown outcome and the same version, and is not sent at once', () => {
    const { register, number } = proposing();
    expect(register.repeat(1000, 300)).toBeUndefined();
    register.settle(number, { kind: 'unknown' }, 100);
    expect(register.repeat(299, 300)).toBeUndefined();
    see(register, 4, first, 299);
    expect(register.repeat(300, 300)).toMatchObject({ number, expectedVersion: 4, next: both });
    expect(register.repeat(400, 300)).toBeUndefined();
    register.settle(number, { kind: 'conflict' }, 500);
    expect(register.repeat(9000, 300)).toBeUndefined();
  });

  it('waits for a reading from after its outcome was lost that shows the expected state', () => {
    const { register, number } = proposing();
    register.settle(number, { kind: 'unknown' }, 500);
    expect(register.repeat(600, 300)).toBe('read');
    // The server lags: it does not show the expected state.
    see(register, 3, born('z', 'h', 'older'), 700);
    expect(register.repeat(800, 300)).toBe('read');
    see(register, 4, first, 900);
    expect(register.repeat(1000, 300)).toMatchObject({ number, expectedVersion: 4 });
    // The outcome is lost again: each attempt needs a new reading.
    register.settle(number, { kind: 'unknown' }, 1100);
    expect(register.repeat(1400, 300)).toBe('read');
  });

  it('waits for a reading on the new connection', () => {
    const { register, number } = proposing();
    register.settle(number, { kind: 'unknown' }, 100);
    see(register, 4, first, 200);
    register.connectionLost();
    expect(register.repeat(400, 300)).toBe('read');
    see(register, 4, first, 500);
    expect(register.repeat(600, 300)).toMatchObject({ number });
  });

  it('is not sent to a znode that was created again with the expected version', () => {
    const { register, number } = proposing();
    register.settle(number, { kind: 'unknown' }, 100);
    expect(see(register, 4, other, 200)).toBeUndefined();
    expect(register.repeat(1000, 300)).toBe('read');
    const observation = see(register, 4, other, 1100, 1050);
    expect([observation?.settled?.number, observation?.lost]).toEqual([number, first]);
    expect(register.repeat(2000, 300)).toBeUndefined();
  });

  it('a create is not sent again after a reading that shows another history', () => {
    const register = knowing(0, undefined);
    const { number } = register.propose('birth', first, 0);
    register.settle(number, { kind: 'unknown' }, 100);
    expect(see(register, 0, other, 200)?.settled?.number).toBe(number);
    expect(register.repeat(1000, 300)).toBeUndefined();
  });
});

const contradictions: readonly (readonly [what: string, version: number, state: ShardState | undefined])[] = [
  ['nothing', 0, undefined],
  ['an older epoch', 9, first],
  ['an older version', 3, second],
  ['the same epoch number under another id', 9, secondToo],
  ['another history', 9, other],
  ['a newer epoch of another line', 9, claimed(secondToo, 'b', 'three')],
  ['the same version with another content', 4, withMembers(second, ['c'], [])],
  ['a znode made anew, of another history, with the same version', 4, other],
];

describe.each(contradictions)('a reading that shows %s (R7)', (_, version, state) => {
  it('changes nothing by itself, however often it is repeated', () => {
    const register = knowing(4, second);
    for (const nowMs of [100, 200, 300]) expect(see(register, version, state, nowMs)).toBeUndefined();
    expect([register.state, register.isMissing, register.required]).toEqual([second, false, second.inSync]);
    expect([register.isFresh, register.isContradicted, register.contradictedMs]).toEqual([false, true, 100]);
  });

  it('proves nothing if it shows only what was committed when the newer state was learned, or before', () => {
    const register = new StateRegister();
    see(register, 4, second, 1000);
    expect(see(register, version, state, 2000, 999)).toBeUndefined();
    expect(see(register, version, state, 2000, 1000)).toBeUndefined();
    expect(register.state).toBe(second);
  });

  it('proves a loss if it shows everything that was committed after that', () => {
    const register = new StateRegister();
    see(register, 4, second, 1000);
    see(register, version, state, 1500);
    expect(see(register, version, state, 2000, 1001)).toEqual({ settled: undefined, lost: second });
    expect([register.state, register.isMissing]).toEqual([state, state === undefined]);
    expect([register.isFresh, register.isContradicted]).toEqual([true, false]);
    expect(register.propose('membership', both, 2000).expectedVersion).toBe(state === undefined ? undefined : version);
  });

  it('settles the proposal if it proves a loss, and not before', () => {
    const register = knowing(4, second);
    const { number } = register.propose('membership', withMembers(second, ['c'], []), 10);
    expect(see(register, version, state, 20)).toBeUndefined();
    expect(register.proposal?.number).toBe(number);
    expect(see(register, version, state, 30, 25)?.settled?.number).toBe(number);
    expect(register.proposal).toBeUndefined();
  });

  it('is forgotten once a reading agrees again, or the connection is lost', () => {
    const register = knowing(4, second);
    see(register, version, state, 100);
    expect(see(register, 4, second, 200)).toBeUndefined();
    expect([register.isFresh, register.isContradicted]).toEqual([true, false]);
    see(register, version, state, 300);
    register.connectionLost();
    expect([register.isFresh, register.isContradicted, register.state]).toEqual([false, false, second]);
  });

  it('counts from the answer to a proposal, if that brought the known state', () => {
    const register = knowing(3, both);
    const { number } = register.propose('claim', second, 10);
    register.settle(number, { kind: 'applied', version: 4 }, 500);
    expect(see(register, version, state, 600, 500)).toBeUndefined();
    expect(see(register, version, state, 600, 501)?.lost).toEqual(second);
  });
});

describe('a proposal that another epoch supersedes', () => {
  it('is dropped once another epoch than its own is known', () => {
    const register = knowing(4, both);
    const { number } = register.propose('claim', second, 0);
    expect(register.supersede('two')).toBe(false);
    expect(register.proposal?.number).toBe(number);
    expect(register.supersede('two too')).toBe(true);
    expect([register.proposal, register.required]).toEqual([undefined, both.inSync]);
    expect(register.settle(number, { kind: 'applied', version: 5 }, 10)).toBeUndefined();
    expect(register.supersede('three')).toBe(false);
  });
});

describe('a fresh state (R7)', () => {
  it('was read on the present connection', () => {
    const register = knowing(4, second);
    expect(register.isFresh).toBe(true);
    register.connectionLost();
    expect([register.isFresh, register.wasRead, register.state]).toEqual([false, true, second]);
    see(register, 4, second, 100);
    expect(register.isFresh).toBe(true);
  });

  it('may come from a later reading, too', () => {
    const register = knowing(3, both);
    register.connectionLost();
    see(register, 4, second, 100);
    expect([register.isFresh, register.state]).toEqual([true, second]);
  });
});

describe('a state of another line', () => {
  it('is accepted without a proof if it gives up the known line (R13)', () => {
    const chosen = withGivenUp(other, ['h']);
    const register = knowing(4, second);
    expect(see(register, 0, chosen, 100)).toEqual({ settled: undefined, lost: undefined });
    expect(register.state).toBe(chosen);
    // A lagging server does not bring back what was given up.
    expect(see(register, 9, second, 200)).toBeUndefined();
    expect(register.state).toBe(chosen);
  });

  it('is accepted if it gives up one epoch by which two lines of one history differ', () => {
    const chosen = forced('a', { state: secondToo, line: secondToo, knownEpoch: 2, lastSeq: 0, givenUp: ['two'] }, 'three');
    const register = knowing(4, second);
    expect(see(register, 5, chosen, 100)).toBeDefined();
    expect(register.state).toBe(chosen);
  });

  it('is not accepted without a proof if each gives up the other', () => {
    const one = withGivenUp(second, ['other']);
    const register = knowing(4, one);
    const opposite = withGivenUp(other, ['h']);
    expect(see(register, 9, opposite, 100)).toBeUndefined();
    expect(see(register, 9, opposite, 200, 150)?.lost).toBe(one);
  });
});

describe('the number of removals of an epoch', () => {
  const removed = withRemovalAfter(first, first);
  const removedAgain = withRemovalAfter(both, removed);

  it('tells which state is newer, whatever the versions: those start again where ZooKeeper went back', () => {
    for (const version of [3, 4, 5]) {
      const register = knowing(4, removed);
      expect(see(register, version, removedAgain, 100)).toEqual({ settled: undefined, lost: undefined });
      expect(register.state).toBe(removedAgain);
      expect(register.propose('membership', both, 0).expectedVersion).toBe(version);
    }
  });

  it('that is lower than what is known is a contradiction, until it is proven', () => {
    for (const version of [3, 4, 5]) {
      const register = knowing(4, removed);
      expect(see(register, version, first, 100)).toBeUndefined();
      expect([register.state, register.isContradicted]).toEqual([removed, true]);
      expect(see(register, version, first, 200, 150)?.lost).toBe(removed);
    }
  });
});

describe('a cluster that was restored', () => {
  it('is remembered', () => {
    const register = new StateRegister();
    expect(register.isRestored).toBe(false);
    register.noteRestored();
    register.connectionLost();
    expect(register.isRestored).toBe(true);
  });
});

describe('reads of a server that lags', () => {
  it('never replace the known state, in any order', () => {
    const versions: ShardState[] = [first, both, second, withMembers(second, ['c'], []), claimed(second, 'a', 'three')];
    fc.assert(
      fc.property(fc.array(fc.nat(versions.length - 1), { maxLength: 30 }), (reads) => {
        const register = new StateRegister();
        let newest = -1;
        for (const [nowMs, version] of reads.entries()) {
          const observation = see(register, version, versions[version], nowMs);
          expect(observation !== undefined).toBe(version > newest);
          newest = Math.max(newest, version);
          expect(register.state).toBe(versions[newest]);
          expect([register.isFresh, register.isContradicted]).toEqual([version === newest, version !== newest]);
        }
      }),
    );
  });
});
