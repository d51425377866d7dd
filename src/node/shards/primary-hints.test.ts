import { describe, expect, test } from 'vitest';
import { KvError } from '../../errors.js';
import { PrimaryHints } from './primary-hints.js';

const holders = ['a:1', 'b:1', 'c:1'];
const isLive = () => true;
const choose = (hints: PrimaryHints, nowMs = 0) => hints.choose(0, holders, isLive, nowMs);

describe('the node to which a request is forwarded', () => {
  test('nothing is known - the first node on which the shard is placed', () => {
    expect(choose(new PrimaryHints())).toBe('a:1');
    expect(new PrimaryHints().choose(0, [], isLive, 0)).toBeUndefined();
  });

  test('a node that a refusal named, or that served - for that shard alone', () => {
    const hints = new PrimaryHints();
    hints.learn(0, 'a:1', new KvError('NOT_PRIMARY', 'not me', { primaryAddress: 'c:1' }), 0);
    expect(choose(hints)).toBe('c:1');
    expect(hints.choose(1, holders, isLive, 0)).toBe('a:1');
    hints.learn(1, 'b:1', undefined, 0);
    expect(hints.choose(1, holders, isLive, 0)).toBe('b:1');
  });

  test('a refusal for another reason changes nothing', () => {
    const hints = new PrimaryHints();
    hints.learn(0, 'b:1', undefined, 0);
    hints.learn(0, 'b:1', new KvError('VERSION_MISMATCH', 'no', { currentVersion: 3 }), 0);
    expect(choose(hints)).toBe('b:1');
  });

  test('a node that knows of no primary or does not answer - another node for a while', () => {
    for (const code of ['DEADLINE_EXCEEDED', 'NO_PRIMARY', 'OUTCOME_UNKNOWN'] as const) {
      const hints = new PrimaryHints();
      hints.learn(0, 'a:1', undefined, 0);
      hints.learn(0, 'a:1', new KvError(code, 'no answer'), 100);
      expect(choose(hints, 200)).toBe('b:1');
      expect(choose(hints, 10_000)).toBe('a:1');
    }
  });

  test('a primary that an impatient caller did not wait for - is tried again as soon as a node names it', () => {
    const hints = new PrimaryHints();
    hints.learn(0, 'a:1', new KvError('DEADLINE_EXCEEDED', 'no answer'), 0);
    hints.learn(0, 'b:1', new KvError('NOT_PRIMARY', 'not me', { primaryAddress: 'a:1' }), 1);
    expect(choose(hints, 2)).toBe('a:1');
  });

  test('no node answers - the first again', () => {
    const hints = new PrimaryHints();
    for (const holder of holders) hints.learn(0, holder, new KvError('OUTCOME_UNKNOWN', 'no answer'), 0);
    expect(choose(hints)).toBe('a:1');
  });

  test('a named node that is gone - the nodes that are there', () => {
    const hints = new PrimaryHints();
    hints.learn(0, 'gone:1', undefined, 0);
    expect(hints.choose(0, holders, (address) => address !== 'gone:1', 0)).toBe('a:1');
  });
});
