/** "Stopping the whole cluster" of docs/operations.md, step by step. */
import { expect, test } from 'vitest';
import type { NodeProcess } from '../../local/node-process.js';
import { replicaIds, restartAll, startDurable } from './support/durable-cluster.js';
import { runKvctl } from './support/kvctl.js';
import { patienceMs, Written } from './support/lost-history.js';

async function startWithData(shards: number) {
  const cluster = await startDurable({ shards });
  const written = new Written();
  const write = async (prefix: string): Promise<void> => {
    await using client = await cluster.connect();
    await written.write(client, prefix, 12);
  };
  const expectAll = async (): Promise<void> => {
    await using client = await cluster.connect();
    await written.expectAcknowledged(client);
  };
  /** Waits until each shard serves or is offline. @returns the lines of kvctl status about those that are offline */
  const offline = async (): Promise<string[]> => {
    const known = await cluster.waitUntil('each shard serves or is offline', (seen) =>
      seen.shards.every((shard) => shard.offline || shard.serving),
    );
    const status = await runKvctl(['status', '--nodes', cluster.addresses.join(',')]);
    expect(status.code).toBe(known.shards.some((shard) => shard.offline) ? 8 : 0);
    return status.stdout.split('\n').filter((line) => line.includes('offline because'));
  };
  return { cluster, write, expectAll, offline };
}

test('one node after the other: the shards wait for the node that was stopped last, kvctl status names it, and it brings everything back', async () => {
  const { cluster, write, expectAll, offline } = await startWithData(1);
  const ids = await replicaIds(cluster);
  const [first, second, last] = cluster.nodes as readonly [NodeProcess, NodeProcess, NodeProcess];
  await write('with three ');
  expect(await first.stop()).toEqual({ code: 0, signal: null });
  await cluster.disconnect();
  await write('with two ');
  expect(await second.stop()).toEqual({ code: 0, signal: null });
  await cluster.disconnect();
  await write('with one ');
  expect(await last.stop()).toEqual({ code: 0, signal: null });
  for (const tooEarly of [first, second]) {
    await restartAll(cluster, [tooEarly]);
    const lines = await offline();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`gone: ${last.id}. Start these nodes again: they have the data on their disks.`);
  }
  await restartAll(cluster, [last]);
  await cluster.waitForInSync(3, patienceMs);
  await expectAll();
  expect(await replicaIds(cluster)).toEqual(ids);
});

test('all nodes at the same time: kvctl status names whom the shards wait for, and they serve once these are back', async () => {
  const { cluster, write, expectAll, offline } = await startWithData(4);
  await write('before ');
  const exits = await Promise.all(cluster.nodes.map((node) => node.stop()));
  expect(exits).toEqual(cluster.nodes.map(() => ({ code: 0, signal: null })));
  const [first, ...others] = cluster.nodes as readonly [NodeProcess, ...NodeProcess[]];
  await restartAll(cluster, [first]);
  // The shards need not have had the same last member: the first node may serve some of them, and others wait for other nodes.
  const named = (await offline()).flatMap((line) => /are gone: ([^.]+)\./.exec(line)![1]!.split(', '));
  expect(others.map(({ id }) => id)).toEqual(expect.arrayContaining(named));
  await restartAll(cluster, others);
  await cluster.waitForInSync(3, patienceMs);
  await expectAll();
});
