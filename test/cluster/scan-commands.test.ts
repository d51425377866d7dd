/** kvctl scan and delete-prefix, and GET /api/kv, on a cluster of three nodes and four shards. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import { startCluster } from './support/cluster.js';
import { runKvctl } from './support/kvctl.js';

/** In the order of their bytes. */
const keys = ['a', 'k:1', 'k:10', 'k:2', 'k:ü', 'k:\uffee', 'k:\u{1f511}', 'z'];
const underK = keys.filter((key) => key.startsWith('k:'));
let cluster: LocalCluster;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 3, shards: 4, extra: ['--http-port', '0'] });
  await using client = await cluster.connect();
  for (const key of keys.toReversed()) await client.put(key, `value of ${key}`);
});
afterAll(() => cluster.kill());

const kvctl = (...words: string[]) => runKvctl(['--nodes', cluster.addresses.join(','), ...words]);
const linesOf = (text: string): string[] => (text === '' ? [] : text.trimEnd().split('\n'));

test('kvctl scan - prints keys of a prefix or a range in order, with values on request', async () => {
  expect(linesOf((await kvctl('scan')).stdout)).toEqual(keys);
  expect(linesOf((await kvctl('scan', 'k:', '--reverse')).stdout)).toEqual(underK.toReversed());
  expect(linesOf((await kvctl('scan', '--from', 'k:10', '--to', 'k:ü')).stdout)).toEqual(['k:10', 'k:2']);
  const some = await kvctl('scan', 'k:', '--limit', '2', '--values');
  expect(linesOf(some.stdout)).toEqual(['k:1\tvalue of k:1', 'k:10\tvalue of k:10']);
  expect([some.code, some.stderr]).toEqual([0, expect.stringContaining('2 keys')]);
  const asJson = linesOf((await kvctl('scan', 'k:2', '--values', '--json')).stdout).map((line) => JSON.parse(line));
  expect(asJson).toEqual([{ key: 'k:2', value: 'value of k:2', version: expect.any(Number) }]);
  expect(await kvctl('scan', 'k:', '--from', 'k')).toMatchObject({ code: 2, stdout: '' });
});

interface Page {
  readonly keys: readonly { readonly key: string; readonly value?: string }[];
  readonly next?: string;
}

/** Retries after 503, as a service should: the primary of a shard may change at any time. */
async function get(node: number, query: string): Promise<Page> {
  for (const endMs = performance.now() + 30_000; ; ) {
    const answer = await fetch(`http://${cluster.nodes[node]!.httpAddress}/api/kv?${query}`);
    if (answer.status === 200) return (await answer.json()) as Page;
    expect([answer.status, performance.now() < endMs]).toEqual([503, true]);
    await pause(50);
  }
}

test('GET /api/kv - pages of all shards follow each other at any node', async () => {
  for (const reverse of [false, true]) {
    const found: string[] = [];
    for (let cursor = '', page = 0; page === 0 || cursor !== ''; page++) {
      const query = `prefix=k%3A&limit=2&reverse=${reverse}${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const body = await get(page % 3, query);
      found.push(...body.keys.map(({ key }) => key));
      cursor = body.next ?? '';
    }
    expect(found).toEqual(reverse ? underK.toReversed() : underK);
  }
  const whole = await get(0, 'values=true');
  expect(whole.keys.map(({ key, value }) => [key, value])).toEqual(keys.map((key) => [key, `value of ${key}`]));
});

test('kvctl delete-prefix - removes nothing without --yes, and then prints how many keys it has removed', async () => {
  expect(await kvctl('delete-prefix', 'k:')).toMatchObject({ code: 1, stdout: expect.stringContaining(`${underK.length} keys`) });
  expect(linesOf((await kvctl('scan')).stdout)).toEqual(keys);
  expect(await kvctl('delete-prefix', 'k:', '--yes')).toMatchObject({ code: 0, stdout: `removed ${underK.length} keys\n` });
  expect(linesOf((await kvctl('scan')).stdout)).toEqual(['a', 'z']);
  expect(await kvctl('delete-prefix', 'k:', '--yes')).toMatchObject({ code: 0, stdout: 'removed 0 keys\n' });
});
