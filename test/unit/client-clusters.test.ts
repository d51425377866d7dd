/**
 * A client and nodes of two clusters: the cluster that it belongs to, the nodes that it refuses, and when it follows a
 * rebuild.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../local/free-port.js';
import { ClientCore } from '../../src/client/client-core.js';
import { resolveClientOptions } from '../../src/client/options.js';
import { type ClusterChange, type KvClientOptions, KvError } from '../../src/index.js';
import { shardOfKey } from '../../src/placement/index.js';
import { FakeCluster, type FakeNode } from './client-testing/fake-cluster.js';
import { cluster, connect, failure, startCluster, useFakeCluster } from './client-testing/harness.js';

useFakeCluster();

let other: FakeCluster;

beforeEach(async () => {
  other = await FakeCluster.start(1, 1, 'other');
});

afterEach(() => other.stop());

/**
 * A node of the other cluster at the address of one of ours, which our nodes still report. A write that is sent over
 * the dying connection has an unknown outcome, so tests begin with a read.
 */
async function replace(node: FakeNode, options: { checksCluster?: boolean } = {}): Promise<FakeNode> {
  await cluster.crashNode(node);
  return other.addNode({ at: node, ...options });
}

function keyOfShard(shard: number, shards: number): string {
  for (let number = 0; ; number++) if (shardOfKey(`key-${number}`, shards) === shard) return `key-${number}`;
}

/** An address without a listener. */
async function freeAddress(): Promise<string> {
  return `127.0.0.1:${await freePort()}`;
}

const apis = ['pipeline', 'unary'] as const;

describe('a node of another cluster at an address of this one', () => {
  test.each(apis)('%s - receives nothing that it would execute, and another node serves', async (api) => {
    await startCluster(2, 2);
    const [first, second] = cluster.nodes as [FakeNode, FakeNode];
    const client = await connect({ nodes: [first.address], api });
    const key = keyOfShard(1, 2);
    await client.put(key, 'before');
    await replace(second);
    expect((await client.get(key))?.value.toString()).toBe('before');
    const { version } = await client.put(key, 'after');
    expect((await client.get(key))?.value.toString()).toBe('after');
    expect(await client.delete(key, { ifVersion: version })).toMatchObject({ existed: true });
    expect(other.values.size).toBe(0);
    expect(other.arrivals).toEqual([]);
    expect(client.knownTopology?.clusterId).toBe('fake');
  });

  test('if it does not check the cluster - over gRPC the client ignores its topology, and sends it nothing more', async () => {
    await startCluster(2, 2);
    const [first, second] = cluster.nodes as [FakeNode, FakeNode];
    const stranger = await replace(second, { checksCluster: false });
    const client = await connect({ nodes: [first.address], transport: 'grpc' });
    await other.watched(stranger);
    await client.put(keyOfShard(0, 2), 'value');
    expect(client.knownTopology).toMatchObject({ clusterId: 'fake', shards: [{ shard: 0 }, { shard: 1 }] });
  });

  test('if it does not check the cluster - over frames the client knows it by its acceptance, and sends it nothing', async () => {
    await startCluster(2, 2);
    const [first, second] = cluster.nodes as [FakeNode, FakeNode];
    const client = await connect({ nodes: [first.address] });
    const stranger = await replace(second, { checksCluster: false });
    expect(await failure(client.nodeStatus(second.address))).toMatchObject({ code: 'WRONG_CLUSTER', clusterId: 'other' });
    await client.put(keyOfShard(1, 2), 'value');
    expect(other.arrivals).toEqual([]);
    expect(stranger.pipelines).toEqual({ frames: 0, grpc: 0 });
  });

  test('is queried directly - the error names both clusters', async () => {
    const [first, second] = cluster.nodes as [FakeNode, FakeNode];
    const client = await connect({ nodes: [first.address] });
    await replace(second);
    for (let times = 0; times < 2; times++) {
      const error = await failure(client.nodeStatus(second.address));
      expect(error).toMatchObject({ code: 'WRONG_CLUSTER', executed: 'no', clusterId: 'other' });
      expect(error.message).toMatch(/fake.*other|other.*fake/s);
    }
  });

  test('is gone again - the next node at the address is used as before', async () => {
    await startCluster(1, 1);
    const [only] = cluster.nodes as [FakeNode];
    const client = await connect();
    const stranger = await replace(only);
    for (const work of [() => client.get('key'), () => client.put('key', 'value')])
      expect(await failure(work())).toMatchObject({ code: 'WRONG_CLUSTER', executed: 'no' });
    await other.stopNode(stranger);
    cluster.setPrimary(await cluster.addNode({ at: only }), true);
    // Operations are refused until the client has noticed that the connection to the stranger is gone.
    for (let served = false; !served; await new Promise((resolve) => setImmediate(resolve)))
      served = await client.get('key').then(
        () => true,
        () => false,
      );
    await client.put('key', 'value');
    expect(cluster.values.get('key')?.value.toString()).toBe('value');
    expect(other.values.size).toBe(0);
  });
});

describe('addresses of two clusters', () => {
  /** On a busy machine a node may answer too late to be noticed at the start: then the client is connected, and the test tries again. */
  async function refusal(connecting: () => Promise<unknown>): Promise<KvError> {
    for (;;) {
      try {
        await connecting();
      } catch (error) {
        if (error instanceof KvError) return error;
        throw error;
      }
    }
  }

  test.each([
    ['first', (ours: string, theirs: string) => [ours, theirs]],
    ['last', (ours: string, theirs: string) => [theirs, ours]],
  ])('this one %s - connecting fails, and names both with their addresses', async (_, inOrder) => {
    const [ours, theirs] = [cluster.addresses[0]!, other.addresses[0]!];
    const error = await refusal(() => connect({ nodes: inOrder(ours, theirs) }));
    expect(error).toMatchObject({ code: 'WRONG_CLUSTER', executed: 'no' });
    expect(error.message).toContain(`${ours} belongs to cluster fake`);
    expect(error.message).toContain(`${theirs} belongs to cluster other`);
  });

  test('are refused even if they come from ZooKeeper', async () => {
    const addresses = async () => [...cluster.addresses, ...other.addresses];
    const error = await refusal(async () => {
      const core = new ClientCore(addresses, resolveClientOptions({}));
      await core.open();
      await core.close();
    });
    expect(error).toMatchObject({ code: 'WRONG_CLUSTER', message: expect.stringContaining('cluster other') });
  });

  test('with clusterId - the client uses only the nodes of its own cluster', async () => {
    for (const clusterId of ['fake', 'other']) {
      const client = await connect({ nodes: [...cluster.addresses, ...other.addresses], clusterId });
      expect(client.knownTopology?.clusterId).toBe(clusterId);
      await client.put('key', clusterId);
    }
    expect([cluster, other].map(({ values }) => values.get('key')?.value.toString())).toEqual(['fake', 'other']);
  });

  test('with clusterId, and no node of that cluster - connecting fails at once, and names both', async () => {
    const error = await failure(connect({ clusterId: 'a-third' }));
    expect(error).toMatchObject({ code: 'WRONG_CLUSTER', executed: 'no', clusterId: 'fake' });
    expect(error.message).toMatch(/a-third.*fake/);
  });

  test.each([
    [{ clusterId: '' }, /clusterId must be/],
    [{ clusterId: 'of two\nlines' }, /clusterId must be/],
    [{ clusterId: 'fake', followRebuilds: true }, /exclude each other/],
  ])('%j - is refused', async (options, message) => {
    expect(await failure(connect(options as Partial<KvClientOptions>))).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(message),
    });
  });
});

describe('a cluster that was rebuilt', () => {
  const rebuild = async (): Promise<void> => {
    for (const node of cluster.nodes) await replace(node);
  };

  test.each(apis)('%s - every operation fails with WRONG_CLUSTER, and nothing is executed', async (api) => {
    const client = await connect({ api });
    await client.put('key', 'value');
    await rebuild();
    for (let round = 0; round < 2; round++)
      for (const work of [() => client.get('key'), () => client.put('key', 'x'), () => client.topology()]) {
        const error = await failure(work());
        expect(error).toMatchObject({ code: 'WRONG_CLUSTER', executed: 'no', clusterId: 'other' });
        expect(error.message).toMatch(/fake.*other/);
      }
    expect(other.values.size).toBe(0);
  });

  test.each(apis)(
    '%s, followRebuilds - the client moves, reports that once before any operation, and continues there',
    async (api) => {
      const changes: ClusterChange[] = [];
      let arrivalsThen = -1;
      const onClusterChanged = (change: ClusterChange) => {
        changes.push(change);
        arrivalsThen = other.arrivals.length;
      };
      const client = await connect({ api, followRebuilds: true, onClusterChanged, deadlineMs: 60_000 });
      await client.put('key', 'value');
      const reported = new Promise<void>((resolve) => client.onTopology(({ clusterId }) => clusterId === 'other' && resolve()));
      await rebuild();
      expect(await client.get('key')).toBeUndefined();
      await client.put('new', 'value');
      expect(other.values.get('new')?.value.toString()).toBe('value');
      expect([changes, arrivalsThen]).toEqual([[{ before: 'fake', now: 'other' }], 0]);
      expect((await client.topology()).clusterId).toBe('other');
      await reported;
      expect(client.knownTopology?.clusterId).toBe('other');
    },
  );

  test('followRebuilds - the client stays while a node of its cluster answers, or few of the addresses have moved', async () => {
    const changes: ClusterChange[] = [];
    const onClusterChanged = (change: ClusterChange) => changes.push(change);
    const [first, second, third] = cluster.nodes as [FakeNode, FakeNode, FakeNode];
    const client = await connect({ followRebuilds: true, onClusterChanged, nodes: [second.address, third.address] });
    await replace(second);
    await replace(third);
    await client.get('key');
    await client.put('key', 'value');
    expect(cluster.values.has('key')).toBe(true);
    expect(changes).toEqual([]);

    await client.close();

    const half = await connect({ followRebuilds: true, onClusterChanged, nodes: [first.address, await freeAddress()] });
    await half.get('key');
    await replace(first);
    expect(await failure(half.get('key', { deadlineMs: 1_500 }))).toMatchObject({ code: 'WRONG_CLUSTER', clusterId: 'other' });
    expect(changes).toEqual([]);
  });
});
