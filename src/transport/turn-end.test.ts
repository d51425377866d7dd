import { afterEach, expect, test, vi } from 'vitest';
import { TurnEnd } from './turn-end.js';

afterEach(() => void vi.useRealTimers());

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('work is done at the end of the turn, in order, and work that it registers belongs to the same turn', async () => {
  const turn = new TurnEnd();
  const done: string[] = [];
  turn.send(() => {
    done.push('first');
    turn.send(() => done.push('registered by first'));
  });
  turn.send(() => done.push('second'));
  await Promise.resolve();
  expect(done).toEqual([]);
  await nextTurn();
  expect(done).toEqual(['first', 'second', 'registered by first']);
  turn.send(() => done.push('later'));
  await nextTurn();
  expect(done).toEqual(['first', 'second', 'registered by first', 'later']);
});

test('messages leave after the log is written, and that after the replicas have handed over what was written', async () => {
  const turn = new TurnEnd();
  const done: string[] = [];
  turn.send(() => {
    done.push('message');
    turn.write(() => done.push('late write'));
  });
  turn.writeLog(() => done.push('log'));
  turn.write(() => {
    done.push('write');
    turn.send(() => done.push('message of the write'));
  });
  await nextTurn();
  expect(done).toEqual(['write', 'log', 'message', 'message of the write', 'late write']);
});

test('what a promise of the log causes leaves in the same turn', async () => {
  const turn = new TurnEnd();
  const done: string[] = [];
  let kept = (): void => {};
  void new Promise<void>((resolve) => {
    kept = resolve;
  }).then(() => {
    done.push('kept');
    turn.send(() => done.push('acknowledgement'));
  });
  turn.send(() => done.push('message'));
  turn.writeLog(() => kept());
  await nextTurn();
  expect(done).toEqual(['kept', 'message', 'acknowledgement']);
});

test.each(['write', 'send'] as const)(
  'an error of a %s is not caught, and the steps that are left are done at the next end of a turn',
  (step) => {
    vi.useFakeTimers({ toFake: ['setImmediate'] });
    const turn = new TurnEnd();
    const done: string[] = [];
    turn[step](() => {
      throw new Error('a fault');
    });
    turn.send(() => done.push('other message'));
    expect(() => vi.runAllTimers()).toThrow('a fault');
    turn.send(() => done.push('later'));
    vi.runAllTimers();
    expect(done).toEqual(step === 'write' ? ['other message', 'later'] : ['later']);
  },
);
