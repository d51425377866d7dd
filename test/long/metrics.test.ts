/** The metrics of a live node, as Prometheus reads them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import type { NodeProcess } from '../../local/node-process.js';
import { KvClient } from '../../src/index.js';
import { startCluster } from '../cluster/support/cluster.js';

const shards = 4;

let cluster: LocalCluster;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 2, shards, extra: ['--http-port', '0'] });
});

afterAll(() => cluster?.kill());

async function scrape(node: NodeProcess): Promise<string> {
  const response = await fetch(`http://${node.httpAddress}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  return response.text();
}

/** The sum over all nodes. */
async function sumOf(sample: string): Promise<number> {
  const texts = await Promise.all(cluster.nodes.map(scrape));
  return texts.reduce((sum, text) => {
    const line = text.split('\n').find((one) => one.startsWith(`${sample} `));
    return sum + Number(line?.slice(sample.length) ?? 0);
  }, 0);
}

test('promtool accepts the metrics of a live node', async () => {
  const text = await scrape(cluster.nodes[0]!);
  const promtool = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [promtool.stdout, promtool.stderr]) stream.setEncoding('utf8').on('data', (part) => (output += part));
  promtool.stdin.end(text);
  // Without promtool, which scripts/setup installs, this rejects with ENOENT.
  const [code] = (await once(promtool, 'close')) as [number];
  expect({ code, output }).toEqual({ code: 0, output: '' });
});

test('operations are counted by API, once at the node that answered them', async () => {
  for (const api of ['pipeline', 'unary'] as const) {
    const client = await KvClient.connect({ nodes: cluster.addresses, api });
    const keys = Array.from({ length: 300 }, (_, index) => `${api}:${index}`);
    await client.mput(keys.map((key) => ({ key, value: 'value' })));
    await client.mget(keys);
    await client.delete(keys[0]!);
    await expect(client.put(keys[1]!, 'value', { ifAbsent: true })).rejects.toMatchObject({ code: 'VERSION_MISMATCH' });
    await client.close();
    const count = (method: string, code: string) =>
      sumOf(`kvnode_operations_total{api="${api}",method="${method}",code="${code}"}`);
    expect(await count('put', 'OK')).toBe(300);
    expect(await count('get', 'OK')).toBe(300);
    expect(await count('delete', 'OK')).toBe(1);
    expect(await count('put', 'VERSION_MISMATCH')).toBe(1);
    for (const method of ['put', 'get'])
      expect(await sumOf(`kvnode_operation_duration_seconds_count{api="${api}",method="${method}"}`)).toBeGreaterThan(0);
  }
});

test('the gauges of shards agree with the cluster: one primary and two in-sync copies per shard, and no move', async () => {
  expect(await sumOf('kvnode_replicas{role="primary"}')).toBe(shards);
  expect(await sumOf('kvnode_replicas{role="backup"}')).toBe(shards);
  expect(await sumOf('kvnode_primaries_serving')).toBe(shards);
  expect(await sumOf('kvnode_ready')).toBe(2);
  expect(await sumOf('kvnode_zookeeper_connected')).toBe(2);
  expect(await sumOf('kvnode_shards_moving{direction="in"}')).toBe(0);
  for (const node of cluster.nodes) {
    const text = await scrape(node);
    for (const size of text.matchAll(/^kvnode_in_sync_replicas_min (\S+)$/gm)) expect(['2', 'Nan']).toContain(size[1]);
    const [, limit] = /^kvnode_data_limit_bytes (\S+)$/m.exec(text) ?? [];
    const [, data] = /^kvnode_data_bytes (\S+)$/m.exec(text) ?? [];
    expect(Number(data)).toBeGreaterThan(0);
    expect(Number(data)).toBeLessThan(Number(limit));
  }
});
