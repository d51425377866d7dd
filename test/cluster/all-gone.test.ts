import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import { programPath } from '../../local/programs.js';
import { startCluster } from './support/cluster.js';

const run = promisify(execFile);

/** Sessions short enough that the dead are soon known to be dead. */
const extra = ['--session-ms', '2000'];

async function saysWhatIsLost(cluster: LocalCluster, lostNode: string): Promise<string[]> {
  const commands = await Promise.all(
    cluster.nodes
      .filter((node) => node.running)
      .map(async (node) => {
        const record = await node.log.waitFor(({ msg }) => msg.startsWith('no member of the in-sync set is live'));
        expect(record.msg).toContain(lostNode);
        return String(record.command);
      }),
  );
  return [...new Set(commands)];
}

test('the whole in-sync set gone: every node says what is lost and the command; nothing goes on by itself; the command works', async () => {
  await using cluster = await startCluster({ nodes: 3, extra });
  {
    await using client = await cluster.connect();
    await client.put('k', 'v');
  }
  // All three die and come back empty: nobody holds what was acknowledged.
  const last = await cluster.primary();
  await Promise.all(cluster.nodes.map((node) => node.kill()));
  await Promise.all(cluster.nodes.map((node) => cluster.restart(node)));
  const commands = await saysWhatIsLost(cluster, last.id);
  expect(commands).toEqual(['kvctl shard force-primary 0 --accept-data-loss']);

  await using client = await cluster.connect();
  await expect(client.put('k', 'w', { deadlineMs: 1_000 })).rejects.toMatchObject({ executed: 'no', code: 'SHARD_OFFLINE' });
  const topology = await cluster.topology();
  expect(topology.shards[0]).toMatchObject({ offline: true, serving: false });
  const status = [programPath('kvctl'), 'status', '--nodes', cluster.addresses.join(',')];
  const offline = { code: 8, stdout: expect.stringContaining('OFFLINE') };
  await expect(run(process.execPath, status)).rejects.toMatchObject(offline);
  await expect(run(process.execPath, [...status, '--json'])).rejects.toMatchObject({
    ...{ code: 8, stdout: expect.stringContaining('"health":"not-serving"') },
  });
  expect((await run(process.execPath, [...status, '--fail-on', 'never'])).stdout).toContain('OFFLINE');

  const words = commands[0]!.split(' ').slice(1);
  const withoutFlag = [...words.filter((word) => word !== '--accept-data-loss'), '--nodes', cluster.addresses.join(',')];
  await expect(run(process.execPath, [programPath('kvctl'), ...withoutFlag])).rejects.toMatchObject({
    stderr: expect.stringContaining('--accept-data-loss'),
  });
  const { stdout } = await run(process.execPath, [programPath('kvctl'), ...words, '--nodes', cluster.addresses.join(',')]);
  expect(stdout).toMatch(/epoch/);
  await cluster.waitForInSync(3);
  expect(await client.get('k')).toBeUndefined();
  expect((await client.put('k', 'w')).version).toBeGreaterThan(2 ** 32);
});

test('a backup that was out of the set when the last member died is chosen by the command, with what it holds', async () => {
  await using cluster = await startCluster({ nodes: 2, extra });
  await using client = await cluster.connect();
  await client.put('old', 'held by both');
  const frozen = await cluster.backup();
  const primary = await cluster.primary();
  frozen.freeze();
  await cluster.waitUntil(
    'the frozen backup is out',
    ({ shards }) => shards[0]?.replicas.filter((one) => one.inSync).length === 1,
  );
  // A few batches are on their way to a backup at a time, so a later write never leaves for the frozen one.
  for (let batch = 0; batch < 10; batch += 1) await client.put('filler', 'may be on its way to the frozen one');
  await client.put('new', 'held by the primary alone');
  await primary.kill();
  frozen.thaw();
  await saysWhatIsLost(cluster, primary.id);
  const words = ['shard', 'force-primary', '0', '--accept-data-loss', '--nodes', frozen.address];
  await run(process.execPath, [programPath('kvctl'), ...words]);
  await cluster.waitForInSync(1);
  expect((await client.get('old'))?.value.toString()).toBe('held by both');
  expect(await client.get('new')).toBeUndefined();
});

test('the command is refused while a member of the in-sync set lives', async () => {
  await using cluster = await startCluster({ nodes: 2 });
  const words = ['shard', 'force-primary', '0', '--accept-data-loss', '--nodes', cluster.addresses.join(',')];
  await expect(run(process.execPath, [programPath('kvctl'), ...words])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is live'),
  });
});
