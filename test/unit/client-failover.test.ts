import { describe, expect, test, vi } from 'vitest';
import { KvClient, type KvClientOptions, KvError } from '../../src/index.js';
import type { TopologyReport } from '../../src/wire/contract/kv-api.js';
import { cluster, connect, failure, useFakeCluster } from './client-testing/harness.js';
import { SilentServer, TcpProxy } from './client-testing/tcp-proxy.js';

useFakeCluster();

describe('the primary', () => {
  test('moves - operations follow the topology', async () => {
    const client = await connect();
    const moved = new Promise<void>((resolve) => {
      client.onTopology((topology) => {
        if (topology.shards[0]?.primaryNodeId === 'node-3') resolve();
      });
    });
    cluster.setPrimary(cluster.nodes[2]);
    await moved;
    await client.put('key', 'value');
    expect(cluster.arrivals).toMatchObject([{ method: 'Put', nodeId: 'node-3' }]);
  });

  test('moves to the watched node - the topology is watched at another node from then on', async () => {
    await connect();
    const followed = cluster.nodes.find((node) => node.watchers.size > 0);
    expect(followed).toBeDefined();
    cluster.setPrimary(followed);
    const elsewhere = () => cluster.nodes.some((node) => node !== followed && node.watchers.size > 0);
    await vi.waitUntil(elsewhere, { timeout: 10_000 });
  });

  test('appears - the topology wakes waiting operations', async () => {
    cluster.setPrimary(undefined);
    const client = await connect();
    const writes = Promise.all([client.put('a', '1'), client.put('b', '2')]);
    await cluster.arrived((arrival) => arrival.method === 'Put', 8);
    cluster.setPrimary(cluster.nodes[1]);
    expect(await writes).toMatchObject([{ nodeId: 'node-2' }, { nodeId: 'node-2' }]);
  });

  test('dies - writes in flight get their answers from its successor, and are executed once', async () => {
    const client = await connect();
    cluster.judge = () => 'executeAndHang';
    const lost = client.put('lost', 'x');
    await cluster.arrived((arrival) => arrival.method === 'Put');
    cluster.judge = () => 'serve';
    await cluster.stopNode(cluster.primary);
    await cluster.arrived((arrival) => arrival.method === 'Put' && arrival.nodeId !== 'node-1');
    cluster.setPrimary(cluster.nodes[2]);
    const { version } = await lost;
    expect(cluster.values.get('lost')?.version).toBe(version);
    expect(await client.put('later', 'y')).toMatchObject({ nodeId: 'node-3', version: version + 1 });
  });

  test('is gone, and its successor is not ready - the client keeps trying it before the topology names it', async () => {
    const client = await connect();
    await cluster.stopNode(cluster.primary);
    cluster.setPrimary(cluster.nodes[2], true);
    cluster.judge = (_, node) =>
      node.id === 'node-3' ? new KvError('TAKEOVER_IN_PROGRESS', 'wait') : new KvError('NO_PRIMARY', 'none');
    const read = client.get('key');
    const toSuccessor = (arrival: { nodeId: string }) => arrival.nodeId === 'node-3';
    await cluster.arrived(toSuccessor, 3);
    const first = cluster.arrivals.findIndex(toSuccessor);
    expect(cluster.arrivals.slice(first).every(toSuccessor)).toBe(true);
    cluster.judge = () => 'serve';
    expect(await read).toBeUndefined();
  });

  test('is replaced and silent - its reads and writes are repeated elsewhere', async () => {
    const client = await connect();
    cluster.judge = (_, node) => (node.id === 'node-1' ? 'hang' : 'serve');
    const read = client.get('key', { deadlineMs: 60_000 });
    const removal = client.delete('other', { deadlineMs: 60_000 });
    await cluster.arrived(() => true, 2);
    cluster.setPrimary(cluster.nodes[1]);
    expect(await read).toBeUndefined();
    expect(await removal).toMatchObject({ existed: false, nodeId: 'node-2' });
  });

  test('cannot be reached - another node forwards', async () => {
    const client = await connect();
    await client.get('warm');
    await cluster.nodes[0]!.proxy.close();
    // This is a read, because a write might still use the dying connection, and would then be unknown.
    await client.get('warm');
    expect(await client.put('key', 'value')).toMatchObject({ nodeId: 'node-1' });
    expect(cluster.arrivals.at(-1)?.nodeId).not.toBe('node-1');
  });

  test('closes a connection - errors of calls and streams never end the process', async () => {
    const client = await connect();
    for (const node of cluster.nodes) node.proxy.cutConnections();
    for (const node of cluster.nodes) for (const watcher of node.watchers) watcher.end();
    expect(await client.get('key')).toBeUndefined();
  });

  test('a connection that breaks during a read - the read is repeated', async () => {
    const client = await connect();
    cluster.judge = () => 'hang';
    const read = client.get('key');
    await cluster.arrived((arrival) => arrival.method === 'Get');
    cluster.judge = () => 'serve';
    cluster.primary.proxy.cutConnections();
    expect(await read).toBeUndefined();
  });
});

describe('connections', () => {
  test('accepted and then silent - another node is tried after the connect timeout', async () => {
    const silent = await SilentServer.start();
    const client = await connect({ nodes: [silent.address, ...cluster.addresses], connectTimeoutMs: 100 });
    expect(await client.put('key', 'value')).toMatchObject({ nodeId: 'node-1' });
    await silent.close();
  });

  test('only a silent node - operations are unreachable and not executed, and the client keeps reconnecting', async () => {
    const silent = await SilentServer.start();
    const options = { nodes: [silent.address], connectTimeoutMs: 50, deadlineMs: 500 };
    const error = await failure(KvClient.connect(options));
    expect(error).toMatchObject({ code: 'UNREACHABLE', executed: 'no' });
    expect(silent.accepted).toBeGreaterThan(1);
    await silent.allClosed();
    await silent.close();
  });

  test('a primary that is silent on new connections - operations go through another node', async () => {
    const silent = await SilentServer.start();
    const client = await connect({ connectTimeoutMs: 100 });
    const announced = new Promise<void>((resolve) => {
      client.onTopology((topology) => {
        if (topology.shards[0]?.primaryAddress === silent.address) resolve();
      });
    });
    const topology = cluster.topology;
    const shards = topology.shards.map((shard) => ({ ...shard, epoch: shard.epoch + 1, primaryAddress: silent.address }));
    for (const node of cluster.nodes)
      for (const watcher of node.watchers) watcher.send({ ...topology, shards } as TopologyReport);
    await announced;
    expect(await client.put('key', 'value')).toMatchObject({ nodeId: 'node-1' });
    await silent.close();
  });

  test('a primary that was silent for a while - is used again, though the others forward', async () => {
    const client = await connect({ connectTimeoutMs: 100, transport: 'tcp' });
    await client.put('key', 'value');
    const { primary } = cluster;
    const { port } = primary;
    const silent = await SilentServer.start();
    await primary.proxy.close();
    primary.proxy = await TcpProxy.start(silent.port, port);
    while (silent.accepted < 4) await client.get('key');
    await primary.proxy.close();
    await silent.close();
    primary.proxy = await TcpProxy.start(primary.listening.port, port);
    const before = primary.pipelines.frames;
    while (primary.pipelines.frames === before) await client.put('key', 'value');
  });

  test('all nodes gone - writes reject as unreachable, not executed', async () => {
    const client = await connect();
    await cluster.stop();
    // This is a read, because a write might still use a dying connection, and would then be unknown.
    expect(await failure(client.get('key', { deadlineMs: 300 }))).toMatchObject({ code: 'UNREACHABLE' });
    const error = await failure(client.put('key', 'value', { deadlineMs: 300 }));
    expect(error).toMatchObject({ code: 'UNREACHABLE', executed: 'no' });
    expect(error.message).toMatch(/gave up after \d+ attempts/);
    expect(cluster.countOf('Put')).toBe(0);
  });

  test('the topology stream breaks - the client moves to another node', async () => {
    const client = await connect();
    const watched = cluster.nodes.find((node) => node.watchers.size > 0)!;
    const others = cluster.nodes.filter((node) => node !== watched);
    const moved = Promise.race(others.map((node) => cluster.watched(node)));
    for (const watcher of watched.watchers) watcher.end();
    watched.watchers.clear();
    await moved;
    const changed = new Promise<void>((resolve) => {
      client.onTopology((topology) => {
        if (topology.shards[0]?.primaryNodeId === 'node-2') resolve();
      });
    });
    cluster.setPrimary(cluster.nodes[1]);
    await changed;
  });

  test('no address has a listener - connect rejects at its deadline', async () => {
    const silent = await SilentServer.start();
    const { address } = silent;
    await silent.close();
    const error = await failure(KvClient.connect({ nodes: [address], deadlineMs: 200 }));
    expect(error).toMatchObject({ code: 'UNREACHABLE', executed: 'no' });
  });

  test('options - impossible ones are refused by name', async () => {
    const refused: Partial<Record<keyof KvClientOptions, unknown>>[] = [
      { nodes: [] },
      { nodes: ['nonsense'] },
      { nodes: ['a:70000'] },
      { nodes: ['a:1'], zk: 'b:2' },
      {},
      { nodes: ['a:1'], maxInFlight: 0 },
      { nodes: ['a:1'], connectTimeoutMs: Number.NaN },
    ];
    for (const options of refused)
      expect(await failure(KvClient.connect(options as KvClientOptions))).toMatchObject({ code: 'INVALID_OPTION' });
  });
});

describe('giving up', () => {
  test('abort - before anything was sent: not executed', async () => {
    const client = await connect();
    const error = await failure(client.put('key', 'value', { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: 'CANCELLED', executed: 'no' });
    expect(cluster.countOf('Put')).toBe(0);
  });

  test('abort - while a write is in flight: unknown', async () => {
    const client = await connect();
    cluster.judge = () => 'hang';
    const controller = new AbortController();
    const write = failure(client.put('key', 'value', { signal: controller.signal }));
    await cluster.arrived((arrival) => arrival.method === 'Put');
    controller.abort();
    expect(await write).toMatchObject({ code: 'CANCELLED', executed: 'unknown' });
  });

  test('abort - between refusals: not executed', async () => {
    const client = await connect();
    cluster.judge = () => new KvError('PAUSED', 'wait');
    const controller = new AbortController();
    const write = failure(client.put('key', 'value', { signal: controller.signal }));
    await cluster.arrived((arrival) => arrival.method === 'Put', 6);
    controller.abort();
    // An attempt may be in flight at this moment; then "unknown" is right.
    const error = await write;
    expect(error.code).toBe('CANCELLED');
  });

  test('too many operations - wait in order, and beyond the limit are OVERLOADED', async () => {
    const client = await connect({ maxInFlight: 1, maxQueued: 2 });
    cluster.judge = () => 'hang';
    const controller = new AbortController();
    const first = failure(client.get('first', { signal: controller.signal }));
    await cluster.arrived((arrival) => arrival.method === 'Get');
    cluster.judge = () => 'serve';
    const second = client.put('second', '2');
    const third = client.put('third', '3');
    expect(await failure(client.put('fourth', '4'))).toMatchObject({ code: 'OVERLOADED', executed: 'no' });
    controller.abort();
    expect(await first).toMatchObject({ code: 'CANCELLED' });
    expect((await second).version).toBeLessThan((await third).version);
  });

  test('the deadline - passes while waiting for a place: not executed', async () => {
    const client = await connect({ maxInFlight: 1 });
    cluster.judge = () => 'hang';
    const first = failure(client.get('first', { deadlineMs: 400 }));
    const second = await failure(client.put('second', '2', { deadlineMs: 50 }));
    expect(second).toMatchObject({ code: 'DEADLINE_EXCEEDED', executed: 'no' });
    expect(await first).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(cluster.countOf('Put')).toBe(0);
  });

  test('close - waiting operations are CLOSED, writes in flight are unknown, reads are CLOSED', async () => {
    const client = await connect({ maxInFlight: 2 });
    cluster.judge = () => 'hang';
    const write = failure(client.put('write', 'x'));
    const read = failure(client.get('read'));
    const queued = failure(client.put('queued', 'x'));
    await cluster.arrived(() => true, 2);
    await Promise.all([client.close(), client.close()]);
    expect(await write).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
    expect(await read).toMatchObject({ code: 'CLOSED', executed: 'no' });
    expect(await queued).toMatchObject({ code: 'CLOSED', executed: 'no' });
    expect(await failure(client.put('late', 'x'))).toMatchObject({ code: 'CLOSED', executed: 'no' });
    expect(await failure(client.nodeStatus(cluster.primary.address))).toMatchObject({ code: 'CLOSED' });
  });

  test('close - while a refused write waits for its next attempt: CLOSED', async () => {
    cluster.setPrimary(undefined);
    const client = await connect();
    const write = failure(client.put('key', 'value'));
    await cluster.arrived((arrival) => arrival.method === 'Put', 5);
    await client.close();
    expect(['CLOSED', 'OUTCOME_UNKNOWN']).toContain((await write).code);
  });
});
