import { describe, expect, it } from 'vitest';
import { born, claimed, type ShardState } from '../replication/protocol/shard-state.js';
import { candidateNamed, config, join, nodeNamed, root } from './coordinator.fixture.js';
import { MemoryZookeeper } from './memory/memory-zookeeper.fixture.js';
import { anyVersion } from './znode-client.js';

const state: ShardState = born('a~1', 'h', 'one');
const next = claimed(state, 'a~1', 'two');

describe('config', () => {
  it('the first node writes it, the second takes over its cluster id', async () => {
    const zookeeper = new MemoryZookeeper();
    const first = await join(zookeeper).coordinator.agreeOnConfig(config);
    const second = await join(zookeeper).coordinator.agreeOnConfig({ ...config, clusterId: 'cluster-b' });
    expect([first, second]).toEqual([config, config]);
  });

  it('other values are refused, naming each option with both values', async () => {
    const zookeeper = new MemoryZookeeper();
    await join(zookeeper).coordinator.agreeOnConfig(config);
    const other = join(zookeeper).coordinator.agreeOnConfig({ ...config, graceMs: 900, shards: 8 });
    await expect(other).rejects.toMatchObject({
      code: 'CONFIG_MISMATCH',
      message: expect.stringMatching(/shards is 1 there and 8 here.*graceMs is 1250 there and 900 here/),
    });
  });

  it.each(['applied', 'notApplied', 'appliedLate'] as const)('a lost answer to its creation (%s) is got over', async (fate) => {
    const { client, coordinator } = join(new MemoryZookeeper());
    await client.create(root, Buffer.alloc(0), 'persistent');
    client.loseNextAnswer('create', fate);
    expect(await coordinator.agreeOnConfig(config)).toEqual(config);
  });

  it('of a lagging server it is not believed that there is none', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator } = join(zookeeper);
    client.lag();
    await join(zookeeper).coordinator.agreeOnConfig(config);
    expect((await coordinator.agreeOnConfig({ ...config, clusterId: 'cluster-b' })).clusterId).toBe('cluster-a');
  });

  it('what cannot be understood is refused', async () => {
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
    // Only what was read as missing is created.
    await participant.heard.until(() => participant.heard.states.length > 0);
    return { zookeeper, ...participant };
  }

  it('is created, then replaced by compare-and-set, and each change is reported', async () => {
    const { coordinator, heard } = await candidate();
    expect(heard.states).toEqual([undefined]);
    expect(await coordinator.writeState(0, undefined, state)).toEqual({ kind: 'applied', version: 0 });
    expect(await coordinator.writeState(0, undefined, state)).toEqual({ kind: 'conflict' });
    expect(await coordinator.writeState(0, 0, next)).toEqual({ kind: 'applied', version: 1 });
    expect(await coordinator.writeState(0, 0, state)).toEqual({ kind: 'conflict' });
    await heard.until(() => heard.states.at(-1)?.version === 1);
    expect(heard.states.at(-1)?.state).toEqual(next);
  });

  it('with no znode to replace the outcome is missing', async () => {
    const { coordinator } = await candidate();
    expect(await coordinator.writeState(0, 3, state)).toEqual({ kind: 'missing' });
  });

  it.each(['applied', 'notApplied', 'appliedLate'] as const)('R7: a lost answer (%s) is an unknown outcome', async (fate) => {
    const { client, coordinator } = await candidate();
    await coordinator.writeState(0, undefined, state);
    client.loseNextAnswer('set', fate);
    expect(await coordinator.writeState(0, 0, next)).toEqual({ kind: 'unknown' });
  });

  it('while suspended nothing is sent, and that is said', async () => {
    const { client, coordinator, heard } = await candidate();
    await coordinator.writeState(0, undefined, state);
    client.suspend();
    await heard.until(() => heard.sessions.at(-1) === 'suspended');
    const before = client.submitted.length;
    expect(await coordinator.writeState(0, 0, state)).toEqual({ kind: 'notSent' });
    expect(client.submitted.length).toBe(before);
  });

  it('a negative version, which would overwrite anything, is never sent', async () => {
    const { coordinator } = await candidate();
    await coordinator.writeState(0, undefined, state);
    expect(await coordinator.writeState(0, anyVersion, state)).toEqual({ kind: 'notSent' });
  });

  it('R7: a reading on the connection that brought the session proves what had been committed when it was asked for', async () => {
    const startedMs = performance.now();
    const { heard } = await candidate();
    await heard.until(() => heard.readings.length > 0);
    expect(heard.readings[0]).toMatchObject({ found: undefined, isRestored: false });
    expect(heard.readings[0]!.asOfMs).toBeGreaterThanOrEqual(startedMs);
    expect(heard.readings[0]!.asOfMs).toBeLessThanOrEqual(performance.now());
  });

  it('R7: after a reconnection a reading proves nothing, unless it was asked to follow a write', async () => {
    const { client, coordinator, heard } = await candidate();
    await coordinator.writeState(0, undefined, state);
    client.suspend();
    client.resume();
    await heard.until(() => heard.sessions.at(-1) === 'connected');
    heard.readings.length = 0;
    coordinator.refreshState(0, false);
    await heard.until(() => heard.readings.length > 0);
    expect(heard.readings.map(({ asOfMs }) => asOfMs)).toContain(Number.NEGATIVE_INFINITY);
    const askedMs = performance.now();
    coordinator.refreshState(0, true);
    await heard.until(() => heard.readings.at(-1)!.asOfMs >= askedMs);
    expect(heard.readings.at(-1)).toMatchObject({ found: { version: 0, state } });
  });

  it('R7: the write that a reading follows leaves the registration as it was', async () => {
    const { zookeeper, coordinator, heard } = await candidate();
    const election = `${root}/shards/0/election`;
    const before = zookeeper.tree.children(election);
    const startedMs = performance.now();
    coordinator.refreshState(0, true);
    await heard.until(() => (heard.readings.at(-1)?.asOfMs ?? 0) >= startedMs);
    expect(zookeeper.tree.children(election)).toEqual(before);
    expect(zookeeper.tree.get(`${election}/${before![0]}`)!.stat.version).toBe(1);
  });

  it('is read again from time to time, also without a hint', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator, heard } = join(zookeeper, 20);
    await coordinator.registerCandidate(0, candidateNamed('a'));
    await heard.until(() => heard.states.length > 3);
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

  it('R14: connection loss is not expiry: the registrations stay as they are', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, heard } = await member(zookeeper, 'a');
    const before = zookeeper.tree.children(`${root}/nodes`);
    client.suspend();
    client.resume();
    await heard.until(() => heard.sessions.length === 2);
    expect(heard.sessions).toEqual(['suspended', 'connected']);
    expect(zookeeper.tree.children(`${root}/nodes`)).toEqual(before);
  });

  it('R14: after an expiry it registers again, behind the others, and reads everything again', async () => {
    const zookeeper = new MemoryZookeeper();
    const a = await member(zookeeper, 'a');
    const b = await member(zookeeper, 'b');
    a.client.expire();
    await b.heard.until(() => b.heard.replicas?.join() === 'b~1,a~1' && b.heard.nodeIds?.join() === 'b,a');
    await a.heard.until(() => a.heard.replicas?.join() === 'b~1,a~1' && a.heard.nodeIds?.join() === 'b,a');
    expect(a.heard.sessions).toEqual(['suspended', 'connected']);
    expect(a.heard.fatal).toEqual([]);
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
