import { describe, expect, it } from 'vitest';
import { epochIdOf } from '../protocol/shard-state.js';
import { outcome, Scenario } from '../testing/scenario.fixture.js';

describe('a planned end (R13)', () => {
  it('the last member ends the history; the next candidate begins empty at a higher epoch, from the seq floor', () => {
    const c = Scenario.of('a');
    c.put('a', 'k', 'v1');
    c.put('a', 'k', 'v2');
    const before = c.state!;
    c.stop('a');
    c.until(() => c.node('a').stopped === 'clean', 'a never stops', 1000);
    const lineage = [...before.lineage, { epoch: 2, id: epochIdOf(c.state!) }];
    expect(c.state).toEqual({ ...before, epoch: 2, lineage, primary: undefined, inSync: [], seqFloor: 3 });
    expect(c.notes('a')).toContain('historyEnded');
    c.start('a');
    c.stabilize();
    expect(c.state).toMatchObject({ history: before.history, epoch: 3, inSync: ['a~2'] });
    expect(c.state?.lineage.slice(0, 2)).toEqual(lineage);
    expect(c.get('a', 'k')).toEqual({ version: 0 });
    const call = c.put('a', 'k', 'v3');
    c.deliverAll();
    expect(outcome(call)).toBe('written 3');
  });

  it('a replica with a copy of the ended history discards it', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v1');
    c.advance(500);
    c.disconnect('b');
    c.partition('a', 'b');
    c.until(() => c.inSync.join() === 'a', 'not evicted');
    c.put('a', 'k', 'v2');
    c.deliverAll();
    c.expire('b');
    c.stop('a');
    c.until(() => c.node('a').stopped === 'clean', 'a never stops', 1000);
    c.heal();
    c.reconnect('b');
    c.stabilize();
    expect(c.get('b', 'k')).toEqual({ version: 0 });
    c.start('a');
    c.stabilize();
    const call = c.put('b', 'k', 'v3');
    c.deliverAll();
    expect(outcome(call)).toBe('written 3');
  });

  it('a stale copy that is not first in line takes a snapshot of the new history', () => {
    const c = Scenario.of('a b');
    c.put('a', 'k', 'v1');
    c.advance(500);
    c.disconnect('b');
    c.partition('a', 'b');
    c.until(() => c.inSync.join() === 'a', 'not evicted');
    c.expire('b');
    c.stop('a');
    c.until(() => c.node('a').stopped === 'clean', 'a never stops', 1000);
    c.heal();
    c.start('c');
    c.stepUntil(() => c.cluster.ensemble.candidates.length === 1);
    c.until(() => c.primary === 'c', 'no rebirth');
    c.reconnect('b');
    c.stabilize();
    expect(c.inSync).toEqual(['b', 'c']);
    expect(c.node('b').store.items.size).toBe(0);
  });

  it('the last member waits for a live replica to join, and hands over to it', () => {
    const c = Scenario.of('a');
    c.put('a', 'k', 'v');
    c.deliverAll();
    c.drop('syncAnswer');
    c.start('b');
    c.advance(200);
    c.stop('a');
    c.advance(2000);
    expect(c.node('a').stopped).toBe('no');
    c.heal();
    c.until(() => c.primary === 'b', 'no handover', 3000);
    expect(c.get('b', 'k').value).toBe('v');
  });

  it('past its deadline the last member stops without ending the history', () => {
    const c = Scenario.of('a');
    c.drop('syncAnswer');
    c.start('b');
    c.advance(200);
    c.stop('a', 1000);
    c.advance(1200);
    expect(c.node('a').stopped).toBe('unclean');
    expect(c.state).toMatchObject({ epoch: 1, primary: 'a~1', inSync: ['a~1'] });
  });

  it.each(['applied', 'notApplied'] as const)(
    'from before the end is sent until it has definitely failed, nothing is served (%s)',
    (fate) => {
      const c = Scenario.of('a');
      const { session } = c.node('a');
      session.loseNextAnswer = fate;
      session.watchesMuted = true;
      c.stop('a');
      c.stepUntil(() => session.loseNextAnswer === undefined);
      session.held = true;
      c.advance(100);
      expect(c.get('a', 'k')).toEqual({ refusal: 'HANDOVER_IN_PROGRESS' });
      expect(outcome(c.put('a', 'k', 'v'))).toBe('HANDOVER_IN_PROGRESS');
      session.held = false;
      c.until(() => c.node('a').stopped === 'clean', 'a never stops', 2000);
      expect(c.state?.primary).toBeUndefined();
    },
  );

  it('the last member ends the history only once its appended entries are committed', () => {
    const c = Scenario.of('a');
    c.node('a').disk.hangs = true;
    const call = c.put('a', 'k', 'v');
    c.stop('a');
    c.advance(300);
    expect(c.state?.epoch).toBe(1);
    c.node('a').disk.hangs = false;
    c.node('a').completeWrites();
    c.until(() => c.node('a').stopped === 'clean', 'a never stops', 1000);
    expect(outcome(call)).toBe('written 1');
  });

  it('a history that lives on disk is not ended', () => {
    const c = Scenario.of('a', { volatile: false });
    const before = c.state!;
    c.put('a', 'k', 'v');
    c.stop('a');
    c.until(() => c.node('a').stopped === 'clean', 'a never stops', 1000);
    expect(before).toMatchObject({ epoch: 1, primary: 'a~1', inSync: ['a~1'], seqFloor: 1 });
    expect(c.state).toEqual(before);
  });

  it('after an ended history, too, a later candidate waits for the first', () => {
    const c = Scenario.of('a');
    c.stop('a');
    c.until(() => c.node('a').stopped === 'clean', 'a never stops', 1000);
    c.start('b', 'c');
    c.pause('b');
    c.advance(3000);
    expect(c.state).toMatchObject({ epoch: 2, primary: undefined });
    c.resume('b');
    c.stabilize();
    expect(c.primary).toBe('b');
  });

  it('an end that has definitely failed is tried again', () => {
    const c = Scenario.of('a');
    c.node('a').session.held = true;
    c.stop('a');
    c.advance(100);
    c.cluster.ensemble.compareAndSet(c.cluster.ensemble.znode!.version, c.state!);
    c.node('a').session.held = false;
    c.until(() => c.node('a').stopped === 'clean', 'a never stops', 2000);
    expect(c.state).toMatchObject({ epoch: 2, primary: undefined });
  });
});
