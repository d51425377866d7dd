import { expect, test } from 'vitest';
import { TurnEnd } from './turn-end.js';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('work is done at the end of the turn, in order, and work that it registers belongs to the same turn', async () => {
  const turn = new TurnEnd();
  const done: string[] = [];
  turn.at(() => {
    done.push('first');
    turn.at(() => done.push('registered by first'));
  });
  turn.at(() => done.push('second'));
  await Promise.resolve();
  expect(done).toEqual([]);
  await nextTurn();
  expect(done).toEqual(['first', 'second', 'registered by first']);
  turn.at(() => done.push('later'));
  await nextTurn();
  expect(done).toEqual(['first', 'second', 'registered by first', 'later']);
});
