import { expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import type { Topology } from '../../src/wire/contract/kv-api.js';
import { startCluster } from '../cluster/support/cluster.js';
import { ExactLoad } from '../cluster/support/exact-load.js';

const kills = 100;
/** They are killed side by side: most of the time they wait for a process to start, or for a takeover. */
const clusters = 4;
const shards = 2;
/** On a busy machine a node needs long to start. */
const patienceMs = 120_000;
const lookAgainMs = 100;

/** Whether another primary may be killed, and a copy of everything acknowledged stays. */
function mayLosePrimary({ shards: all }: Topology): boolean {
  return all.length === shards && all.every((shard) => shard.serving && shard.replicas.filter(isUpToDate).length > 1);
}

function isUpToDate({ inSync, live }: Topology['shards'][number]['replicas'][number]): boolean {
  return inSync && live;
}

/** Kills the primary of each shard in turn, and starts its node again at once, while the others take over. */
async function killPrimaries(cluster: LocalCluster, load: ExactLoad): Promise<void> {
  for (let kill = 0; kill < kills / clusters && load.findings.length === 0; kill++) {
    const ready = await cluster.waitUntil('a primary may be killed', mayLosePrimary, patienceMs, lookAgainMs);
    const { primaryNodeId } = ready.shards[kill % shards]!;
    const victim = cluster.nodes.find(({ id }) => id === primaryNodeId)!;
    await victim.kill();
    await Promise.all([cluster.restart(victim), load.answers(20)]);
  }
}

test(`${kills} primaries are killed under load: no write fails at default deadlines, and each is executed exactly once`, async () => {
  const findings = Array.from({ length: clusters }, async (_, index) => {
    await using cluster = await startCluster({ shards });
    await using client = await cluster.connect();
    const load = new ExactLoad(client, { name: `load-${index}`, workers: 4 });
    await killPrimaries(cluster, load);
    await load.stop();
    return load.findings;
  });
  expect((await Promise.all(findings)).flat()).toEqual([]);
}, 900_000);
