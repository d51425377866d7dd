/** Scenarios that begin with a replica about to join by dump. */
import type { ReplicaOptions } from '../protocol/replica-options.js';
import { Scenario } from './scenario.fixture.js';

/** a serves alone and retains less than it has written: whoever joins takes a dump. */
export function withoutHistory(options: Partial<ReplicaOptions> = {}): Scenario {
  const c = new Scenario({ retainEntries: 1, ...options });
  c.start('a');
  c.stabilize();
  for (const key of ['k1', 'k2', 'k3', 'k4', 'k5', 'k6']) c.put('a', key, `${key} old`);
  c.deliverAll();
  return c;
}

/** b has been told where its dump begins; no chunk has come. */
export function beginDump(c: Scenario): void {
  const before = c.cluster.dumps.length;
  c.cluster.dumpsHeld = true;
  c.until(() => c.cluster.dumps.length === before + 1, 'no dump', 5000);
  c.cluster.dumpsHeld = false;
  c.stepUntil(() => c.sent('syncAnswer', 'b').some(({ body }) => body.matchedSeq > 0));
  c.cluster.dumpsHeld = true;
  c.deliverAll();
}
