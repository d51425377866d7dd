/** A second history of a shard began after ZooKeeper had lost the first, while the holder of the first was frozen. */
import { expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import type { NodeProcess } from '../../local/node-process.js';
import { anyVersion } from '../../src/coordination/znode-client.js';
import { ZookeeperClient } from '../../src/coordination/zookeeper/zookeeper-client.js';
import type { KvClient } from '../../src/index.js';
import { startCluster } from '../cluster/support/cluster.js';
import { runKvctl } from '../cluster/support/kvctl.js';

/**
 * With these options the shard is placed on the newcomer soon, even if it starts after the end of the holder's
 * session.
 */
const extra = ['--session-ms', '2000', '--replace-after-ms', '1000'];
const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);

interface PlanJson {
  readonly shards: readonly [
    { readonly histories: readonly { id: string; primaryNodeId: string | null; holders: { nodeId: string }[] }[] },
  ];
}

/** Deletes the znodes of shard 0, as a restored backup from before the shard began would. */
async function loseShard(cluster: LocalCluster): Promise<void> {
  const { address: servers } = cluster.zookeeper;
  const zookeeper = await ZookeeperClient.connect({ servers, sessionMs: 6_000, startupTimeoutMs: 10_000 });
  const election = `${cluster.root}/shards/0/election`;
  try {
    for (const name of (await zookeeper.children(election, { watch: false }))?.names ?? [])
      await zookeeper.delete(`${election}/${name}`, anyVersion);
    await zookeeper.delete(`${cluster.root}/shards/0/state`, anyVersion);
  } finally {
    await zookeeper.close();
  }
}

/** The first node has the keys of the old history. @returns the node that serves the new history with its own keys */
async function divide(cluster: LocalCluster): Promise<NodeProcess> {
  const [holder] = cluster.nodes;
  {
    await using client = await cluster.connect();
    await client.mput(keys.map((key) => ({ key, value: 'old' })));
  }
  holder!.freeze();
  await loseShard(cluster);
  const newcomer = await cluster.addNode();
  await newcomer.log.waitFor('serving');
  holder!.thaw();
  await holder!.log.waitFor(({ msg }) => msg.includes('--history ID'));
  return newcomer;
}

async function valuesOf(client: KvClient): Promise<(string | undefined)[]> {
  return (await client.mget(keys)).map((one) => one?.value.toString());
}

test.each(['old', 'new'] as const)('two histories meet: both are named, and the command keeps the %s one', async (kept) => {
  await using cluster = await startCluster({ nodes: 1, extra });
  const newcomer = await divide(cluster);
  const [holder] = cluster.nodes;
  const at = ['--nodes', cluster.addresses.join(',')];
  const force = ['shard', 'force-primary', '--all', ...at];

  const plan = await runKvctl([...force, '--json']);
  const { shards } = JSON.parse(plan.stdout) as PlanJson;
  expect(shards[0].histories).toHaveLength(2);
  const idOf = (node: NodeProcess): string =>
    shards[0].histories.find(({ holders }) => holders.some(({ nodeId }) => nodeId === node.id))!.id;
  const [oldId, newId] = [idOf(holder!), idOf(newcomer)];
  expect(oldId).not.toBe(newId);
  const undecided = await runKvctl([...force, '--accept-data-loss']);
  expect(undecided).toMatchObject({ code: 1, stderr: expect.stringContaining('--history ID') });
  const { stdout } = await runKvctl(['status', ...at]);
  for (const words of [oldId, newId, 'has 2 histories']) expect(stdout).toContain(words);

  const id = kept === 'old' ? oldId : newId;
  const loser = kept === 'old' ? newcomer : holder!;
  const discarded = loser.log.waitFor(({ msg }) => msg.startsWith('an operator has given up the history'));
  const forced = await runKvctl(['shard', 'force-primary', '0', '--history', id, '--accept-data-loss', ...at]);
  expect(forced).toMatchObject({ code: 0, stdout: expect.stringContaining('is primary of shard 0 in epoch') });
  await discarded;
  await cluster.waitForInSync(2);
  await using client = await cluster.connect();
  expect(await valuesOf(client)).toEqual(keys.map(() => (kept === 'old' ? 'old' : undefined)));
  await client.put('after', 'v');
  expect(await runKvctl(force)).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing to do') });
});
