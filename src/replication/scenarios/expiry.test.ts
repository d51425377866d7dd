import { describe, expect, it } from 'vitest';
import type { ReplicaOptions } from '../protocol/replica-options.js';
import type { KeyOperation } from '../protocol/transaction.js';
import { outcome, Scenario } from '../testing/scenario.fixture.js';
import { withoutHistory } from '../testing/snapshot-start.fixture.js';

const get = (key: string): KeyOperation => ({ kind: 'get', key });

/** Nodes whose clocks show quite different times: only what passes on them counts. */
function withOwnClocks(names: string, options: Partial<ReplicaOptions> = {}): Scenario {
  const c = new Scenario(options);
  for (const [index, name] of names.split(' ').entries()) c.setClock(name, (names.length - 2 * index) * 1_000_000);
  c.start(...names.split(' '));
  c.until(() => c.inSync.length === names.split(' ').length, 'not all are in sync');
  c.stabilize();
  return c;
}

/** The key expires a second after this, at a primary that has written it. */
function expiringInASecond(names = 'a b'): Scenario {
  const c = withOwnClocks(names);
  c.putExpiring('a', 'k', 'v', 1_000);
  c.deliverAll();
  return c;
}

function expiryAt(c: Scenario, name: string): number | undefined {
  return c.node(name).store.itemOf('k').expiresAtMs;
}

describe('expiry (R17)', () => {
  it('an entry with a TTL carries the time of the shard and the deadline, and every replica stores it; others carry neither', () => {
    const c = withOwnClocks('a b');
    c.advance(500);
    const writtenAtMs = c.timeMs('a');
    c.putExpiring('a', 'k', 'v', 1_000);
    c.put('a', 'l', 'w');
    c.advance(200);
    const entries = c.sent('append', 'a').flatMap(({ body }) => body.entries);
    expect(entries.map(({ atMs, writes }) => [atMs, writes[0]?.expiresAtMs])).toEqual([
      [writtenAtMs, writtenAtMs + 1_000],
      [undefined, undefined],
    ]);
    expect([expiryAt(c, 'a'), expiryAt(c, 'b')]).toEqual([writtenAtMs + 1_000, writtenAtMs + 1_000]);
  });

  it('a later Sync of the same primary that was on its way for long does not turn back the time of a backup', () => {
    const c = withOwnClocks('a b');
    const sync = c.sent('sync', 'a').at(-1)!;
    c.advance(500);
    const timeMs = c.timeMs('b');
    expect(timeMs).toBeGreaterThan(sync.body.timeMs);
    c.receive({ ...sync, body: { ...sync.body, number: sync.body.number + 1 } });
    expect(c.timeMs('b')).toBeGreaterThanOrEqual(timeMs);
  });

  it('a key exists until its deadline, and the primary deletes it then', () => {
    const c = expiringInASecond();
    c.elapse(999);
    c.tick('a');
    c.tick('b');
    c.deliverAll();
    expect(outcome(c.sweep('a'))).toBe('nothingDue');
    expect(outcome(c.transact('a', get('k')))).toBe('transacted 0: v 1');
    c.elapse(1);
    const sweep = c.sweep('a');
    c.advance(200);
    expect(outcome(sweep)).toBe('written 2');
    expect(['a', 'b'].map((name) => c.node(name).store.versionOf('k'))).toEqual([0, 0]);
  });

  it('a primary reports each key that has expired once, when its delete has committed, whatever found it', () => {
    const c = withOwnClocks('a b');
    for (const key of ['swept', 'read', 'compared', 'in a transaction', 'in the same']) c.putExpiring('a', key, 'v', 100);
    c.deliverAll();
    c.elapse(130);
    c.hold('b', 'a');
    c.getInOrder('a', 'read');
    c.put('a', 'compared', 'w', 0);
    c.transact('a', get('in a transaction'), get('in the same'));
    c.sweep('a');
    expect(c.node('a').lagsMs).toEqual([]);
    c.elapse(20);
    c.heal();
    c.deliverAll();
    expect(c.node('a').lagsMs).toEqual([50, 50, 50, 50, 50]);
    expect(c.node('b').lagsMs).toEqual([]);
  });

  it('a report of a key that is not due by the time of the shard deletes nothing', () => {
    const c = expiringInASecond();
    const call = c.node('a').newCall();
    c.node('a').handle({ type: 'due', token: call, keys: [{ key: 'k', expiresAtMs: expiryAt(c, 'a')! }] });
    expect(outcome(call)).toBe('nothingDue');
  });

  it('a read that meets a due key is answered once the delete has committed', () => {
    const c = expiringInASecond();
    c.advance(1_000);
    c.hold('b', 'a');
    const reads = [c.getInOrder('a', 'k'), c.transact('a', get('k'))];
    c.deliverAll();
    expect(reads.map(outcome)).toEqual(['none yet', 'none yet']);
    c.heal();
    c.deliverAll();
    expect(reads.map(outcome)).toEqual(['readable nothing', 'transacted 0: 0']);
    expect(c.status('a').lastSeq).toBe(2);
  });

  it('a write on a condition finds a due key to be gone', () => {
    const c = expiringInASecond();
    c.advance(1_000);
    const calls = [c.put('a', 'k', 'w', 1), c.delete('a', 'k'), c.put('a', 'k', 'x', 0)];
    c.deliverAll();
    expect(calls.map(outcome)).toEqual(['VERSION_MISMATCH 0', 'nothingToDelete', 'written 3']);
    expect(c.get('a', 'k')).toEqual({ value: 'x', version: 3 });
  });

  it('a transaction finds a due key to be gone, and its entry follows the delete', () => {
    const c = expiringInASecond();
    c.advance(1_000);
    const call = c.transact('a', get('k'), { kind: 'append', key: 'k', value: new TextEncoder().encode('w'), maxBytes: 10 });
    c.deliverAll();
    expect([outcome(call), c.get('a', 'k')]).toEqual(['transacted 3: 0, 3', { value: 'w', version: 3 }]);
  });

  it('a due key that has not committed yet is deleted as well before it is judged', () => {
    const c = withOwnClocks('a b');
    c.hold('b', 'a');
    c.putExpiring('a', 'k', 'v', 100);
    c.elapse(100);
    const calls = [c.put('a', 'k', 'w', 1), c.transact('a', get('k'))];
    c.heal();
    c.deliverAll();
    expect(calls.map(outcome)).toEqual(['VERSION_MISMATCH 0', 'transacted 0: 0']);
  });

  it('a key that was written since is not deleted, whatever was reported', () => {
    const c = expiringInASecond();
    c.advance(1_000);
    c.hold('b', 'a');
    c.put('a', 'k', 'w');
    const sweep = c.sweep('a');
    c.heal();
    c.deliverAll();
    expect(outcome(sweep)).toBe('nothingDue');
    c.elapse(5_000);
    expect(outcome(c.sweep('a'))).toBe('nothingDue');
    expect(c.node('a').store.itemOf('k')).toMatchObject({ version: 2, expiresAtMs: undefined });
  });

  it('a due key is neither gone nor there while its delete cannot be appended', () => {
    const c = Scenario.of('a b', { minInSync: 2 });
    c.putExpiring('a', 'k', 'v', 1_000);
    c.deliverAll();
    c.kill('b');
    c.until(() => c.inSync.join() === 'a', 'b is not evicted');
    c.advance(1_000);
    expect([c.getInOrder('a', 'k'), c.sweep('a')].map(outcome)).toEqual(['TOO_FEW_IN_SYNC', 'TOO_FEW_IN_SYNC']);
    expect(c.node('a').store.versionOf('k')).toBe(1);
  });

  it('touch gives another deadline, persist removes it; both keep the value', () => {
    const c = expiringInASecond();
    const atMs = c.timeMs('a');
    const calls = [c.transact('a', { kind: 'touch', key: 'k', ttlMs: 5_000 })];
    c.deliverAll();
    expect(expiryAt(c, 'a')).toBe(atMs + 5_000);
    calls.push(c.transact('a', { kind: 'persist', key: 'k' }), c.transact('a', { kind: 'persist', key: 'k' }));
    calls.push(c.transact('a', { kind: 'touch', key: 'l', ttlMs: 5_000 }));
    c.deliverAll();
    expect(calls.map(outcome)).toEqual(['transacted 2: 2', 'transacted 3: 3', 'transacted 0: 0', 'transacted 0: 0']);
    expect([c.get('a', 'k'), expiryAt(c, 'a')]).toEqual([{ value: 'v', version: 3 }, undefined]);
  });
});

describe("the shard's time (R17)", () => {
  it('is continued by each next primary: no TTL begins again, and none ends early', () => {
    const c = withOwnClocks('a b c d');
    c.putExpiring('a', 'k', 'v', 20_000);
    const deadlineMs = c.cluster.nowMs + 20_000;
    c.advance(2_000);
    for (const name of ['a', 'b', 'c']) {
      const beforeMs = c.timeMs(name);
      const failedMs = c.cluster.nowMs;
      c.kill(name);
      c.until(() => c.primary !== undefined && c.primary !== name, `nobody follows ${name}`);
      // The time since its last beacon has been counted.
      const passedMs = c.cluster.nowMs - failedMs;
      expect(c.timeMs(c.primary!) - beforeMs).toBeGreaterThan(passedMs - 200);
      expect(c.timeMs(c.primary!) - beforeMs).toBeLessThanOrEqual(passedMs);
    }
    c.advance(deadlineMs - c.cluster.nowMs - 10);
    expect(outcome(c.sweep('d'))).toBe('nothingDue');
    c.advance(3 * 200 + 10);
    expect(outcome(c.sweep('d'))).toBe('written 2');
  });

  it('goes on at a handover', () => {
    const c = withOwnClocks('a b');
    c.advance(10_000);
    const beforeMs = c.timeMs('a');
    c.stop('a');
    c.until(() => c.primary === 'b', 'b does not take over');
    expect(c.timeMs('b')).toBeGreaterThanOrEqual(beforeMs - 200);
  });

  it('is logged about every second at each replica, so that it goes on from there where all of them start again', () => {
    const c = withOwnClocks('a b', { volatile: false });
    c.putExpiring('a', 'k', 'v', 20_000);
    c.advance(5_400);
    const beforeMs = c.timeMs('a');
    c.kill('a', 'b');
    c.advance(60_000);
    for (const name of ['a', 'b']) c.setClock(name, 1_000);
    c.startAgain('b', 'a');
    expect(['a', 'b'].map((name) => c.timeMs(name) > beforeMs - 1_300)).toEqual([true, true]);
    c.stabilize();
    expect(c.timeMs(c.primary!)).toBeLessThan(beforeMs + 5_000);
    c.advance(16_000);
    const sweep = c.sweep(c.primary!);
    c.deliverAll();
    expect(outcome(sweep)).toMatch(/^written/);
  });

  it('is not logged without keys that expire, nor by a replica in memory', () => {
    const c = withOwnClocks('a b', { volatile: false });
    c.put('a', 'k', 'v');
    c.advance(5_000);
    expect(c.node('a').loggedTimeMs).toBe(0);
    const inMemory = expiringInASecond();
    inMemory.advance(5_000);
    expect(inMemory.node('a').loggedTimeMs).toBe(0);
  });

  it('is not logged by a primary that another one may have replaced', () => {
    const c = withOwnClocks('a b', { volatile: false });
    c.putExpiring('a', 'k', 'v', 60_000);
    c.advance(2_000);
    c.partition('a', 'b');
    c.disconnect('a');
    const beforeMs = c.timeMs('a');
    c.advance(10_000);
    expect([c.role('a'), c.primary]).toEqual(['primary', 'b']);
    expect(c.node('a').loggedTimeMs).toBeLessThanOrEqual(beforeMs + 1_000);
  });

  it('is corrected in the log where the next primary is behind', () => {
    const c = withOwnClocks('a b', { volatile: false });
    c.putExpiring('a', 'k', 'v', 60_000);
    c.advance(2_000);
    c.hold('a', 'b');
    c.elapse(500);
    c.tick('a');
    c.elapse(450);
    c.heal();
    c.deliverAll();
    c.drop('beacon');
    c.elapse(200);
    c.tick('a');
    const loggedMs = c.node('a').loggedTimeMs;
    expect(loggedMs).toBe(c.timeMs('a'));
    c.stop('a');
    c.deliverAll();
    expect(c.sent('sync', 'b').map(({ body }) => body.timeMs < loggedMs)).toContain(true);
    expect(c.node('a').loggedTimeMs).toBe(c.sent('sync', 'b').at(0)?.body.timeMs);
  });

  it('comes with a snapshot, as do the deadlines of its keys', () => {
    const c = withoutHistory();
    c.putExpiring('a', 'k', 'v', 30_000);
    c.put('a', 'l', 'w');
    c.advance(5_000);
    c.setClock('b', 1_000_000);
    c.start('b');
    c.until(() => c.inSync.length === 2, 'b does not join');
    expect(expiryAt(c, 'b')).toBe(expiryAt(c, 'a'));
    const beforeMs = c.timeMs('a');
    c.kill('a');
    c.until(() => c.primary === 'b', 'b does not take over');
    expect(c.timeMs('b')).toBeGreaterThan(beforeMs);
    c.advance(30_000);
    expect(outcome(c.sweep('b'))).toMatch(/^written/);
  });
});
