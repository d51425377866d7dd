import { describe, expect, test } from 'vitest';
import { SegmentIndex } from './segment-index.js';

function segmentsOf(index: SegmentIndex, ...seqs: number[]): (number | undefined)[] {
  return seqs.map((seq) => index.segmentOf(seq));
}

describe('SegmentIndex', () => {
  test('an entry is in the last segment that began before it', () => {
    const index = new SegmentIndex();
    for (const [segment, end] of [
      [1, 3],
      [1, 5],
      [2, 9],
      [4, 12],
    ] as const)
      index.add(segment, end);
    expect(segmentsOf(index, 1, 5, 6, 9, 10, 12)).toEqual([1, 1, 2, 2, 4, 4]);
    expect([index.start, index.end]).toEqual([0, 12]);
    expect(index.segmentOf(13)).toBeUndefined();
  });

  test('entries that replace others that were cut are where they were written', () => {
    const index = new SegmentIndex();
    index.add(1, 5);
    index.add(2, 9);
    index.add(3, 4);
    index.add(3, 8);
    expect(segmentsOf(index, 4, 5, 8)).toEqual([1, 3, 3]);
    index.add(4, 6);
    index.add(4, 7);
    expect(segmentsOf(index, 6, 7)).toEqual([3, 4]);
    index.add(5, 2);
    index.add(6, 4);
    expect(segmentsOf(index, 2, 3, 4)).toEqual([1, 6, 6]);
  });

  test('segments that are gone have no entries', () => {
    const index = new SegmentIndex(10);
    index.add(1, 12);
    index.add(2, 14);
    index.dropThrough(1);
    expect([index.start, index.segmentOf(12), index.segmentOf(13)]).toEqual([12, undefined, 2]);
    index.dropThrough(3);
    expect([index.start, index.segmentOf(14)]).toEqual([14, undefined]);
    index.add(5, 15);
    expect([index.start, index.segmentOf(15)]).toEqual([14, 5]);
  });

  test('a log that begins anew holds nothing from before', () => {
    const index = new SegmentIndex();
    index.add(1, 5);
    index.startAt(2, 100);
    index.add(3, 101);
    expect([index.start, ...segmentsOf(index, 5, 100, 101)]).toEqual([100, undefined, undefined, 3]);
  });
});
