import { describe, expect, it } from 'vitest';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

describe('sessions (R14)', () => {
  it('a lost connection changes nothing for a primary whose members live', () => {
    const c = Scenario.of('a b');
    c.disconnect('a');
    c.advance(5000);
    expect(c.primary).toBe('a');
    c.reconnect('a');
    c.advance(500);
    expect(c.state).toMatchObject({ epoch: 1, inSync: ['a~1', 'b~1'] });
  });

  it('a primary whose session has expired goes on, registered last', () => {
    const c = Scenario.of('a b');
    c.disconnect('a');
    c.expire('a');
    c.advance(5000);
    expect(c.primary).toBe('a');
    c.reconnect('a');
    c.advance(500);
    expect(c.cluster.ensemble.candidates.map((candidate) => candidate.replicaId)).toEqual(['b~1', 'a~1']);
    expect(c.primary).toBe('a');
  });

  it('the only replica survives the expiry of its session', () => {
    const c = Scenario.of('a');
    c.disconnect('a');
    c.expire('a');
    c.advance(3000);
    const call = c.put('a', 'k', 'v');
    expect(outcome(call)).toBe('written 1');
    c.reconnect('a');
    c.start('b');
    c.stabilize();
    expect(c.inSync).toEqual(['a', 'b']);
  });

  it('a backup whose session has expired stays a member while it answers', () => {
    const c = Scenario.of('a b');
    c.disconnect('b');
    c.expire('b');
    c.advance(3000);
    expect(c.inSync).toEqual(['a', 'b']);
    const call = c.put('a', 'k', 'v');
    c.deliverAll();
    expect(outcome(call)).toBe('written 1');
  });

  it('a replica that was frozen until its session expired registers again and joins', () => {
    const c = Scenario.of('a b c');
    c.pause('b');
    c.advance(7000);
    expect(c.cluster.ensemble.candidates.map((candidate) => candidate.replicaId)).toEqual(['a~1', 'c~1']);
    c.resume('b');
    c.reconnect('b');
    c.stabilize();
    expect(c.inSync).toEqual(['a', 'b', 'c']);
  });

  it('a proposal that was not sent is dropped, and made again once there is a connection', () => {
    const c = Scenario.of('a b');
    c.node('a').session.connected = false;
    c.kill('b');
    c.advance(300);
    expect(c.inSync).toEqual(['a', 'b']);
    c.reconnect('a');
    c.advance(100);
    expect(c.inSync).toEqual(['a']);
  });

  it('a watch that never fires only costs time: a higher epoch in a message is a reason to read', () => {
    const c = Scenario.of('a b c');
    c.node('c').session.watchesMuted = true;
    c.kill('a');
    c.until(() => c.primary === 'b', 'no failover');
    c.advance(100);
    expect(c.status('c').state?.primary).toBe('b~1');
  });
});
