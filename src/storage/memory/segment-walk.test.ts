import { expect, test } from 'vitest';
import { noRecord } from './record-address.js';
import { SegmentWalk } from './segment-walk.js';

function restOf(walk: SegmentWalk): number[] {
  const found: number[] = [];
  for (let address = walk.next(); address !== noRecord; address = walk.next()) found.push(address);
  return found;
}

test('a walk - finds a record that has moved, even repeatedly', () => {
  const walk = new SegmentWalk(0, [1, 2, 3]);
  walk.moved(2, 20);
  walk.moved(20, 21);
  expect(restOf(walk)).toEqual([1, 21, 3]);
});

test('a walk - passes over a record that is gone', () => {
  const walk = new SegmentWalk(0, [1, 2, 3]);
  walk.moved(1, noRecord);
  expect(restOf(walk)).toEqual([2, 3]);
});

test('a walk - does not confuse a record with another one at its former address', () => {
  const walk = new SegmentWalk(0, [1, 2]);
  walk.moved(2, 20);
  // Another record was written at address 2, and moves as well.
  walk.moved(2, 30);
  walk.moved(30, noRecord);
  expect(restOf(walk)).toEqual([1, 20]);
});

test('a walk - continues at its place when earlier records move', () => {
  const walk = new SegmentWalk(0, [1, 2, 3]);
  walk.next();
  walk.moved(1, 10);
  expect(restOf(walk)).toEqual([2, 3]);
});
