import { beforeEach, describe, expect, it } from 'vitest';
import type { FormatRange } from '../formats.js';
import { raiseFormat } from './cluster-upgrade.js';
import { config, join, nodeNamed, root } from './coordinator.fixture.js';
import { MemoryZookeeper } from './memory/memory-zookeeper.fixture.js';
import { anyVersion, type ZnodeClient } from './znode-client.js';
import { ZnodePaths } from './znode-paths.js';

const paths = new ZnodePaths(root);
const own: FormatRange = { oldest: 5, newest: 6 };
const old = { kvnodeVersion: '1.0.0', formats: { oldest: 5, newest: 5 } };
const both = { kvnodeVersion: '2.0.0', formats: { oldest: 5, newest: 6 } };
let zookeeper: MemoryZookeeper;
let client: ZnodeClient;
/** A field that this version does not know, which stays. */
const stored = { ...config, formatVersion: 5, kvnodeVersion: '1.0.0', fieldOfTheFuture: [1] };

beforeEach(async () => {
  zookeeper = new MemoryZookeeper();
  client = zookeeper.connect();
  await client.create(root, Buffer.alloc(0), 'persistent');
  await client.create(paths.config, Buffer.from(JSON.stringify(stored)), 'persistent');
});

async function register(nodes: Readonly<Record<string, object>>): Promise<void> {
  for (const [nodeId, facts] of Object.entries(nodes))
    await join(zookeeper).coordinator.registerNode({ ...nodeNamed(nodeId), ...facts });
}

function storedConfig(): unknown {
  return JSON.parse(zookeeper.tree.get(paths.config)!.data.toString());
}

describe('the end of an upgrade', () => {
  it('raises the format to the newest that every node supports, and keeps every other field', async () => {
    await register({ a: both, b: both });
    const { before, cluster } = await raiseFormat(client, paths, own);
    expect([before, cluster.inUse, cluster.newest, cluster.behind]).toEqual([5, 6, 6, []]);
    expect(cluster.nodes.map(({ nodeId, kvnodeVersion }) => [nodeId, kvnodeVersion])).toEqual([
      ['a', '2.0.0'],
      ['b', '2.0.0'],
    ]);
    expect(storedConfig()).toEqual({ ...stored, formatVersion: 6, kvnodeVersion: '2.0.0' });
  });

  it.each([
    ['no node supports a newer format', { a: old, b: old }, /nothing to finish: the cluster uses format 5/],
    ['no node is registered', {}, /no node is registered/],
    [
      'some nodes do not support the newer format, which are named',
      { a: both, b: old, c: {} },
      /^format 6 is not supported by every node yet: b \(kvnode 1\.0\.0 supports format 5\), c \(it does not say which/,
    ],
    [
      'nodes support different newer formats',
      { a: both, b: { ...both, formats: { oldest: 5, newest: 7 } } },
      /^format 7 is not supported by every node yet: a \(kvnode 2\.0\.0 supports formats 5 to 6\)$/,
    ],
    [
      'a node does not support the newer format any more',
      { a: both, b: { ...both, formats: { oldest: 4, newest: 5 } } },
      /^format 6 is not supported by every node yet: b/,
    ],
    [
      'the newer format is newer than what kvctl knows',
      { a: { ...both, formats: { oldest: 5, newest: 7 } } },
      /knows formats 5 to 6 and not format 7: use the kvctl of the nodes/,
    ],
  ])('is refused if %s', async (_, nodes, message) => {
    await register(nodes);
    await expect(raiseFormat(client, paths, own)).rejects.toMatchObject({
      code: 'NOT_UPGRADED',
      executed: 'no',
      message: expect.stringMatching(message),
    });
    expect(storedConfig()).toEqual(stored);
  });

  it('is refused if it is repeated', async () => {
    await register({ a: both });
    await raiseFormat(client, paths, own);
    await expect(raiseFormat(client, paths, own)).rejects.toMatchObject({ code: 'NOT_UPGRADED' });
  });

  it('judges again if `config` changes meanwhile', async () => {
    await register({ a: both });
    const { set } = client;
    let attempts = 0;
    client.set = (...request) => {
      attempts += 1;
      const restored = Buffer.from(JSON.stringify({ ...stored, restored: true }));
      if (attempts === 1) zookeeper.tree.set(paths.config, restored, anyVersion);
      return set.apply(client, request);
    };
    await raiseFormat(client, paths, own);
    expect(attempts).toBe(2);
    expect(storedConfig()).toMatchObject({ formatVersion: 6, restored: true });
  });

  it('is refused where there is no cluster, or none that can be read', async () => {
    zookeeper.tree.set(paths.config, Buffer.from('{}'), anyVersion);
    await expect(raiseFormat(client, paths, own)).rejects.toMatchObject({ code: 'CONFIG_MISMATCH' });
    zookeeper.tree.delete(paths.config, anyVersion);
    await expect(raiseFormat(client, paths, own)).rejects.toMatchObject({
      code: 'CONFIG_MISMATCH',
      message: `ZooKeeper holds no cluster at ${paths.config}`,
    });
  });
});
