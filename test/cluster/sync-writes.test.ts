/** Writes with `sync` in a cluster whose disks are flushed at intervals, as real processes. */
import { describe, expect, test } from 'vitest';
import { op } from '../../src/index.js';
import { startDurable } from './support/durable-cluster.js';
import { runKvctl } from './support/kvctl.js';

const interval = ['--durability', 'interval', '--sync-interval-ms'];
/** Nothing but a change of the in-sync set flushes within the test. */
const neverFlushed = [...interval, '600000'];
const sync = true;

describe('sync writes - with --durability interval', () => {
  test('are answered after the next flush, whatever sends them', async () => {
    const cluster = await startDurable({ nodes: 2, shards: 1, extra: [...interval, '100', '--http-port', '0'] });
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

  test('are not answered before a flush, and other writes are; both are visible', async () => {
    const cluster = await startDurable({ nodes: 2, shards: 1, extra: neverFlushed });
    await using client = await cluster.connect();
    await expect(client.put('synced', 'v', { sync, deadlineMs: 2_000 })).rejects.toMatchObject({ executed: 'unknown' });
    await client.put('other', 'v');
    expect((await client.mget(['synced', 'other'])).map((found) => found?.value.toString())).toEqual(['v', 'v']);
  });
});
