/** The client and a cluster of several shards, each with a primary of its own. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { KvError } from '../../src/index.js';
import { shardOfKey } from '../../src/placement/index.js';
import { cluster, connect, failure, startCluster, useFakeCluster } from './client-testing/harness.js';

useFakeCluster();

const shardCount = 6;
const keys = Array.from({ length: 60 }, (_, index) => `key-${index}`);
const shardOf = (key: string) => shardOfKey(key, shardCount);
/** The nodes of the shards as the fake cluster spreads them at the start. */
const primaryIdOf = (key: string) => `node-${(shardOf(key) % 3) + 1}`;
const keyIn = (shard: number) => keys.find((key) => shardOf(key) === shard)!;
const keyOf = ({ request }: { readonly request: unknown }) => (request as { readonly key: string }).key;

beforeEach(() => startCluster(3, shardCount));

/** Afterwards every connection is ready, and the counters of requests are 0. */
async function connectWarm(options: Parameters<typeof connect>[0] = {}) {
  const client = await connect(options);
  for (const key of keys) await client.get(key);
  cluster.arrivals.length = 0;
  return client;
}

describe('many shards', () => {
  test('every operation goes directly to the primary of its shard', async () => {
    const client = await connectWarm();
    await Promise.all(keys.map((key) => client.put(key, key)));
    await Promise.all(keys.map((key) => client.get(key)));
    expect(cluster.arrivals).toHaveLength(2 * keys.length);
    for (const arrival of cluster.arrivals) expect(arrival.nodeId).toBe(primaryIdOf(keyOf(arrival)));
  });

  test('keys with the same tag are in one shard', async () => {
    const client = await connectWarm();
    await Promise.all(['name', 'mail', 'phone'].map((field) => client.put(`{user:1}:${field}`, 'x')));
    expect(new Set(cluster.arrivals.map(({ nodeId }) => nodeId)).size).toBe(1);
  });

  test('locate - queries the primary of the key for its holders', async () => {
    const client = await connectWarm();
    const location = await client.locate(keyIn(4));
    expect(location).toMatchObject({ shard: 4, holders: [{ nodeId: 'node-2', role: 'primary' }, {}, {}] });
    expect(cluster.arrivals).toMatchObject([{ method: 'LocateKey', nodeId: 'node-2' }]);
    expect(await failure(client.locate(''))).toMatchObject({ code: 'INVALID_KEY' });
  });

  test('wholeTopology - queries every node, and leaves out those that do not answer', async () => {
    const client = await connectWarm();
    cluster.judge = (_, node) => (node.id === 'node-2' ? new KvError('STOPPING', 'no more') : 'serve');
    const { shards } = await client.wholeTopology();
    expect(shards.map(({ primaryNodeId }) => primaryNodeId)).toEqual([
      'node-1',
      'node-2',
      'node-3',
      'node-1',
      'node-2',
      'node-3',
    ]);
    expect(new Set(cluster.arrivals.map(({ nodeId }) => nodeId)).size).toBe(3);
  });

  test('topology - a silent node delays no operation, whichever node is queried first', async () => {
    const client = await connectWarm();
    cluster.judge = (_, node) => (node.id === 'node-2' ? 'hang' : 'serve');
    // With several primaries the client queries them in turn.
    for (const _ of cluster.nodes) expect((await client.topology({ deadlineMs: 60_000 })).shards).toHaveLength(6);
    expect(cluster.arrivals.some(({ nodeId }) => nodeId === 'node-2')).toBe(true);
  });

  test('listKeys - does not wait for a silent replaced primary, but waits for a named node', async () => {
    const client = await connectWarm();
    cluster.judge = (_, node) => (node.id === 'node-1' ? 'hang' : 'serve');
    const page = client.listKeys({ shard: 0 }, { deadlineMs: 60_000 });
    let ended = false;
    const given = new AbortController();
    const options = { deadlineMs: 60_000, signal: given.signal };
    const ofNode = failure(client.listKeysOf(cluster.nodes[0]!.address, { shard: 0 }, options)).finally(() => {
      ended = true;
    });
    await cluster.arrived(({ method }) => method === 'ListKeys', 2);
    cluster.setPrimary(cluster.nodes[1], false, 0);
    expect(await page).toMatchObject({ nodeId: 'node-2' });
    expect(ended).toBe(false);
    given.abort();
    expect(await ofNode).toMatchObject({ code: 'CANCELLED' });
  });

  test('mgetSettled - names the answering node even for a key that does not exist', async () => {
    const client = await connectWarm();
    expect(await client.mgetSettled([keyIn(4)])).toMatchObject([{ ok: true, found: undefined, nodeId: 'node-2' }]);
  });

  test('one shard moves - only its operations follow', async () => {
    const client = await connectWarm();
    const moved = new Promise<void>((resolve) => {
      client.onTopology(({ shards }) => {
        if (shards[0]?.primaryNodeId === 'node-3') resolve();
      });
    });
    cluster.setPrimary(cluster.nodes[2], false, 0);
    await moved;
    await client.mget(keys);
    for (const arrival of cluster.arrivals)
      expect(arrival.nodeId).toBe(shardOf(keyOf(arrival)) === 0 ? 'node-3' : primaryIdOf(keyOf(arrival)));
  });

  test('a refusal that names the primary - counts for its shard only', async () => {
    const client = await connectWarm();
    const { address } = cluster.nodes[2]!;
    cluster.judge = (_method, node, request) => {
      const isMoved = shardOf((request as { key: string }).key) === 0;
      return isMoved && node.id !== 'node-3' ? new KvError('NOT_PRIMARY', 'not me', { primaryAddress: address }) : 'serve';
    };
    await client.put(keyIn(0), 'x');
    await client.put(keyIn(0), 'y');
    await client.put(keyIn(3), 'z');
    expect(cluster.arrivals.map(({ nodeId }) => nodeId)).toEqual(['node-1', 'node-3', 'node-3', 'node-1']);
  });

  test('a shard without a primary - does not delay the others, even with many waiting operations', async () => {
    const client = await connectWarm({ maxInFlight: 4, maxQueued: 1_000 });
    cluster.setPrimary(undefined, false, 0);
    const waiting = Array.from({ length: 100 }, (_, index) => client.put(`{${keyIn(0)}}${index}`, 'x'));
    await cluster.arrived((arrival) => shardOf(keyOf(arrival)) === 0, 4);
    const others = keys.filter((key) => shardOf(key) !== 0);
    const outcomes = await client.mput(others.map((key) => ({ key, value: 'x' })));
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
    cluster.setPrimary(cluster.nodes[1], false, 0);
    for (const { nodeId } of await Promise.all(waiting)) expect(nodeId).toBe('node-2');
  });

  test('mget, mput - outcomes are in the order of the keys, even if one shard fails', async () => {
    const client = await connectWarm();
    cluster.judge = (_method, _node, request) =>
      shardOf((request as { key: string }).key) === 2 ? new KvError('VALUE_TOO_LARGE', 'too large') : 'serve';
    const fails = keys.map((key) => shardOf(key) === 2);
    expect(fails).toContain(true);
    const written = await client.mput(keys.map((key) => ({ key, value: key })));
    expect(written.map(({ key, ok }) => [key, ok])).toEqual(keys.map((key, index) => [key, !fails[index]]));
    const read = await client.mgetSettled(keys);
    expect(read.map((outcome) => (outcome.ok ? outcome.found?.value.toString() : outcome.error.code))).toEqual(
      keys.map((key, index) => (fails[index] ? 'VALUE_TOO_LARGE' : key)),
    );
    expect(await failure(client.mget(keys))).toMatchObject({ code: 'VALUE_TOO_LARGE' });
    cluster.judge = () => 'serve';
    expect((await client.mget(keys)).map((found) => found?.value.toString())).toEqual(
      keys.map((key, index) => (fails[index] ? undefined : key)),
    );
  });

  test('an operation on a shard without a primary - ends at its deadline with the refusal, definitely not executed', async () => {
    const maxInFlight = 2;
    const client = await connectWarm({ maxInFlight });
    cluster.setPrimary(undefined, false, 0);
    const waiting = Array.from({ length: 20 }, (_, index) =>
      failure(client.put(`{${keyIn(0)}}${index}`, 'x', { deadlineMs: 300 })),
    );
    const errors = await Promise.all(waiting);
    for (const { code } of errors) expect(['NO_PRIMARY', 'DEADLINE_EXCEEDED']).toContain(code);
    // On a busy machine the deadline may pass while attempts are in flight, and then these alone are unknown.
    expect(errors.filter(({ executed }) => executed !== 'no').length).toBeLessThanOrEqual(maxInFlight);
    expect(cluster.values.size).toBe(0);
  });

  test('too many waiting operations - are OVERLOADED, not executed', async () => {
    const client = await connectWarm({ maxInFlight: 1, maxQueued: 5 });
    cluster.setPrimary(undefined, false, 0);
    const waiting = Array.from({ length: 20 }, (_, index) =>
      failure(client.put(`{${keyIn(0)}}${index}`, 'x', { deadlineMs: 300 })),
    );
    const codes = (await Promise.all(waiting)).map(({ code }) => code);
    expect(codes).toContain('OVERLOADED');
    expect(codes.filter((code) => code !== 'OVERLOADED').length).toBeGreaterThanOrEqual(5);
  });

  test('a node is replaced in one shard and silent - the client still waits for its answers of other shards', async () => {
    const client = await connectWarm();
    cluster.judge = (_, node) => (node.id === 'node-1' ? 'hang' : 'serve');
    const patient = { deadlineMs: 60_000 };
    const lost = client.put(keyIn(0), 'x', patient);
    let others = 0;
    const count = () => {
      others += 1;
    };
    void failure(client.put(keyIn(3), 'x', { deadlineMs: 2_000 })).then(count);
    await cluster.arrived(() => true, 2);
    cluster.setPrimary(cluster.nodes[1], false, 0);
    expect(await lost).toMatchObject({ nodeId: 'node-2' });
    expect(others).toBe(0);
  });

  test('a silent node is gone from the cluster - the client stops waiting for its answers', async () => {
    const client = await connectWarm();
    cluster.judge = (_, node) => (node.id === 'node-1' ? 'hang' : 'serve');
    const lost = client.put(keyIn(0), 'x', { deadlineMs: 60_000 });
    await cluster.arrived(() => true, 1);
    cluster.nodes[0]!.alive = false;
    cluster.announce();
    // It is sent again, to the only primary that is known.
    await cluster.arrived(() => true, 2);
    cluster.setPrimary(cluster.nodes[1], false, 0);
    expect(await lost).toMatchObject({ nodeId: 'node-2' });
  });

  test('the topology is watched at two nodes - a frozen one does not delay changes', async () => {
    const client = await connectWarm();
    const watched = () => cluster.nodes.filter((node) => node.watchers.size > 0);
    await vi.waitUntil(() => watched().length === 2, { timeout: 10_000 });
    const [silent] = watched();
    silent!.watchers.clear();
    const changed = new Promise<void>((resolve) => {
      client.onTopology(({ shards }) => {
        if (shards[4]?.primaryNodeId === 'node-1') resolve();
      });
    });
    cluster.setPrimary(cluster.nodes[0], false, 4);
    await changed;
  });

  test('a watched node is gone - another node is watched instead', async () => {
    await connectWarm();
    const watched = () => cluster.nodes.filter((node) => node.alive && node.watchers.size > 0);
    await vi.waitUntil(() => watched().length === 2, { timeout: 10_000 });
    const [gone, other] = watched();
    await cluster.stopNode(gone!);
    for (let shard = 0; shard < shardCount; shard += 1) cluster.setPrimary(other, true, shard);
    cluster.announce();
    await vi.waitUntil(() => watched().length === 2, { timeout: 10_000 });
  });
});
