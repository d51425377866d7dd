import { describe, expect, it } from 'vitest';
import { born, claimed, type ShardState } from '../replication/protocol/shard-state.js';
import { candidateNamed, config, join, nodeNamed, root } from './coordinator.fixture.js';
import { MemoryZookeeper } from './memory/memory-zookeeper.fixture.js';
import { anyVersion } from './znode-client.js';

const state: ShardState = born('a~1', 'h', 'one');
const next = claimed(state, 'a~1', 'two');

describe('config', () => {
  it('is written by the first node, and the second node takes over its cluster id', async () => {
    const zookeeper = new MemoryZookeeper();
    const first = await join(zookeeper).coordinator.agreeOnConfig(config);
    const second = await join(zookeeper).coordinator.agreeOnConfig({ ...config, clusterId: 'cluster-b' });
    expect([first, second]).toEqual([config, config]);
  });

  it('is refused if values differ, naming each option with both values', async () => {
    const zookeeper = new MemoryZookeeper();
    await join(zookeeper).coordinator.agreeOnConfig(config);
    const other = join(zookeeper).coordinator.agreeOnConfig({ ...config, graceMs: 900, shards: 8 });
    await expect(other).rejects.toMatchObject({
      code: 'CONFIG_MISMATCH',
      message: expect.stringMatching(/shards is 1 there and 8 here.*graceMs is 1250 there and 900 here/),
    });
  });

  it.each([
    ['memory', 'always', /durability is memory there and always here\. It keeps its data in memory: .* without --data-dir/],
    ['always', 'memory', /durability is always there and memory here\. .* with --data-dir DIR --durability always/],
    ['interval', 'always', /durability is interval there and always here\. .* with --durability interval/],
  ] as const)('is refused if data is kept in another way, with what to do: %s and %s', async (durability, wanted, message) => {
    const zookeeper = new MemoryZookeeper();
    await join(zookeeper).coordinator.agreeOnConfig({ ...config, durability });
    const other = join(zookeeper).coordinator.agreeOnConfig({ ...config, durability: wanted });
    await expect(other).rejects.toMatchObject({ code: 'CONFIG_MISMATCH', message: expect.stringMatching(message) });
  });

  it('of a cluster that flushes with each write, or never, does not fix the time between flushes', async () => {
    const zookeeper = new MemoryZookeeper();
    await join(zookeeper).coordinator.agreeOnConfig(config);
    await join(zookeeper).coordinator.agreeOnConfig({ ...config, syncIntervalMs: 5 });
    const flushing = new MemoryZookeeper();
    await join(flushing).coordinator.agreeOnConfig({ ...config, durability: 'interval' });
    const other = join(flushing).coordinator.agreeOnConfig({ ...config, durability: 'interval', syncIntervalMs: 5 });
    await expect(other).rejects.toThrow('syncIntervalMs is 1000 there and 5 here');
  });

  it('that was founded before there were data directories is one of data in memory', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator } = join(zookeeper);
    const { durability: _, syncIntervalMs: __, ...earlier } = config;
    await client.create(root, Buffer.alloc(0), 'persistent');
    await client.create(`${root}/config`, Buffer.from(JSON.stringify(earlier)), 'persistent');
    expect(await coordinator.agreeOnConfig(config)).toEqual(config);
  });

  it('is written back at once by a node with data of the cluster, and another cluster is refused', async () => {
    const known = { ...config, restored: true };
    const { coordinator, reports } = join(new MemoryZookeeper());
    expect(await coordinator.agreeOnConfig(known)).toEqual(known);
    expect(reports.logged.join()).toContain('ZooKeeper had lost the configuration; this node wrote it back');
    const zookeeper = new MemoryZookeeper();
    await join(zookeeper).coordinator.agreeOnConfig({ ...config, clusterId: 'cluster-b' });
    const refused = join(zookeeper).coordinator.agreeOnConfig(known);
    await expect(refused).rejects.toThrow(/holds cluster cluster-b at .* data directory of this node is of cluster cluster-a/);
  });

  it.each(['applied', 'notApplied', 'appliedLate'] as const)(
    'is created even if the answer to its creation is lost (%s)',
    async (fate) => {
      const { client, coordinator } = join(new MemoryZookeeper());
      await client.create(root, Buffer.alloc(0), 'persistent');
      client.loseNextAnswer('create', fate);
      expect(await coordinator.agreeOnConfig(config)).toEqual(config);
    },
  );

  it('is found although a server that lags shows none', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator } = join(zookeeper);
    client.lag();
    await join(zookeeper).coordinator.agreeOnConfig(config);
    expect((await coordinator.agreeOnConfig({ ...config, clusterId: 'cluster-b' })).clusterId).toBe('cluster-a');
  });

  it('is refused if it is malformed', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator } = join(zookeeper);
    await client.create(root, Buffer.alloc(0), 'persistent');
    await client.create(`${root}/config`, Buffer.from('{"shards":0}'), 'persistent');
    await expect(coordinator.agreeOnConfig(config)).rejects.toMatchObject({ code: 'CONFIG_MISMATCH' });
  });
});

describe('state', () => {
  async function candidate(zookeeper = new MemoryZookeeper()) {
    const participant = join(zookeeper);
    await participant.coordinator.agreeOnConfig(config);
    await participant.coordinator.registerCandidate(0, candidateNamed('a'));
    // A node creates `state` only after it has read it as missing.
    await participant.reports.until(() => participant.reports.states.length > 0);
    return { zookeeper, ...participant };
  }

  it('is created, then replaced by compare-and-set, and each change is reported', async () => {
    const { coordinator, reports } = await candidate();
    expect(reports.states).toEqual([undefined]);
    expect(await coordinator.writeState(0, undefined, state)).toEqual({ kind: 'applied', version: 0 });
    expect(await coordinator.writeState(0, undefined, state)).toEqual({ kind: 'conflict' });
    expect(await coordinator.writeState(0, 0, next)).toEqual({ kind: 'applied', version: 1 });
    expect(await coordinator.writeState(0, 0, state)).toEqual({ kind: 'conflict' });
    await reports.until(() => reports.states.at(-1)?.version === 1);
    expect(reports.states.at(-1)?.state).toEqual(next);
  });

  it('has the outcome missing if there is no znode to replace', async () => {
    const { coordinator } = await candidate();
    expect(await coordinator.writeState(0, 3, state)).toEqual({ kind: 'missing' });
  });

  it.each(['applied', 'notApplied', 'appliedLate'] as const)('R7: a lost answer (%s) is an unknown outcome', async (fate) => {
    const { client, coordinator } = await candidate();
    await coordinator.writeState(0, undefined, state);
    client.loseNextAnswer('set', fate);
    expect(await coordinator.writeState(0, 0, next)).toEqual({ kind: 'unknown' });
  });

  it('is not sent while suspended, and the outcome is notSent', async () => {
    const { client, coordinator, reports } = await candidate();
    await coordinator.writeState(0, undefined, state);
    client.suspend();
    await reports.until(() => reports.sessions.at(-1) === 'suspended');
    const before = client.submitted.length;
    expect(await coordinator.writeState(0, 0, state)).toEqual({ kind: 'notSent' });
    expect(client.submitted.length).toBe(before);
  });

  it('is never sent with a negative version, which would overwrite any version', async () => {
    const { coordinator } = await candidate();
    await coordinator.writeState(0, undefined, state);
    expect(await coordinator.writeState(0, anyVersion, state)).toEqual({ kind: 'notSent' });
  });

  it('R7: a reading on the first connection of a session is proven as of the request for the session', async () => {
    const startedMs = performance.now();
    const { reports } = await candidate();
    await reports.until(() => reports.readings.length > 0);
    expect(reports.readings[0]).toMatchObject({ found: undefined, isRestored: false });
    expect(reports.readings[0]!.asOfMs).toBeGreaterThanOrEqual(startedMs);
    expect(reports.readings[0]!.asOfMs).toBeLessThanOrEqual(performance.now());
  });

  it('R7: after a reconnection a reading proves nothing, unless a write was requested before it', async () => {
    const { client, coordinator, reports } = await candidate();
    await coordinator.writeState(0, undefined, state);
    client.suspend();
    client.resume();
    await reports.until(() => reports.sessions.at(-1) === 'connected');
    reports.readings.length = 0;
    coordinator.refreshState(0, false);
    await reports.until(() => reports.readings.length > 0);
    expect(reports.readings.map(({ asOfMs }) => asOfMs)).toContain(Number.NEGATIVE_INFINITY);
    const requestedMs = performance.now();
    coordinator.refreshState(0, true);
    await reports.until(() => reports.readings.at(-1)!.asOfMs >= requestedMs);
    expect(reports.readings.at(-1)).toMatchObject({ found: { version: 0, state } });
  });

  it('R7: the write before a reading leaves the registration unchanged', async () => {
    const { zookeeper, coordinator, reports } = await candidate();
    const election = `${root}/shards/0/election`;
    const before = zookeeper.tree.children(election);
    const startedMs = performance.now();
    coordinator.refreshState(0, true);
    await reports.until(() => (reports.readings.at(-1)?.asOfMs ?? 0) >= startedMs);
    expect(zookeeper.tree.children(election)).toEqual(before);
    expect(zookeeper.tree.get(`${election}/${before![0]}`)!.stat.version).toBe(1);
  });

  it('is read again from time to time, even without a hint', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator, reports } = join(zookeeper, 20);
    await coordinator.registerCandidate(0, candidateNamed('a'));
    await reports.until(() => reports.states.length > 3);
    await coordinator.close();
  });
});

describe('sessions', () => {
  async function member(zookeeper: MemoryZookeeper, nodeId: string) {
    const participant = join(zookeeper);
    await participant.coordinator.agreeOnConfig(config);
    await participant.coordinator.registerNode(nodeNamed(nodeId));
    await participant.coordinator.registerCandidate(0, candidateNamed(nodeId));
    return participant;
  }

  it('R14: connection loss is not expiry: the registrations stay unchanged', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, reports } = await member(zookeeper, 'a');
    const before = zookeeper.tree.children(`${root}/nodes`);
    client.suspend();
    client.resume();
    await reports.until(() => reports.sessions.length === 2);
    expect(reports.sessions).toEqual(['suspended', 'connected']);
    expect(zookeeper.tree.children(`${root}/nodes`)).toEqual(before);
  });

  it('R14: after an expiry it registers again, behind the others, and reads everything again', async () => {
    const zookeeper = new MemoryZookeeper();
    const a = await member(zookeeper, 'a');
    const b = await member(zookeeper, 'b');
    a.client.expire();
    await b.reports.until(() => b.reports.replicas?.join() === 'b~1,a~1' && b.reports.nodeIds?.join() === 'b,a');
    await a.reports.until(() => a.reports.replicas?.join() === 'b~1,a~1' && a.reports.nodeIds?.join() === 'b,a');
    expect(a.reports.sessions).toEqual(['suspended', 'connected']);
    expect(a.reports.fatal).toEqual([]);
  });

  it('close deletes its own znodes and can be repeated', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator } = await member(zookeeper, 'a');
    await Promise.all([coordinator.close(), coordinator.close()]);
    expect(zookeeper.tree.children(`${root}/nodes`)).toEqual([]);
    expect(zookeeper.tree.children(`${root}/shards/0/election`)).toEqual([]);
    await expect(coordinator.registerNode(nodeNamed('a'))).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
