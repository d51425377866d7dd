import { expect, test } from 'vitest';
import { ReportedBytes } from './reported-bytes.js';

test('what has been written since is added, and what may not have been counted', () => {
  const shard = { bytes: 100 };
  const told = new ReportedBytes(() => shard.bytes);
  expect(told.of('b~1')).toBeUndefined();
  told.learn('b~1', 1_000);
  shard.bytes = 150;
  expect(told.of('b~1')).toBe(1_050);
  // The 50 are in what is told now, or are not applied there yet.
  told.learn('b~1', 1_000);
  expect(told.of('b~1')).toBe(1_050);
  told.learn('b~1', 1_050);
  expect(told.of('b~1')).toBe(1_050);
  expect(told.of('c~1')).toBeUndefined();
});

test('what is deleted makes room at once, and is not counted twice', () => {
  const shard = { bytes: 100 };
  const told = new ReportedBytes(() => shard.bytes);
  told.learn('b~1', 1_000);
  shard.bytes = 60;
  expect(told.of('b~1')).toBe(960);
  told.learn('b~1', 960);
  expect(told.of('b~1')).toBe(960);
});

test('what was told before a break counts no more', () => {
  const told = new ReportedBytes(() => 100);
  told.learn('b~1', 1_000);
  told.learn('b~1', undefined);
  expect(told.of('b~1')).toBeUndefined();
});
