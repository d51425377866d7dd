import { expect, test } from 'vitest';
import type { TopologyReport } from '../../wire/contract/kv-api.js';
import type { Connections } from '../transport/connections.js';
import type { TopologyListener } from '../transport/node-transport.js';
import { TopologyWatch } from './topology-watch.js';

const report = { clusterId: 'one' } as TopologyReport;

/** Watches a node that ends every stream at once, until `times` streams were opened. @returns when each was opened. */
async function watch(times: number, isTaken: boolean): Promise<number[]> {
  const askedMs: number[] = [];
  let enough = (): void => {};
  const transport = {
    watchTopology: (_heldOnly: boolean, listener: TopologyListener) => {
      askedMs.push(performance.now());
      if (askedMs.length === times) enough();
      setImmediate(() => {
        listener.onReport(report);
        listener.onEnd();
      });
      return () => {};
    },
  };
  const connection = { address: 'a:1', whenReady: async () => true, transport };
  const watching = new TopologyWatch({
    connections: { to: () => connection } as unknown as Connections,
    firstAnswerMs: 10_000,
    heldOnly: false,
    next: () => 'a:1',
    onReport: () => isTaken,
    onLost: () => {},
    onVain: () => {},
  });
  const done = new Promise<void>((resolve) => {
    enough = resolve;
  });
  watching.start();
  await done;
  await watching.close();
  return askedMs;
}

test.each([
  ['that bring something and end at once', true],
  ['of a node of another cluster', false],
])('streams %s are opened again more and more slowly', async (_, isTaken) => {
  const askedMs = await watch(8, isTaken);
  // Half of 20, 40, 80, 160 and 250 ms at the least; without the growth it would be 35.
  expect(askedMs.at(-1)! - askedMs[0]!).toBeGreaterThan(250);
});
