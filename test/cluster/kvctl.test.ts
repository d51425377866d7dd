import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { programPath } from '../../local/programs.js';
import type { KeyLocation } from '../../src/index.js';
import { startCluster } from './support/cluster.js';

const run = promisify(execFile);

interface Exit {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs kvctl as a separate process. */
async function kvctl(nodes: string, ...words: string[]): Promise<Exit> {
  try {
    return { code: 0, ...(await run(process.execPath, [programPath('kvctl'), '--nodes', nodes, ...words])) };
  } catch (error) {
    return error as Exit;
  }
}

test('kvctl status, nodes and locate: as text and as JSON, while a node runs and after it has died', async () => {
  await using cluster = await startCluster({ nodes: 3, extra: ['--session-ms', '2000'] });
  await using client = await cluster.connect();
  const keys = Array.from({ length: 50 }, (_, index) => `user:${index}`);
  for (const outcome of await client.mput(keys.map((key) => ({ key, value: key })))) expect(outcome.ok).toBe(true);
  const nodes = cluster.addresses.join(',');

  const held = JSON.parse((await kvctl(nodes, 'nodes', '--json')).stdout) as { nodes: { id: string; keys: number }[] };
  expect(held.nodes.map(({ id }) => id)).toEqual(cluster.nodes.map(({ id }) => id));
  const { shards } = await client.topology();
  // A backup may apply writes a moment later, but the primaries together hold every key.
  expect(held.nodes.reduce((sum, node) => sum + node.keys, 0)).toBeGreaterThanOrEqual(keys.length);
  const table = await kvctl(nodes, 'nodes');
  for (const { id } of cluster.nodes) expect(table.stdout).toContain(` ${id} `);

  const location = JSON.parse((await kvctl(nodes, 'locate', 'user:7', '--json')).stdout) as KeyLocation;
  const shard = shards.find((one) => one.shard === location.shard);
  expect(location.holders.map(({ role }) => role)).toEqual(['primary', 'backup', 'backup']);
  expect(location.holders[0]?.nodeId).toBe(shard?.primaryNodeId);
  expect((await client.get('user:7'))?.nodeId).toBe(location.holders[0]?.nodeId);
  expect((await kvctl(nodes, 'locate', 'user:7')).stdout).toContain(`slot ${location.slot}, shard ${location.shard} (slots `);
  expect(await kvctl(nodes, 'locate', '')).toMatchObject({ code: 1 });
  expect(await kvctl(nodes, 'locate')).toMatchObject({ code: 2 });

  const healthy = await kvctl(nodes, 'status', '--fail-on', 'warnings');
  expect(healthy.code).toBe(0);
  expect(healthy.stdout).toContain(`${shards.length} serving`);
  expect(JSON.parse((await kvctl(nodes, 'status', '--json')).stdout)).toMatchObject({
    health: 'serving',
    topology: { shards: shards.map(({ shard: number }) => ({ shard: number, state: 'serving' })) },
  });

  const backup = cluster.nodes.find(({ id }) => id === location.holders[1]?.nodeId)!;
  await backup.kill();
  await cluster.waitUntil('the dead node is gone', (topology) => topology.nodes.every(({ id }) => id !== backup.id));
  await cluster.waitForInSync(2);
  const after = JSON.parse((await kvctl(nodes, 'locate', 'user:7', '--json')).stdout) as KeyLocation;
  expect(after.holders.filter(({ role }) => role === 'backup')).toHaveLength(1);
  // The shard is still placed on the dead node, which may return before it is replaced.
  expect(after.holders.at(-1)).toMatchObject({ nodeId: backup.id, role: 'awaited' });
  const wanting = await kvctl(nodes, 'status');
  expect([wanting.code, wanting.stdout]).toEqual([0, expect.stringContaining(`awaits ${backup.id}`)]);
  const strict = await kvctl(nodes, 'status', '--fail-on', 'warnings', '--json');
  expect([strict.code, JSON.parse(strict.stdout)]).toMatchObject([7, { health: 'warnings' }]);
  expect(await kvctl(nodes, 'health', backup.address)).toMatchObject({ code: 8 });
  const alive = cluster.nodes.find(({ id }) => id !== backup.id)!;
  expect(await kvctl(nodes, 'health', alive.address)).toMatchObject({ code: 0, stdout: `${alive.address} is ready\n` });
  expect((await kvctl(nodes, 'nodes')).stdout).not.toContain(` ${backup.id} `);
});

test('kvctl put, get and increment at their default deadline succeed while a primary is killed and replaced', async () => {
  await using cluster = await startCluster();
  for (const round of [1, 2, 3]) {
    const victim = await cluster.primary();
    // The dead node is asked first: its address is what a script would still have.
    const nodes = [victim.address, ...cluster.addresses].join(',');
    await victim.kill();
    const [put, increment] = await Promise.all([
      kvctl(nodes, 'put', `round-${round}`, 'v'),
      kvctl(nodes, 'increment', 'counter', '--json'),
    ]);
    expect(put).toMatchObject({ code: 0, stdout: expect.stringContaining('stored at version') });
    expect([increment.code, JSON.parse(increment.stdout)]).toMatchObject([0, { value: String(round) }]);
    expect(await kvctl(nodes, 'get', `round-${round}`)).toMatchObject({ code: 0, stdout: 'v\n' });
    await cluster.restart(victim);
    await cluster.waitForInSync(3);
  }
});
