/** Writes with `sync` in a cluster whose disks are flushed at intervals, as real processes. */
import { describe, expect, test } from 'vitest';
import { op } from '../../src/index.js';
import { startDurable } from './support/durable-cluster.js';
import { runKvctl } from './support/kvctl.js';

const interval = ['--durability', 'interval', '--sync-interval-ms'];
/** Nothing else flushes within the test, but a change of the in-sync set. */
const rarelyFlushed = [...interval, '600000'];
const sync = true;

describe('sync writes - with --durability interval', () => {
  test('are flushed at once, and answered then, whatever sends them', async () => {
    const cluster = await startDurable({ nodes: 2, shards: 1, extra: [...rarelyFlushed, '--http-port', '0'] });
    await using client = await cluster.connect();
    expect(await client.put('k', '1', { sync })).toMatchObject({ version: 1 });
    expect(await client.increment('k', { sync })).toMatchObject({ value: '2', version: 2 });
    expect(await client.transact({ do: [op.append('k', '0')] }, { sync })).toMatchObject({ held: true, version: 3 });
    expect(await client.delete('k', { sync })).toMatchObject({ existed: true, version: 4 });

    const nodes = ['--nodes', cluster.addresses.join(',')];
    expect(await runKvctl([...nodes, 'put', 'k', '3', '--sync'])).toMatchObject({ code: 0 });
    expect(await runKvctl([...nodes, 'transact', '{"do":[{"increment":{"key":"k"}}],"sync":true}'])).toMatchObject({ code: 0 });

    // One of the two nodes forwards.
    for (const { httpAddress } of cluster.nodes) {
      const url = `http://${httpAddress}/api/kv/k`;
      expect((await fetch(url, { method: 'PUT', body: '5', headers: { 'kv-sync': 'true' } })).status).toBe(200);
      expect(await (await fetch(`${url}/increment?sync=true`, { method: 'POST' })).json()).toMatchObject({ value: '6' });
      expect((await fetch(url, { method: 'DELETE', headers: { 'kv-sync': 'true' } })).status).toBe(200);
    }
  });

  test('that write nothing are answered once what they were judged by is flushed', async () => {
    const cluster = await startDurable({ nodes: 2, shards: 1, extra: rarelyFlushed });
    await using client = await cluster.connect();
    const { version } = await client.put('k', 'v');
    expect(await client.delete('absent', { sync })).toMatchObject({ existed: false });
    await expect(client.put('k', 'w', { sync, ifVersion: version + 1 })).rejects.toMatchObject({ code: 'VERSION_MISMATCH' });
    expect(await client.transact({ do: [op.get('k')] }, { sync })).toMatchObject({ held: true, version: 0 });
  });
});
