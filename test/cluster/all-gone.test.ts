import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { programPath } from '../../local/programs.js';
import { startCluster } from './support/cluster.js';
import { loggedCommands } from './support/logged-commands.js';

const run = promisify(execFile);

/** Short sessions, so that a dead node is detected soon. */
const extra = ['--session-ms', '2000'];

test('the whole in-sync set is gone: nodes log the loss and the command, the shard stays offline until the command', async () => {
  await using cluster = await startCluster({ nodes: 3, extra });
  {
    await using client = await cluster.connect();
    await client.put('k', 'v');
  }
  // All three die and come back empty: no node holds the acknowledged writes.
  const last = await cluster.primary();
  await Promise.all(cluster.nodes.map((node) => node.kill()));
  await Promise.all(cluster.nodes.map((node) => cluster.restart(node)));
  const commands = await loggedCommands(cluster, last.id);
  expect(commands).toEqual(['kvctl shard force-primary --all']);

  await using client = await cluster.connect();
  await expect(client.put('k', 'w', { deadlineMs: 1_000 })).rejects.toMatchObject({ executed: 'no', code: 'SHARD_OFFLINE' });
  const topology = await cluster.topology();
  expect(topology.shards[0]).toMatchObject({ offline: true, serving: false });
  const status = [programPath('kvctl'), 'status', '--nodes', cluster.addresses.join(',')];
  const offline = { code: 8, stdout: expect.stringContaining('OFFLINE') };
  await expect(run(process.execPath, status)).rejects.toMatchObject(offline);
  await expect(run(process.execPath, [...status, '--json'])).rejects.toMatchObject({
    code: 8,
    stdout: expect.stringContaining('"health":"not-serving"'),
  });
  expect((await run(process.execPath, [...status, '--fail-on', 'never'])).stdout).toContain('OFFLINE');

  const words = commands[0]!.split(' ').slice(1);
  const withoutFlag = [...words.filter((word) => word !== '--accept-data-loss'), '--nodes', cluster.addresses.join(',')];
  await expect(run(process.execPath, [programPath('kvctl'), ...withoutFlag])).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining('Everything in the shard is lost'),
    stderr: expect.stringContaining('--accept-data-loss'),
  });
  const accepted = [...words, '--accept-data-loss', '--nodes', cluster.addresses.join(',')];
  const { stdout } = await run(process.execPath, [programPath('kvctl'), ...accepted]);
  expect(stdout).toMatch(/epoch/);
  await cluster.waitForInSync(3);
  expect(await client.get('k')).toBeUndefined();
  expect((await client.put('k', 'w')).version).toBeGreaterThan(2 ** 32);
});

test('the command is refused while a member of the in-sync set lives', async () => {
  await using cluster = await startCluster({ nodes: 2 });
  const words = ['shard', 'force-primary', '0', '--accept-data-loss', '--nodes', cluster.addresses.join(',')];
  await expect(run(process.execPath, [programPath('kvctl'), ...words])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is live'),
  });
});
