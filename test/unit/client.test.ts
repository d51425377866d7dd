import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ErrorCode, KvClient, type KvClientOptions, KvError } from '../../src/index.js';
import { FakeCluster, type Fate } from './client-testing/fake-cluster.js';
import { SilentServer } from './client-testing/tcp-proxy.js';

let cluster: FakeCluster;
let clients: KvClient[];

beforeEach(async () => {
  cluster = await FakeCluster.start(3);
  clients = [];
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await cluster.stop();
});

async function connect(options: Partial<KvClientOptions> = {}): Promise<KvClient> {
  const client = await KvClient.connect({ nodes: cluster.addresses, ...options } as KvClientOptions);
  clients.push(client);
  return client;
}

async function failure(work: Promise<unknown>): Promise<KvError> {
  const outcome = await work.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );
  if (!(outcome instanceof KvError)) throw new Error(`expected a KvError, got ${JSON.stringify(outcome)}`);
  return outcome;
}

/** Fails the first `times` requests of a method. */
function failFirst(method: string, times: number, fate: () => Fate): void {
  let failed = 0;
  cluster.judge = (called) => {
    if (called !== method || failed >= times) return 'serve';
    failed += 1;
    return fate();
  };
}

describe('operations', () => {
  test('put, get, delete - go to the primary and give versions', async () => {
    const client = await connect();
    const put = await client.put('user:1', 'Alice');
    expect(put.nodeId).toBe('node-1');
    expect(await client.get('user:1')).toEqual({ value: Buffer.from('Alice'), version: put.version, nodeId: 'node-1' });
    expect(await client.delete('user:1', { ifVersion: put.version })).toMatchObject({ existed: true });
    expect(await client.get('user:1')).toBeUndefined();
    expect(await client.delete('user:1')).toEqual({ existed: false, version: 0, nodeId: 'node-1' });
    expect(cluster.arrivals.every((arrival) => arrival.nodeId === 'node-1')).toBe(true);
  });

  test('put - an empty value is a value', async () => {
    const client = await connect();
    await client.put('empty', new Uint8Array());
    expect((await client.get('empty'))?.value).toEqual(Buffer.alloc(0));
  });

  test('put - a condition that does not hold tells the current version', async () => {
    const client = await connect();
    const { version } = await client.put('key', 'one', { ifAbsent: true });
    const error = await failure(client.put('key', 'two', { ifAbsent: true }));
    expect(error).toMatchObject({ code: 'VERSION_MISMATCH', executed: 'no', currentVersion: version });
    expect(cluster.countOf('Put')).toBe(2);
  });

  test('mget, mput - keep the order, report each write', async () => {
    const client = await connect();
    await client.put('taken', 'x');
    const outcomes = await client.mput([
      { key: 'a', value: '1' },
      { key: 'taken', value: '2', ifAbsent: true },
      { key: 'b', value: '3' },
    ]);
    expect(outcomes.map((outcome) => [outcome.key, outcome.ok])).toEqual([
      ['a', true],
      ['taken', false],
      ['b', true],
    ]);
    expect(outcomes[1]).toMatchObject({ error: { code: 'VERSION_MISMATCH' } });
    const values = await client.mget(['b', 'missing', 'a']);
    expect(values.map((found) => found?.value.toString())).toEqual(['3', undefined, '1']);
  });

  test('mget - one signal for many keys makes no noise', async () => {
    const client = await connect();
    const warnings: Error[] = [];
    const listener = (warning: Error) => warnings.push(warning);
    process.on('warning', listener);
    const keys = Array.from({ length: 200 }, (_, index) => `key-${index}`);
    await client.mget(keys, { signal: new AbortController().signal });
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listener);
    expect(warnings).toEqual([]);
  });

  test('topology, nodeStatus, forcePrimary - ask the cluster and one node', async () => {
    const client = await connect();
    expect((await client.topology()).shards[0]?.primaryNodeId).toBe('node-1');
    const second = cluster.nodes[1]!;
    expect(await client.nodeStatus(second.address)).toMatchObject({ nodeId: 'node-2' });
    expect(await client.forcePrimary(second.address, { shard: 0, acceptDataLoss: true })).toMatchObject({ seqFloor: 2 ** 32 });
  });

  test('arguments - what can never be right is refused before it is sent', async () => {
    const client = await connect();
    const refused: [ErrorCode, () => Promise<unknown>][] = [
      ['INVALID_KEY', () => client.get('')],
      ['INVALID_KEY', () => client.get('x'.repeat(1_025))],
      ['INVALID_KEY', () => client.get('é'.repeat(513))],
      ['INVALID_KEY', () => client.put('\ud800', 'x')],
      ['INVALID_KEY', () => client.mget(['ok', ''])],
      ['INVALID_ARGUMENT', () => client.put('k', 'v', { ifVersion: -1 })],
      ['INVALID_ARGUMENT', () => client.put('k', 'v', { ifVersion: 1.5 })],
      ['INVALID_ARGUMENT', () => client.put('k', 'v', { ifVersion: 2 ** 53 })],
      ['INVALID_ARGUMENT', () => client.put('k', 'v', { ifVersion: 3, ifAbsent: true })],
      ['INVALID_ARGUMENT', () => client.delete('k', { ifVersion: 0 })],
      ['INVALID_ARGUMENT', () => client.put('k', 7 as unknown as string)],
      ['INVALID_ARGUMENT', () => client.get('k', { deadlineMs: 0 })],
      ['INVALID_ARGUMENT', () => client.nodeStatus('nowhere')],
      ['MESSAGE_TOO_LARGE', () => client.put('k', new Uint8Array(16 * 1024 * 1024))],
      [
        'INVALID_ARGUMENT',
        () =>
          client.mput([
            { key: 'k', value: '1' },
            { key: 'k', value: '2' },
          ]),
      ],
    ];
    for (const [code, call] of refused) expect(await failure(call())).toMatchObject({ code, executed: 'no' });
    expect(cluster.arrivals).toEqual([]);
    await client.put('é'.repeat(512), 'fits');
    await client.put('😀', 'a pair is no lone surrogate');
  });
});

describe('retries', () => {
  test('a write - what was definitely refused is tried again', async () => {
    const client = await connect();
    failFirst('Put', 3, () => new KvError('TAKEOVER_IN_PROGRESS', 'wait'));
    await client.put('key', 'value');
    expect(cluster.countOf('Put')).toBe(4);
  });

  test('a write - is never sent again after an unknown outcome', async () => {
    const client = await connect();
    failFirst('Put', 1, () => new KvError('OUTCOME_UNKNOWN', 'deposed'));
    expect(await failure(client.put('key', 'value'))).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
    failFirst('Delete', 1, () => Object.assign(new Error('no trailers'), { code: 14 }));
    expect(await failure(client.delete('key'))).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
    expect([cluster.countOf('Put'), cluster.countOf('Delete')]).toEqual([1, 1]);
  });

  test('a read - is tried again after refusals and unknown outcomes', async () => {
    const client = await connect();
    const fates = [
      new KvError('LEASE_LAPSED', 'wait'),
      new KvError('OUTCOME_UNKNOWN', 'lost'),
      Object.assign(new Error('no trailers'), { code: 14 }),
    ];
    failFirst('Get', fates.length, () => fates.shift()!);
    expect(await client.get('key')).toBeUndefined();
    expect(cluster.countOf('Get')).toBe(4);
  });

  test('a refusal that cannot pass - is not tried again', async () => {
    const client = await connect();
    failFirst('Put', 1, () => new KvError('VALUE_TOO_LARGE', 'too large'));
    expect(await failure(client.put('key', 'value'))).toMatchObject({ code: 'VALUE_TOO_LARGE', executed: 'no' });
    expect(cluster.countOf('Put')).toBe(1);
  });

  test('the deadline - a write refused every time rejects with the last refusal, as not executed', async () => {
    const client = await connect();
    cluster.judge = () => new KvError('TOO_FEW_IN_SYNC', 'one replica in sync, two are needed');
    const error = await failure(client.put('key', 'value', { deadlineMs: 300 }));
    expect(error).toMatchObject({ code: 'TOO_FEW_IN_SYNC', executed: 'no' });
    expect(error.message).toMatch(/one replica in sync.*gave up after \d+ attempts in \d+ ms/);
    expect(cluster.countOf('Put')).toBeGreaterThan(1);
  });

  test('the deadline - a write without an answer is unknown', async () => {
    const client = await connect();
    cluster.judge = () => 'executeAndHang';
    const error = await failure(client.put('key', 'value', { deadlineMs: 100 }));
    expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED', executed: 'unknown' });
  });

  test('a hint - is followed at once', async () => {
    const client = await connect();
    const [first, second] = cluster.nodes;
    cluster.setPrimary(second, true);
    cluster.judge = (method, node) =>
      method === 'Put' && node === first ? new KvError('NOT_PRIMARY', 'not me', { primaryAddress: second!.address }) : 'serve';
    await client.put('key', 'value');
    expect(cluster.arrivals.map((arrival) => arrival.nodeId)).toEqual(['node-1', 'node-2']);
  });

  test('a node that is not the primary and has no hint - the next attempt goes elsewhere', async () => {
    const client = await connect();
    const [first] = cluster.nodes;
    cluster.judge = (_, node) => (node === first ? new KvError('STOPPING', 'going') : 'serve');
    await client.put('key', 'value');
    expect(cluster.arrivals[1]?.nodeId).not.toBe('node-1');
  });
});

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

  test('appears - those who wait are woken by the topology', async () => {
    cluster.setPrimary(undefined);
    const client = await connect();
    const writes = Promise.all([client.put('a', '1'), client.put('b', '2')]);
    await cluster.arrived((arrival) => arrival.method === 'Put', 8);
    cluster.setPrimary(cluster.nodes[1]);
    expect(await writes).toMatchObject([{ nodeId: 'node-2' }, { nodeId: 'node-2' }]);
  });

  test('dies - writes under way are unknown, later ones go on with the next primary', async () => {
    const client = await connect();
    cluster.judge = () => 'executeAndHang';
    const lost = failure(client.put('lost', 'x'));
    await cluster.arrived((arrival) => arrival.method === 'Put');
    cluster.judge = () => 'serve';
    await cluster.stopNode(cluster.primary);
    expect(await lost).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
    const later = client.put('later', 'y');
    await cluster.arrived((arrival) => arrival.method === 'Put' && arrival.nodeId !== 'node-1');
    cluster.setPrimary(cluster.nodes[2]);
    expect(await later).toMatchObject({ nodeId: 'node-3' });
  });

  test('is gone, and its successor is not ready yet - the client stays with the successor before it is told', async () => {
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

  test('is replaced and says nothing more - its reads are done again elsewhere, its writes are unknown', async () => {
    const client = await connect();
    cluster.judge = (_, node) => (node.id === 'node-1' ? 'hang' : 'serve');
    const read = client.get('key', { deadlineMs: 60_000 });
    const write = failure(client.put('key', 'value', { deadlineMs: 60_000 }));
    await cluster.arrived(() => true, 2);
    cluster.setPrimary(cluster.nodes[1]);
    expect(await read).toBeUndefined();
    expect(await write).toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
  });

  test('cannot be reached - another node forwards', async () => {
    const client = await connect();
    await client.get('warm');
    await cluster.nodes[0]!.proxy.close();
    // A read, because a write might still meet the dying connection, and would then be unknown.
    await client.get('warm');
    expect(await client.put('key', 'value')).toMatchObject({ nodeId: 'node-1' });
    expect(cluster.arrivals.at(-1)?.nodeId).not.toBe('node-1');
  });

  test('closes a connection - errors of calls and streams never end the process', async () => {
    const client = await connect();
    for (const node of cluster.nodes) node.proxy.cutConnections();
    for (const node of cluster.nodes) for (const watcher of node.watchers) watcher.emit('error', new Error('broken'));
    expect(await client.get('key')).toBeUndefined();
  });

  test('a connection that breaks under a read - the read is done again', async () => {
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
  test('accepted and then silent - another node is asked after the connect timeout', async () => {
    const silent = await SilentServer.start();
    const client = await connect({ nodes: [silent.address, ...cluster.addresses], connectTimeoutMs: 100 });
    expect(await client.put('key', 'value')).toMatchObject({ nodeId: 'node-1' });
    await silent.close();
  });

  test('only a silent node - operations are unreachable and not executed, and it is connected to again and again', async () => {
    const silent = await SilentServer.start();
    const options = { nodes: [silent.address], connectTimeoutMs: 50, deadlineMs: 500 };
    const error = await failure(KvClient.connect(options));
    expect(error).toMatchObject({ code: 'UNREACHABLE', executed: 'no' });
    expect(silent.accepted).toBeGreaterThan(1);
    await silent.allClosed();
    await silent.close();
  });

  test('a primary that turns silent on new connections - operations go through another node', async () => {
    const silent = await SilentServer.start();
    const client = await connect({ connectTimeoutMs: 100 });
    const announced = new Promise<void>((resolve) => {
      client.onTopology((topology) => {
        if (topology.shards[0]?.primaryAddress === silent.address) resolve();
      });
    });
    const topology = cluster.topology;
    const shards = topology.shards.map((shard) => ({ ...shard, epoch: shard.epoch + 1, primaryAddress: silent.address }));
    for (const node of cluster.nodes) for (const watcher of node.watchers) watcher.write({ ...topology, shards });
    await announced;
    expect(await client.put('key', 'value')).toMatchObject({ nodeId: 'node-1' });
    await silent.close();
  });

  test('all nodes gone - writes reject as unreachable, not executed', async () => {
    const client = await connect();
    await cluster.stop();
    // A read, because a write might still meet a dying connection, and would then be unknown.
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
    for (const watcher of watched.watchers) watcher.emit('error', Object.assign(new Error('broken'), { code: 14 }));
    watched.watchers.clear();
    await moved;
    const heard = new Promise<void>((resolve) => {
      client.onTopology((topology) => {
        if (topology.shards[0]?.primaryNodeId === 'node-2') resolve();
      });
    });
    cluster.setPrimary(cluster.nodes[1]);
    await heard;
  });

  test('nobody listens on any address - connect rejects at its deadline', async () => {
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

  test('abort - while a write is under way: unknown', async () => {
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
    // An attempt may be on its way at this moment; then the truth is "unknown".
    const error = await write;
    expect(error.code).toBe('CANCELLED');
  });

  test('too many - wait in order, beyond that OVERLOADED', async () => {
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

  test('close - what waits is CLOSED, writes under way are unknown, reads are CLOSED', async () => {
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
