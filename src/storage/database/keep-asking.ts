/**
 * Checks again and again whether a database answers. Otherwise a node without calls would not notice that its database is away, and would
 * lead shards that it cannot read.
 */
import type { PersistentCalls } from './persistent-calls.js';

const askEveryMs = 1_000;

/** @param ping rejects as the calls of `StateDatabase` do. @returns ends it. */
export function keepAsking(ping: () => Promise<void>, calls: PersistentCalls): () => void {
  const timer = setInterval(() => {
    // A call that waits asks already.
    if (calls.waiting > 0) return;
    // It rejects once the database is closed or lost, which is reported elsewhere.
    calls.run(ping).catch(() => {});
  }, askEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}
