import { expect, it } from 'vitest';
import type { Change } from '../../src/replication/index.js';
import { Random } from '../plan/random.js';
import { Disk } from '../virtual/disk.js';
import { EventQueue } from '../virtual/event-queue.js';
import { Store } from '../virtual/store.js';
import { VirtualDatabase } from '../virtual/virtual-database.js';
import { LaggingState } from './lagging-state.js';

const lag = { isLagging: [true], commitMs: 1, flushMs: 1, readMs: 1, timeoutMs: 500, mostRows: 1 };
const position = { seq: 2, epoch: 1, epochId: 'one' };
const value = new Uint8Array(1);
const copy: readonly Change[] = [
  { type: 'reset', baseSeq: 1, baseEpoch: 1, baseEpochId: 'one', complete: false, requestFloor: 0, timeMs: 0 },
  { type: 'load', items: [{ key: 'received', value, version: 1 }] },
  { type: 'complete' },
];

it('what is applied over a received copy reaches the database, too, though nothing else follows', () => {
  const queue = new EventQueue();
  const database = new VirtualDatabase();
  const disk = new Disk('a~1', false, database);
  const owner = {
    replicaId: 'a~1',
    replica: { appliedState: { position, requests: [], requestFloor: 0, timeMs: 0, unapplied: [], unappliedRuns: [] } },
    store: new Store(),
    disk,
    appliedSeq: 1,
    run: (work: () => void) => work(),
    removeSegments: () => {},
    diskReleased: () => disk.release(),
  };
  const state = new LaggingState(owner, database, { queue, random: Random.of(1, 1), lag, node: { stateAwayUntilMs: 0 } });
  for (const [index, change] of copy.entries()) {
    disk.write(index + 1, change, 1);
    state.change(change);
  }
  state.apply([{ seq: 2, epoch: 1, writes: [{ key: 'applied', value }] }]);
  while (queue.runNext(1_000)) {
    disk.flush();
    state.logFlushed();
  }
  expect([...database.rowsOf(disk.copy).keys()]).toEqual(['received', 'applied']);
  expect(state.isFull).toBe(false);
});
