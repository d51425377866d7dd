import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';
import { beginSnapshot, withoutHistory } from '../testing/snapshot-start.fixture.js';

/** The history that the shard of the scenario goes on with. */
function historyOf(c: Scenario): string {
  return c.state!.history;
}

describe('retries (R16)', () => {
  it('a request that is sent again is executed once, and gets its first answer', () => {
    const c = Scenario.of('a b');
    const first = c.request('a', 1, { key: 'k', value: 'v1' });
    c.deliverAll();
    c.put('a', 'k', 'v2');
    const again = c.request('a', 1, { key: 'k', value: 'v1', isFirstAttempt: false });
    c.deliverAll();
    expect([first, again].map(outcome)).toEqual(['written 1', 'written 1']);
    expect(c.get('a', 'k')).toEqual({ value: 'v2', version: 2 });
  });

  it('a request whose entry is not committed is recognised, and answered once that is', () => {
    const c = Scenario.of('a b');
    c.hold('a', 'b');
    c.request('a', 1, { key: 'k', value: 'v' });
    const again = c.request('a', 1, { key: 'k', value: 'v', isFirstAttempt: false });
    c.deliverAll();
    expect(outcome(again)).toBe('none yet');
    c.heal();
    c.deliverAll();
    expect(outcome(again)).toBe('written 1');
    expect(c.status('a').lastSeq).toBe(1);
  });

  it('a request that is recognised and never commits here has an unknown outcome', () => {
    const c = Scenario.of('a b c');
    c.hold('a', 'b');
    c.hold('a', 'c');
    c.request('a', 1, { key: 'k', value: 'v' });
    const again = c.request('a', 1, { key: 'k', value: 'v', isFirstAttempt: false });
    c.pause('a');
    c.until(() => c.primary === 'b', 'no failover');
    c.resume('a');
    c.heal();
    c.advance(300);
    expect(outcome(again)).toBe('OUTCOME_UNKNOWN');
  });

  it.each(['applied', 'pending'])('the next primary recognises a request that is %s there', (stage) => {
    const c = Scenario.of('a b c');
    const first = c.request('a', 1, { key: 'k', value: 'v1' });
    if (stage === 'applied') c.advance(200);
    else c.stepUntil(() => c.status('b').lastSeq === 1 && c.status('c').lastSeq === 1);
    expect(c.status('b').appliedSeq).toBe(stage === 'applied' ? 1 : 0);
    expect(outcome(first)).toBe(stage === 'applied' ? 'written 1' : 'none yet');
    c.kill('a');
    c.until(() => c.primary === 'b', 'no failover');
    c.put('b', 'k', 'v2');
    const again = c.request('b', 1, { key: 'k', value: 'v1', isFirstAttempt: false });
    c.deliverAll();
    expect(outcome(again)).toBe('written 1');
    expect(c.get('b', 'k')).toEqual({ value: 'v2', version: 2 });
  });

  it('a request that was cut from the log is executed when it is sent again', () => {
    const c = Scenario.of('a b c');
    c.hold('a', 'b');
    c.hold('a', 'c');
    c.request('a', 1, { key: 'k', value: 'v' });
    c.pause('a');
    c.until(() => c.primary === 'b', 'no failover');
    c.resume('a');
    c.heal();
    c.stabilize();
    expect(outcome(c.request('b', 1, { key: 'k', value: 'v', isFirstAttempt: false }))).toBe('none yet');
    c.deliverAll();
    c.kill('b');
    c.until(() => c.primary !== undefined, 'no failover');
    const later = c.request(c.primary!, 1, { key: 'k', value: 'v', isFirstAttempt: false });
    c.deliverAll();
    expect(outcome(later)).toBe('written 1');
    expect(c.status(c.primary!).requests).toBe(1);
  });

  it('a deposed primary forgets the requests that its new primary has cut from its log', () => {
    const c = Scenario.of('a b c');
    c.hold('a', 'b');
    c.hold('a', 'c');
    c.request('a', 1, { key: 'k', value: 'v' });
    c.pause('a');
    c.until(() => c.primary === 'b', 'no failover');
    c.resume('a');
    c.heal();
    c.stabilize();
    expect(c.status('a').requests).toBe(0);
  });

  it('a joiner recognises the requests that its snapshot brings, as of the base position, and those of the log over it', () => {
    const c = withoutHistory();
    c.request('a', 1, { key: 'k1', value: 'first' });
    c.request('a', 2, { key: 'k2', value: 'second' });
    c.deliverAll();
    c.start('b');
    beginSnapshot(c);
    c.request('a', 3, { key: 'k3', value: 'third' });
    c.deliverAll();
    c.cluster.snapshotsHeld = false;
    c.stabilize();
    c.kill('a');
    c.until(() => c.primary === 'b', 'no failover');
    const again = [1, 2, 3].map((number) =>
      c.request('b', number, { key: `k${number}`, value: ['first', 'second', 'third'][number - 1]!, isFirstAttempt: false }),
    );
    c.deliverAll();
    expect(again.map(outcome)).toEqual(['written 7', 'written 8', 'written 9']);
  });

  it('requests below the lowest number that the client names are forgotten, and refused', () => {
    const c = Scenario.of('a b');
    c.request('a', 1, { key: 'k', value: 'v1' });
    c.request('a', 2, { key: 'k', value: 'v2' });
    c.request('a', 3, { key: 'k', value: 'v3', lowest: 3 });
    c.deliverAll();
    expect(c.status('a').requests).toBe(1);
    const late = c.request('a', 1, { key: 'k', value: 'v1' });
    expect(outcome(late)).toBe('REQUEST_TOO_OLD');
    c.advance(200);
    expect(c.status('b').requests).toBe(1);
  });

  it('the primary raises the floor when there are too many requests, and replicas forget by the entry that carries it', () => {
    const c = Scenario.of('a b', { maxRequests: 8 });
    for (let client = 1; client <= 30; client++) {
      c.request('a', 1, { client: `client ${client}`, key: 'k', value: `v${client}`, seq: client - 1 });
      c.deliverAll();
    }
    c.advance(200);
    expect(c.status('a').requests).toBeLessThanOrEqual(10);
    expect(c.status('b').requests).toBe(c.status('a').requests);
    const forgotten = { client: 'client 1', key: 'k', value: 'v1' };
    const again = c.request('a', 1, { ...forgotten, isFirstAttempt: false });
    expect(again.answers).toMatchObject([{ refusal: 'REQUEST_TOO_OLD', isDefinite: false, position: { seq: 30 } }]);
    const first = c.request('a', 2, { ...forgotten, isFirstAttempt: true });
    expect(first.answers).toMatchObject([{ refusal: 'REQUEST_TOO_OLD', isDefinite: true }]);
    const known = c.request('a', 2, { ...forgotten, seq: 30 });
    c.deliverAll();
    expect(outcome(known)).toBe('written 31');
    expect(outcome(c.request('a', 1, { client: 'client 30', key: 'k', value: 'v30', isFirstAttempt: false, seq: 0 }))).toBe(
      'written 30',
    );
  });

  it('while its node has room, a shard recognises more requests than its part, up to a bound', () => {
    const c = Scenario.of('a b', { maxRequests: 4, maxRequestBytes: 0, mostRequests: 12 });
    const request = (client: number, hasRoom: boolean) => {
      c.request('a', 1, { client: `client ${client}`, key: 'k', value: `v${client}`, seq: client - 1, hasRoom });
      c.deliverAll();
      return c.status('a').requests;
    };
    for (let client = 1; client <= 12; client++) expect(request(client, true)).toBe(client);
    expect(request(13, true)).toBe(13);
    expect(request(14, true)).toBe(10);
    let left = request(15, false);
    for (let client = 16; client < 30; client++) left = request(client, false);
    expect(left).toBeLessThanOrEqual(4);
  });

  it('a position of another history, or ahead of the log, is refused', () => {
    const c = Scenario.of('a b');
    expect(outcome(c.request('a', 1, { key: 'k', value: 'v', history: 'another' }))).toBe('REQUEST_TOO_OLD');
    expect(outcome(c.request('a', 1, { key: 'k', value: 'v', seq: 1 }))).toBe('REQUEST_TOO_OLD');
    const known = c.request('a', 1, { key: 'k', value: 'v', history: historyOf(c), seq: 0 });
    c.deliverAll();
    expect(outcome(known)).toBe('written 1');
  });

  it('the number of a request with other content is refused', () => {
    const c = Scenario.of('a b');
    c.request('a', 1, { key: 'k', value: 'v1' });
    c.deliverAll();
    const others = [
      { key: 'k', value: 'v2' },
      { key: 'l', value: 'v1' },
      { key: 'k', value: 'v1', ifVersion: 1 },
      { key: 'k', value: undefined },
    ];
    for (const other of others) expect(outcome(c.request('a', 1, other))).toBe('REQUEST_REUSED');
    expect(c.get('a', 'k')).toEqual({ value: 'v1', version: 1 });
  });

  it('a retry that writes nothing is recorded: an earlier attempt that arrives later is not executed', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v1');
    c.deliverAll();
    const retry = c.request('a', 1, { key: 'k', value: 'v3', ifVersion: 2, isFirstAttempt: false });
    const removal = c.request('a', 2, { key: 'x', value: undefined, isFirstAttempt: false });
    c.deliverAll();
    expect([retry, removal].map(outcome)).toEqual(['VERSION_MISMATCH 1', 'nothingToDelete']);
    c.put('a', 'k', 'v2', 1);
    c.put('a', 'x', 'w');
    c.deliverAll();
    const late = c.request('a', 1, { key: 'k', value: 'v3', ifVersion: 2 });
    const lateRemoval = c.request('a', 2, { key: 'x', value: undefined });
    c.deliverAll();
    expect([late, lateRemoval].map(outcome)).toEqual(['VERSION_MISMATCH 1', 'nothingToDelete']);
    expect(c.get('a', 'k')).toMatchObject({ value: 'v2' });
    expect(c.get('a', 'x')).toMatchObject({ value: 'w' });
  });

  it('a first attempt that writes nothing costs no entry', () => {
    const c = Scenario.of('a b');
    expect(outcome(c.request('a', 1, { key: 'k', value: 'v', ifVersion: 7 }))).toBe('VERSION_MISMATCH 0');
    expect(outcome(c.request('a', 2, { key: 'k', value: undefined }))).toBe('nothingToDelete');
    expect(c.status('a').lastSeq).toBe(0);
  });

  it("after the operator's command no request is recognised, and those sent before are refused (R13)", () => {
    const c = Scenario.of('a b c');
    c.request('a', 1, { key: 'k', value: 'v' });
    c.advance(200);
    c.pause('b');
    c.until(() => c.inSync.join() === 'a,c', 'b is not evicted');
    c.kill('a', 'c');
    c.resume('b');
    c.until(() => c.notes('b').includes('offline'), 'not offline');
    c.force('b');
    c.until(() => c.primary === 'b', 'not forced');
    expect(c.status('b').requests).toBe(0);
    const again = c.request('b', 1, { key: 'k', value: 'v', isFirstAttempt: false });
    expect(again.answers).toMatchObject([{ refusal: 'REQUEST_TOO_OLD', isDefinite: false }]);
    const { seqFloor } = c.state!;
    const next = c.request('b', 2, { key: 'k', value: 'w', seq: seqFloor - 1 });
    c.deliverAll();
    expect(outcome(next)).toBe(`written ${seqFloor}`);
  });

  it('after the end of a history the requests sent before are refused (R13)', () => {
    const c = Scenario.of('a');
    c.request('a', 1, { key: 'k', value: 'v' });
    c.deliverAll();
    c.stop('a');
    c.until(() => c.node('a').stopped === 'clean', 'a does not stop');
    c.start('b');
    c.stabilize();
    expect(outcome(c.request('b', 1, { key: 'k', value: 'v', isFirstAttempt: false }))).toBe('REQUEST_TOO_OLD');
  });
});
