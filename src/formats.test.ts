import { expect, test } from 'vitest';
import { ClusterFormat, type FormatRange, supportedFormats, supports } from './formats.js';

const both: FormatRange = { oldest: 5, newest: 6 };

test('the format in use is one that is supported', () => {
  expect(supportedFormats.oldest).toBeLessThanOrEqual(supportedFormats.newest);
  expect([4, 5, 6, 7].map((version) => supports(both, version))).toEqual([false, true, true, false]);
});

test('a newer format is taken into use once, and an older one that is supported is read without a change', () => {
  const raised: number[] = [];
  const format = new ClusterFormat(both, 5);
  format.onRaised((version) => raised.push(version, format.inUse));
  expect([5, 6, 5, 6].map((version) => format.learn(version))).toEqual([undefined, undefined, undefined, undefined]);
  expect(format.inUse).toBe(6);
  expect(raised).toEqual([6, 6]);
});

test.each([4, 7, 0])('format %i is refused with what is supported, and changes nothing', (version) => {
  const format = new ClusterFormat(both, 5);
  expect(format.learn(version)).toBe(`format version ${version}; this node supports formats 5 to 6`);
  expect(format.inUse).toBe(5);
});
