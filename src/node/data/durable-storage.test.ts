import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Change } from '../../replication/index.js';
import { DurableStorage } from './durable-storage.js';

const append: Change = { type: 'append', entries: [], runs: [] };

/** @param behind of the state */
function storageBehind(behind: Promise<void> | undefined) {
  let flushesAsked = 0;
  const storage = new DurableStorage({
    state: { behind } as never,
    log: { append: () => Promise.resolve(), isHeld: false } as never,
    reader: { read: () => Promise.resolve(undefined) },
    flushes: { called: () => {}, flushSoon: () => flushesAsked++ } as never,
  });
  return { storage, flushesAsked: () => flushesAsked };
}

test('entries count as kept only once a database that is behind has caught up, and the log, for which it may wait, is flushed at once', async () => {
  let caughtUp!: () => void;
  const { storage, flushesAsked } = storageBehind(
    new Promise((resolve) => {
      caughtUp = resolve;
    }),
  );
  let isKept = false;
  const kept = storage.persist(append).then(() => {
    isKept = true;
  });
  await nextTurn();
  expect([isKept, flushesAsked()]).toEqual([false, 1]);
  caughtUp();
  await kept;
});

test('entries wait for nothing but the log while the database keeps up', async () => {
  const { storage, flushesAsked } = storageBehind(undefined);
  await storage.persist(append);
  expect(flushesAsked()).toBe(0);
});
