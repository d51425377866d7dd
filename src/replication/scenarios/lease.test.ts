import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

describe('lease (R9)', () => {
  it('reads are served only while every member has answered a beacon sent less than a lease ago', () => {
    const c = Scenario.of('a b c');
    c.cut('b', 'a');
    c.node('a').session.held = true;
    c.advance(800);
    expect(c.get('a', 'k')).toEqual({ version: 0 });
    c.advance(200);
    expect(c.get('a', 'k')).toEqual({ refusal: 'LEASE_LAPSED' });
    c.heal();
    c.advance(200);
    expect(c.get('a', 'k')).toEqual({ version: 0 });
  });

  it('a lease counts from the sending of the beacon, not from the answer', () => {
    const c = Scenario.of('a b');
    c.node('a').session.held = true;
    c.hold('a', 'b');
    c.advance(150);
    const sentMs = c.cluster.nowMs;
    c.elapse(900);
    c.heal();
    c.hold('b', 'a');
    c.deliverAll();
    for (const answer of c.sent('beaconAnswer', 'b').slice(-8)) if (answer.body.sentAtMs <= sentMs) c.receive(answer);
    expect(c.get('a', 'k')).toEqual({ version: 0 });
    c.elapse(150);
    expect(c.get('a', 'k')).toEqual({ refusal: 'LEASE_LAPSED' });
  });

  it('a required set of one needs no lease', () => {
    const c = Scenario.of('a');
    c.elapse(100_000);
    expect(c.get('a', 'k')).toEqual({ version: 0 });
  });

  it('a joiner whose addition is proposed must have answered, too', () => {
    const c = Scenario.of('a');
    c.start('b');
    c.node('a').session.loseNextAnswer = 'notApplied';
    c.until(() => c.notes('a').includes('membersProposed'), 'b never proposed');
    c.partition('a', 'b');
    c.node('a').session.held = true;
    c.advance(1100);
    expect(c.inSync).toEqual(['a']);
    expect(c.get('a', 'k')).toEqual({ refusal: 'LEASE_LAPSED' });
  });

  it('with ZooKeeper away, reads and writes go on while every member lives', () => {
    const c = Scenario.of('a b c');
    for (const name of ['a', 'b', 'c']) c.disconnect(name);
    for (let round = 1; round <= 20; round++) {
      c.advance(1000);
      const call = c.put('a', 'k', `v${round}`);
      c.deliverAll();
      expect(outcome(call)).toBe(`written ${round}`);
      expect(c.get('a', 'k').value).toBe(`v${round}`);
    }
    expect(c.notes('a')).not.toContain('paused');
  });

  it('a primary that can neither renew its lease nor evict pauses: it serves nothing and sends only probes', () => {
    const c = Scenario.of('a b c');
    for (const name of ['a', 'b', 'c']) c.disconnect(name);
    c.partition('a', 'b');
    c.advance(2300);
    expect(c.notes('a')).toContain('paused');
    expect(c.get('a', 'k')).toEqual({ refusal: 'PAUSED' });
    expect(outcome(c.put('a', 'k', 'v'))).toBe('PAUSED');
    c.forgetSent();
    c.advance(500);
    expect(c.sent('beacon', 'a').length).toBeGreaterThan(3);
    expect(c.sent('beacon', 'a').every(({ body }) => body.probe)).toBe(true);
  });

  it('a probe renews no loyalty: backups that receive only probes elect another primary', () => {
    const c = Scenario.of('a b c');
    c.disconnect('a');
    c.disconnect('b');
    c.disconnect('c');
    c.cut('b', 'a');
    c.advance(2300);
    expect(c.notes('a')).toContain('paused');
    c.advance(1500);
    c.reconnect('c');
    c.until(() => c.state?.epoch === 2, 'no claim', 500);
    expect(c.state?.primary).toBe('c~1');
  });

  it('a paused primary resumes when the whole required set answers its probes and no member claims', () => {
    const c = Scenario.of('a b c');
    for (const name of ['a', 'b', 'c']) c.disconnect(name);
    c.cut('b', 'a');
    c.advance(2300);
    expect(c.notes('a')).toContain('paused');
    c.heal();
    c.advance(300);
    expect(c.notes('a')).toContain('resumed');
    expect(c.get('a', 'k')).toEqual({ version: 0 });
  });

  it('a paused primary does not resume while the claim of a member may still succeed', () => {
    const c = Scenario.of('a b');
    c.disconnect('a');
    c.partition('a', 'b');
    c.node('b').session.loseNextAnswer = 'notApplied';
    c.until(() => c.role('b') === 'claimant', 'no claim', 3000);
    c.node('b').session.held = true;
    c.advance(1500);
    expect(c.notes('a')).toContain('paused');
    c.heal();
    c.advance(1000);
    expect(c.sent('beaconAnswer', 'b').at(-1)?.body).toMatchObject({ probe: true, claiming: true });
    expect(c.notes('a')).not.toContain('resumed');
    c.node('b').session.held = false;
    c.reconnect('a');
    c.stabilize();
  });

  it('a primary whose own log write is overdue steps down', () => {
    const c = Scenario.of('a b');
    c.node('a').disk.hangs = true;
    const call = c.put('a', 'k', 'v');
    c.advance(1100);
    expect(c.notes('a')).toContain('diskOverdue');
    expect(outcome(call)).toBe('OUTCOME_UNKNOWN');
    c.until(() => c.primary === 'b', 'no failover', 4000);
    expect(c.get('b', 'k').value).toBe('v');
  });

  it('the answer to a probe renews no lease: the replica that sent it is free to claim', () => {
    const c = Scenario.of('a b');
    for (const name of ['a', 'b']) c.disconnect(name);
    c.partition('a', 'b');
    c.until(() => c.notes('a').includes('paused'), 'not paused', 4000);
    c.advance(1500);
    c.heal();
    for (let count = 0; count < 20 && !c.notes('a').includes('resumed'); count++) {
      c.deliverAll();
      c.elapse(50);
      c.tick('a');
    }
    expect(c.notes('a')).toContain('resumed');
    expect(c.get('a', 'k')).toEqual({ refusal: 'LEASE_LAPSED' });
    c.deliverAll();
    expect(c.get('a', 'k')).toEqual({ version: 0 });
  });
});
