import { describe, expect, it } from 'vitest';
import { born, claimed, type ShardState, withMembers } from './shard-state.js';
import { StateRegister } from './state-register.js';

const first = born('a');
const both = withMembers(first, ['b'], []);

/** Knows version 4 and has proposed to add b to it. */
function proposing(): { register: StateRegister; number: number } {
  const register = new StateRegister();
  register.observe(4, first);
  const { number } = register.propose('membership', both, 0);
  return { register, number };
}

describe('state register (R7)', () => {
  it('requires every member that the set may have, and counts only those it has in any case', () => {
    const { register } = proposing();
    expect([register.required, register.confirmed]).toEqual([['a', 'b'], ['a']]);
    const removing = new StateRegister();
    removing.observe(4, both);
    removing.propose('membership', first, 0);
    expect([removing.required, removing.confirmed]).toEqual([['a', 'b'], ['a']]);
  });

  it('a success settles the proposal, under the version that the answer tells', () => {
    const { register, number } = proposing();
    expect(register.settle(number, { kind: 'applied', version: 5 })?.succeeded).toBe(true);
    expect([register.state, register.proposal]).toEqual([both, undefined]);
    expect(register.propose('membership', first, 0).expectedVersion).toBe(5);
  });

  it.each(['unknown', 'conflict', 'missing'] as const)(
    'an answer "%s" settles nothing, nor does a read of the same version',
    (kind) => {
      const { register, number } = proposing();
      expect(register.settle(number, { kind })).toBeUndefined();
      expect(register.observe(4, first)).toBeUndefined();
      expect(register.observe(3, first)).toBeUndefined();
      expect(register.required).toEqual(['a', 'b']);
    },
  );

  it('a read of a later version settles it', () => {
    const { register, number } = proposing();
    register.settle(number, { kind: 'unknown' });
    expect(register.observe(5, both)?.settled?.number).toBe(number);
    expect(register.proposal).toBeUndefined();
    expect(register.settle(number, { kind: 'conflict' })).toBeUndefined();
    expect(register.state).toEqual(both);
  });

  it('only an unknown outcome is repeated, on the same version, and not at once', () => {
    const { register, number } = proposing();
    expect(register.repeat(1000, 300)).toBeUndefined();
    register.settle(number, { kind: 'unknown' });
    expect(register.repeat(299, 300)).toBeUndefined();
    expect(register.repeat(300, 300)).toMatchObject({ number, expectedVersion: 4, next: both });
    expect(register.repeat(400, 300)).toBeUndefined();
    register.settle(number, { kind: 'conflict' });
    expect(register.repeat(9000, 300)).toBeUndefined();
  });

  it('what was never sent has failed, unless an earlier attempt may have been applied', () => {
    const { register, number } = proposing();
    expect(register.settle(number, { kind: 'notSent' })?.succeeded).toBe(false);
    const again = proposing();
    again.register.settle(again.number, { kind: 'unknown' });
    expect(again.register.settle(again.number, { kind: 'notSent' })).toBeUndefined();
    expect(again.register.proposal).toBeDefined();
  });

  it('a create is not settled by a read that finds nothing, and is repeated after it', () => {
    const register = new StateRegister();
    register.observeMissing();
    const { number } = register.propose('birth', first, 0);
    register.settle(number, { kind: 'conflict' });
    expect(register.observeMissing()).toBeUndefined();
    expect(register.repeat(1000, 300)).toMatchObject({ number, expectedVersion: undefined });
  });

  it('a state that is gone settles a change to it', () => {
    const { register, number } = proposing();
    expect(register.observeMissing()?.settled?.number).toBe(number);
    expect([register.isMissing, register.required]).toEqual([true, []]);
  });

  it('a lower epoch is no news, whatever its version; a higher one is', () => {
    const register = new StateRegister();
    const second: ShardState = claimed(both, 'b');
    register.observe(4, second);
    expect(register.observe(9, first)).toBeUndefined();
    expect(register.observe(0, claimed(second, 'a'))).toBeDefined();
  });
});
