/**
 * A short selection of `npm run faults`: real clients that share keys, real faults, and a check of every answer. The
 * assertions are about outcomes: the history is linearizable, nothing is lost, and the cluster recovers after each
 * fault.
 */
import { expect, onTestFailed, test } from 'vitest';
import { openNetwork } from '../../faults/network/open-network.js';
import { RunScope } from '../../faults/network/run-scope.js';
import type { Episode } from '../../faults/profiles/episode.js';
import { runEpisode } from '../../faults/profiles/episode.js';
import { profilesNamed } from '../../faults/profiles/profiles.js';

/** The duration of load and faults. */
const durationMs = 25_000;
const seed = 1;

/** These tests start their own ZooKeeper, so they are skipped if an address comes from outside. */
const ownZookeeper = test.skipIf(process.env.KVNODE_ZK);

ownZookeeper('nodes are killed, frozen and stopped: every answer to clients that share keys is linearizable', async () => {
  expectNothingFound(await run('short'));
});

ownZookeeper(
  'links are cut in one direction and both: every answer to clients that share keys is linearizable',
  async (context) => {
    const reason = await whyNoNamespaces();
    if (reason !== undefined) context.skip(reason);
    expectNothingFound(await run('partition'));
  },
);

ownZookeeper(
  'all nodes lose power, and keep their data on disk: nothing acknowledged is lost, and no operator is needed',
  async () => {
    expectNothingFound(await run('power'));
  },
);

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
  expect(report).toMatchObject({ undecided: [], lost: [], wrongSums: [], invented: [] });
  expect(unreadKeys).toBe(0);
  // Without faults the run would have tested nothing.
  expect(report.operations).toBeGreaterThan(0);
  expect(schedule.rounds.flatMap(({ faults }) => faults).length).toBeGreaterThan(0);
}

async function whyNoNamespaces(): Promise<string | undefined> {
  await using scope = await RunScope.open();
  const { network, limitation } = await openNetwork(scope);
  await network[Symbol.asyncDispose]();
  return limitation;
}
