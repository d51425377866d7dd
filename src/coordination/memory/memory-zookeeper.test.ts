import { describe, expect, it } from 'vitest';
import { describeZnodeClient, EventLog } from '../znode-client.conformance.js';
import { MemoryZookeeper } from './memory-zookeeper.fixture.js';

const noWatch = { watch: false };
const empty = Buffer.alloc(0);
const ensemble = new MemoryZookeeper();

describeZnodeClient('in memory', () => ({
  openPlain: async () => ensemble.connect(),
  open: async () => {
    const client = ensemble.connect();
    return {
      client,
      suspend: () => client.suspend(),
      resume: () => client.resume(),
      expire: async () => client.expire(),
    };
  },
}));

describe('in-memory zookeeper, faults', () => {
  it.each([
    ['applied', 1],
    ['notApplied', 0],
  ] as const)('a lost answer leaves the write %s', async (fate, version) => {
    const client = new MemoryZookeeper().connect();
    const log = new EventLog(client);
    await client.create('/a', empty, 'persistent');
    client.loseNextAnswer('set', fate);
    await expect(client.set('/a', empty, 0)).rejects.toMatchObject({ executed: 'unknown' });
    await log.until('connected');
    expect((await client.stat('/a', noWatch))?.version).toBe(version);
    // A write without an answer proves nothing about later reads, either.
    expect(client.provenMs).toBe(Number.NEGATIVE_INFINITY);
  });

  it('a late write is executed after the reconnection', async () => {
    const client = new MemoryZookeeper().connect();
    const log = new EventLog(client);
    await client.create('/a', empty, 'persistent');
    client.loseNextAnswer('set', 'appliedLate');
    await expect(client.set('/a', empty, 0)).rejects.toMatchObject({ executed: 'unknown' });
    await log.until('connected');
    expect((await client.stat('/a', { watch: true }))?.version).toBe(0);
    await log.until('changed /a');
    expect((await client.stat('/a', noWatch))?.version).toBe(1);
  });

  it('a lagging client sees the past until it syncs', async () => {
    const zookeeper = new MemoryZookeeper();
    const client = zookeeper.connect();
    client.lag();
    await zookeeper.connect().create('/a', empty, 'persistent');
    expect(await client.stat('/a', noWatch)).toBeUndefined();
    await client.sync('/a');
    expect(await client.stat('/a', noWatch)).toBeDefined();
  });

  it('a call that is never answered times out as unknown', async () => {
    const client = new MemoryZookeeper().connect(20);
    client.mute(true);
    await expect(client.create('/a', empty, 'persistent')).rejects.toMatchObject({ executed: 'unknown' });
  });

  it('a suspended client notices an expiry when it reconnects', async () => {
    const client = new MemoryZookeeper().connect();
    const log = new EventLog(client);
    client.suspend();
    client.expire();
    expect(log.events).toEqual([]);
    client.resume();
    await log.until('connected fresh');
    expect(log.events).toEqual(['suspended', 'expired', 'connected fresh']);
  });
});
