import { afterEach, describe, expect, test, vi } from 'vitest';
import { cluster, connect, failure, useFakeCluster } from './client-testing/harness.js';

useFakeCluster();
afterEach(() => vi.useRealTimers());

describe('the transport of operations', () => {
  test('auto - operations travel in frames', async () => {
    const client = await connect();
    await client.put('key', 'value');
    expect(cluster.primary.pipelines).toEqual({ frames: 1, grpc: 0 });
  });

  test('auto - where only HTTP/2 passes, operations travel over gRPC, and none fails', async () => {
    for (const node of cluster.nodes) node.offersFrames = false;
    const client = await connect();
    const keys = Array.from({ length: 100 }, (_, index) => `key-${index}`);
    await Promise.all(keys.map((key) => client.put(key, key)));
    expect((await client.get('key-99'))?.value).toEqual(Buffer.from('key-99'));
    expect(cluster.primary.pipelines).toEqual({ frames: 0, grpc: 1 });
  });

  test('auto - a node that serves gRPC only, as the topology says, gets no connection for frames', async () => {
    const [first] = cluster.nodes.filter((node) => node !== cluster.primary);
    cluster.primary.framesVersion = 0;
    const client = await connect({ nodes: [first!.address] });
    await client.put('key', 'value');
    expect(cluster.primary.pipelines).toEqual({ frames: 0, grpc: 1 });
  });

  test('auto - after a while frames are tried again, and take the place of gRPC', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'], shouldAdvanceTime: true });
    for (const node of cluster.nodes) node.offersFrames = false;
    const client = await connect();
    await client.put('key', 'value');
    expect(cluster.primary.pipelines).toEqual({ frames: 0, grpc: 1 });
    for (const node of cluster.nodes) node.offersFrames = true;
    await vi.advanceTimersByTimeAsync(31_000);
    while (cluster.primary.pipelines.frames === 0) await client.put('key', 'value');
    expect(cluster.primary.pipelines.frames).toBe(1);
  });

  test('grpc - no connection for frames is opened', async () => {
    const client = await connect({ transport: 'grpc' });
    await client.put('key', 'value');
    expect(cluster.primary.pipelines).toEqual({ frames: 0, grpc: 1 });
  });

  test('tcp - without frames no node can be reached', async () => {
    for (const node of cluster.nodes) node.offersFrames = false;
    expect(await failure(connect({ transport: 'tcp', deadlineMs: 200 }))).toMatchObject({ code: 'UNREACHABLE' });
    expect(cluster.arrivals).toEqual([]);
  });

  test('auto - queries travel in frames as well', async () => {
    const client = await connect();
    const { address, id } = cluster.primary;
    expect(await client.nodeStatus(address)).toMatchObject({ nodeId: id });
    expect(await client.locate('key')).toMatchObject({ shard: 0 });
    expect(await client.listKeys({ shard: 0 })).toMatchObject({ keys: [] });
    expect(await client.forcePrimary(address, { shard: 0, acceptDataLoss: true })).toMatchObject({ seqFloor: 2 ** 32 });
    expect(cluster.nodes.map(({ grpcCalls }) => grpcCalls)).toEqual([0, 0, 0]);
  });

  test('tcp - a query whose connection is reset is sent again', async () => {
    const client = await connect({ transport: 'tcp' });
    await client.put('key', 'value');
    const { primary } = cluster;
    primary.offersFrames = false;
    const status = client.nodeStatus(primary.address);
    await vi.waitUntil(() => primary.cutOff > 1, { timeout: 10_000 });
    primary.offersFrames = true;
    expect(await status).toMatchObject({ nodeId: primary.id });
  });

  test("tcp - an operator's command whose connection is reset is not", async () => {
    const client = await connect({ transport: 'tcp' });
    await client.put('key', 'value');
    const { primary } = cluster;
    primary.offersFrames = false;
    const forced = failure(client.forcePrimary(primary.address, { shard: 0, acceptDataLoss: true }));
    expect(await forced).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(primary.cutOff).toBe(1);
  });

  test('auto - unary calls of operations travel over gRPC', async () => {
    const client = await connect({ api: 'unary' });
    await client.put('key', 'value');
    expect(cluster.nodes.map(({ grpcCalls }) => grpcCalls)).toContain(1);
  });
});
