import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

describe('write (R6)', () => {
  it('is answered and visible only once every member of the set has acknowledged it', () => {
    const c = Scenario.of('a b c');
    c.hold('a', 'c');
    const call = c.put('a', 'k', 'v');
    c.deliverAll();
    expect(outcome(call)).toBe('none yet');
    expect(c.get('a', 'k')).toEqual({ version: 0 });
    c.heal();
    c.deliverAll();
    expect(outcome(call)).toBe('written 1');
    expect(c.get('a', 'k')).toEqual({ value: 'v', version: 1 });
  });

  it.each(['a', 'b'])('waits for the disk of %s, primary or backup: acknowledged entries are durable', (slow) => {
    const c = Scenario.of('a b');
    c.node(slow).disk.hangs = true;
    const call = c.put('a', 'k', 'v');
    c.deliverAll();
    expect(outcome(call)).toBe('none yet');
    expect(c.get('a', 'k')).toEqual({ version: 0 });
    c.node(slow).disk.hangs = false;
    c.node(slow).completeWrites();
    c.deliverAll();
    expect(outcome(call)).toBe('written 1');
  });

  it('waits for no report of a storage that persists at once', () => {
    const c = Scenario.of('a b', { persistsAtOnce: true });
    const call = c.put('a', 'k', 'v');
    c.deliverAll();
    expect(outcome(call)).toBe('written 1');
  });

  it('a precondition is judged against the newest entry, committed or not', () => {
    const c = Scenario.of('a b');
    const first = c.put('a', 'k', 'v1', 0);
    const second = c.put('a', 'k', 'v2', 1);
    const third = c.put('a', 'k', 'v3', 1);
    const removal = c.delete('a', 'k', 2);
    const fourth = c.put('a', 'k', 'v4', 0);
    c.deliverAll();
    expect([first, second, third, removal, fourth].map(outcome)).toEqual([
      'written 1',
      'written 2',
      'VERSION_MISMATCH 2',
      'written 3',
      'written 4',
    ]);
  });

  it('a call judged by an uncommitted entry is answered only after that entry has committed', () => {
    const c = Scenario.of('a b');
    c.hold('a', 'b');
    c.put('a', 'k', 'v1');
    const refused = c.put('a', 'k', 'v2', 7);
    c.delete('a', 'k');
    const nothing = c.delete('a', 'k');
    c.deliverAll();
    expect([refused, nothing].map(outcome)).toEqual(['none yet', 'none yet']);
    c.heal();
    c.deliverAll();
    expect([refused, nothing].map(outcome)).toEqual(['VERSION_MISMATCH 1', 'nothingToDelete']);
  });

  it('a call judged by an entry that never commits here is not answered with its judgement', () => {
    const c = Scenario.of('a b c');
    c.hold('a', 'b');
    c.hold('a', 'c');
    const write = c.put('a', 'k', 'v1');
    const refused = c.put('a', 'k', 'v2', 7);
    c.pause('a');
    c.until(() => c.primary === 'b', 'no failover');
    c.resume('a');
    c.heal();
    c.advance(300);
    expect(outcome(write)).toBe('OUTCOME_UNKNOWN');
    expect(outcome(refused)).toBe('NOT_PRIMARY');
  });

  it('a call that writes nothing is answered like a read: not without a lease', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v');
    c.deliverAll();
    expect(outcome(c.put('a', 'k', 'w', 7))).toBe('VERSION_MISMATCH 1');
    expect(outcome(c.delete('a', 'x'))).toBe('nothingToDelete');
    c.cut('b', 'a');
    c.node('a').session.held = true;
    c.advance(1100);
    expect(outcome(c.put('a', 'k', 'w', 7))).toBe('LEASE_LAPSED');
    expect(outcome(c.delete('a', 'x'))).toBe('LEASE_LAPSED');
  });

  it('a call judged under a lease is not answered after the lease has lapsed', () => {
    const c = Scenario.of('a b');
    c.hold('b', 'a');
    const write = c.put('a', 'k', 'v1');
    const refused = c.put('a', 'k', 'v2', 7);
    c.deliverAll();
    c.elapse(1100);
    c.heal();
    c.deliverAll();
    expect(outcome(write)).toBe('written 1');
    expect(outcome(refused)).toBe('LEASE_LAPSED');
  });

  it('writes that arrive while the most batches are in flight form the next one, within the bounds of a batch', () => {
    const c = Scenario.of('a b', { maxBatchEntries: 3, maxBatchesInFlight: 1 });
    const calls = Array.from({ length: 8 }, (_, index) => c.put('a', `k${index}`, 'v'));
    c.deliverAll();
    expect(c.sent('append', 'a').map(({ body }) => body.entries.length)).toEqual([1, 3, 3, 1]);
    expect(calls.map(outcome).at(-1)).toBe('written 8');
  });

  it('small batches are in flight together, large ones one by one', () => {
    const small = Scenario.of('a b', { maxBatchesInFlight: 2 });
    for (const key of ['k1', 'k2', 'k3', 'k4']) small.put('a', key, 'v');
    expect(small.sent('append', 'a').map(({ body }) => body.entries.length)).toEqual([1, 1]);
    small.deliverAll();
    expect(small.sent('append', 'a').map(({ body }) => body.entries.length)).toEqual([1, 1, 2]);
    const large = Scenario.of('a b', { maxBatchesInFlight: 2, maxBatchBytes: 400 });
    for (const key of ['k1', 'k2', 'k3', 'k4']) large.put('a', key, 'v');
    expect(large.sent('append', 'a')).toHaveLength(1);
  });

  it('backups apply up to the commit index, and nothing before it commits', () => {
    const c = Scenario.of('a b c');
    c.hold('a', 'c');
    c.put('a', 'k', 'v');
    c.advance(200);
    expect(c.status('b')).toMatchObject({ lastSeq: 1, commitIndex: 0, appliedSeq: 0 });
    expect(c.node('b').store.items.size).toBe(0);
    c.heal();
    c.advance(200);
    expect(c.status('b')).toMatchObject({ commitIndex: 1, appliedSeq: 1 });
  });

  it('a write beyond the bound on waiting entries is refused, and definitely not executed', () => {
    const c = Scenario.of('a b', { maxUncommittedEntries: 2 });
    c.hold('a', 'b');
    const calls = ['v1', 'v2', 'v3'].map((value) => c.put('a', 'k', value));
    expect(calls.map(outcome)).toEqual(['none yet', 'none yet', 'OVERLOADED']);
    c.heal();
    c.deliverAll();
    expect(c.get('a', 'k')).toEqual({ value: 'v2', version: 2 });
    expect(outcome(c.put('a', 'k', 'v4'))).toBe('none yet');
  });

  it('the bytes of waiting entries are counted', () => {
    const c = Scenario.of('a b', { maxUncommittedBytes: 1000 });
    for (let round = 0; round < 20; round++) {
      c.hold('a', 'b');
      const calls = Array.from({ length: 5 }, () => c.put('a', 'k', 'x'.repeat(200)));
      expect(calls.map(outcome).lastIndexOf('none yet')).toBe(3);
      expect(outcome(calls[4]!)).toBe('OVERLOADED');
      c.heal();
      c.deliverAll();
    }
  });

  it('a replica that is not primary refuses', () => {
    const c = Scenario.of('a b');
    expect(outcome(c.put('b', 'k', 'v'))).toBe('NOT_PRIMARY');
    expect(c.get('b', 'k')).toEqual({ refusal: 'NOT_PRIMARY' });
  });
});
