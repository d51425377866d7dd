/** Scenarios that begin with a replica about to join by a snapshot. */
import type { ReplicaOptions } from '../protocol/replica-options.js';
import { Scenario } from './scenario.fixture.js';

/** a serves alone and retains less than it has written: a joiner takes a snapshot. */
export function withoutHistory(options: Partial<ReplicaOptions> = {}): Scenario {
  const c = new Scenario({ retainEntries: 1, ...options });
  c.start('a');
  c.stabilize();
  for (const key of ['k1', 'k2', 'k3', 'k4', 'k5', 'k6']) c.put('a', key, `${key} old`);
  c.deliverAll();
  return c;
}

/** b has received the position of its snapshot, and no chunk. */
export function beginSnapshot(c: Scenario): void {
  const before = c.cluster.snapshots.length;
  c.cluster.snapshotsHeld = true;
  c.until(() => c.cluster.snapshots.length === before + 1, 'no snapshot', 5000);
  c.cluster.snapshotsHeld = false;
  c.stepUntil(() => c.sent('syncAnswer', 'b').some(({ body }) => body.matchedSeq > 0));
  c.cluster.snapshotsHeld = true;
  c.deliverAll();
}
