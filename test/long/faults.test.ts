/**
 * A short selection of `npm run faults`: real clients that share keys, real faults, and every answer checked. What is
 * asserted are outcomes: that the history is linearizable and nothing is lost, and that the cluster comes back each
 * time.
 */
import { expect, onTestFailed, test } from 'vitest';
import type { Episode } from '../../faults/episode.js';
import { runEpisode } from '../../faults/episode.js';
import { openNetwork } from '../../faults/open-network.js';
import { profilesNamed } from '../../faults/profiles.js';
import { RunScope } from '../../faults/run-scope.js';

/** How long the load and the faults go on. */
const durationMs = 25_000;
const seed = 1;

/** These bring a ZooKeeper of their own, which an address from outside is meant to spare. */
const ownZookeeper = test.skipIf(process.env.KVNODE_ZK);

ownZookeeper('nodes killed, frozen and lines to hand over: every answer to clients that share keys is linearizable', async () => {
  expectNothingFound(await run('short'));
});

ownZookeeper('links cut one way and both: every answer to clients that share keys is linearizable', async (context) => {
  const reason = await whyNoNamespaces();
  if (reason !== undefined) context.skip(reason);
  expectNothingFound(await run('partition'));
});

async function run(name: string): Promise<Episode> {
  const [profile] = profilesNamed(name);
  await using scope = await RunScope.open();
  const lines: string[] = [];
  onTestFailed(() => {
    process.stderr.write(`${name}, seed ${seed}:\n${lines.join('\n')}\n`);
  });
  return await runEpisode({ profile: profile!, seed, durationMs, scope, print: (line) => void lines.push(line) });
}

function expectNothingFound({ report, stuck, crashes, unreadKeys, schedule }: Episode): void {
  expect(crashes).toEqual([]);
  expect(stuck).toBeUndefined();
  expect(report.violations.map(({ explanation }) => explanation)).toEqual([]);
  expect(report).toMatchObject({ undecided: [], lost: [], invented: [] });
  expect(unreadKeys).toBe(0);
  // Else it would have tested nothing.
  expect(report.operations).toBeGreaterThan(0);
  expect(schedule.rounds.flatMap(({ faults }) => faults).length).toBeGreaterThan(0);
}

async function whyNoNamespaces(): Promise<string | undefined> {
  await using scope = await RunScope.open();
  const { network, limitation } = await openNetwork(scope);
  await network[Symbol.asyncDispose]();
  return limitation;
}
