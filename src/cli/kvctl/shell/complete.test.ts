import { expect, test } from 'vitest';
import type { KvClient } from '../../../client/index.js';
import { complete } from './complete.js';

const stored = ['user:1', 'user:2', 'with blank', 'other'];

const client = {
  knownTopology: { nodes: [{ id: 'node-1' }, { id: 'node-2' }], shards: [{ shard: 0 }, { shard: 1 }] },
  listKeys: async ({ shard, prefix }: { shard: number; prefix: string }) => {
    if (shard === 1) throw new Error('this shard does not answer');
    return { keys: stored.filter((key) => key.startsWith(prefix)).map((key) => ({ key })) };
  },
} as unknown as KvClient;

test.each<[string, string[]]>([
  ['ge', ['get ', 'getset ', 'getdel ']],
  ['GE', ['GETSET ', 'GET ', 'GETDEL ']],
  ['LIST', ['LIST_NODES ']],
  ['get user:', ['user:1', 'user:2']],
  ['drain node-', ['node-1', 'node-2']],
  ['undrain node-', ['node-1', 'node-2']],
  ['can-stop node-2', ['node-2']],
  ['drain node-1 --w', ['--wait']],
  ['PUT user:', ['user:1', 'user:2']],
  ['put user:1 user:', []],
  ['mget user:1 o', ['other']],
  ['get w', []],
  ['getdel user:', ['user:1', 'user:2']],
  ['SETRANGE user:', ['user:1', 'user:2']],
  ['getset user:1 user:', []],
  ['tran', ['transact ']],
  ['append k --max', ['--max-bytes']],
  ['delete k --if-', ['--if-version', '--if-value']],
  ['touch user:', ['user:1', 'user:2']],
  ['ttl o', ['other']],
  ['PERSIST user:', ['user:1', 'user:2']],
  ['touch user:1 ', []],
  ['put user:1 v --t', ['--ttl']],
  ['incr', ['increment ']],
  ['increment n --keep', ['--keep-ttl']],
  ...['put', 'delete', 'increment', 'append', 'setrange', 'getset', 'getdel', 'touch', 'persist', 'transact'].map(
    (name): [string, string[]] => [`${name} k --sy`, ['--sync']],
  ),
  ['info node-', ['node-1', 'node-2']],
  ['status --w', ['--watch']],
  ['shard f', ['force-primary']],
  ['shard force-primary --a', ['--all', '--accept-data-loss']],
  ['shard force-primary 3 --h', ['--history', '--help']],
  ['shard force-primary f', []],
  ['nonsense u', []],
])('completion - "%s" may go on as %j', async (line, candidates) => {
  const [found, typed] = await complete(line, client);
  expect(found).toEqual(candidates);
  expect(line.endsWith(typed)).toBe(true);
});

test('completion - completes commands but no keys without a cluster', async () => {
  expect((await complete('dele', undefined))[0]).toEqual(['delete ', 'delete-prefix ']);
  expect((await complete('get u', undefined))[0]).toEqual([]);
});
