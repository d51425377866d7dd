import { describe, expect, it } from 'vitest';
import type { Change } from '../../src/replication/index.js';
import { Disk } from './disk.js';

const snapshot: readonly Change[] = [
  { type: 'reset', baseSeq: 1, baseEpoch: 1, baseEpochId: 'one', complete: false, requestFloor: 0, timeMs: 0 },
  { type: 'line', line: { history: 'first', lineage: [{ epoch: 1, id: 'one' }] } },
  { type: 'complete' },
];
const otherHistory: Change = { type: 'epoch', history: 'second', epoch: 1, epochId: 'other', removals: 0 };

function diskWith(changes: readonly Change[]): Disk {
  const disk = new Disk('a~1');
  for (const [index, change] of changes.entries()) disk.write(index + 1, change, 0);
  disk.flush();
  return disk;
}

describe('disk', () => {
  it('refuses an epoch of another history over a complete copy', () => {
    const disk = diskWith(snapshot);
    disk.write(4, otherHistory, 1);
    expect(() => disk.flush()).toThrow('written over data of first');
  });

  it('accepts it over a snapshot whose last write was lost in a crash: that is no data', () => {
    const disk = diskWith(snapshot.slice(0, -1));
    disk.write(3, otherHistory, 1);
    disk.flush();
    expect(disk.history).toBe('second');
  });
});
