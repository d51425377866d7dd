import { describe, expect, it } from 'vitest';
import { encodePlacement, type Placement } from '../placement/index.js';
import { config, join, nodeNamed, root } from './coordinator.fixture.js';
import { MemoryZookeeper } from './memory/memory-zookeeper.fixture.js';
import { anyVersion } from './znode-client.js';

const path = `${root}/placement`;
const first: Placement = { version: 1, shards: [['a'], ['b', 'a']] };
const second: Placement = { version: 2, shards: [['b'], ['b', 'a']] };

async function member(zookeeper: MemoryZookeeper, nodeId: string, sessionMs?: number) {
  const participant = join(zookeeper, sessionMs);
  await participant.coordinator.agreeOnConfig({ ...config, shards: first.shards.length });
  await participant.coordinator.registerNode(nodeNamed(nodeId));
  await participant.reports.until(() => participant.reports.placements.length > 0);
  return participant;
}

describe('placement', () => {
  it('is created, then replaced by compare-and-set, and each change is reported once at every node', async () => {
    const zookeeper = new MemoryZookeeper();
    const [a, b] = [await member(zookeeper, 'a'), await member(zookeeper, 'b')];
    expect(await a.coordinator.writePlacement(undefined, first)).toEqual({ kind: 'applied', version: 0 });
    await b.reports.until(() => b.reports.placements.length === 2);
    expect(await b.coordinator.writePlacement(undefined, second)).toEqual({ kind: 'conflict' });
    expect(await b.coordinator.writePlacement(0, second)).toEqual({ kind: 'applied', version: 1 });
    expect(await a.coordinator.writePlacement(0, second)).toEqual({ kind: 'conflict' });
    const expected = [undefined, { version: 0, placement: first }, { version: 1, placement: second }];
    for (const { reports } of [a, b]) {
      await reports.until(() => reports.placements.length === 3);
      expect(reports.placements).toEqual(expected);
    }
  });

  it('is read after a sync if a server that lags shows none or an older one', async () => {
    const zookeeper = new MemoryZookeeper();
    const writer = await member(zookeeper, 'a');
    const reader = await member(zookeeper, 'b', 20);
    await writer.coordinator.writePlacement(undefined, first);
    await reader.reports.until(() => reader.reports.placements.length === 2);
    reader.client.lag();
    await writer.coordinator.writePlacement(0, second);
    reader.coordinator.refreshPlacement();
    await reader.reports.until(() => reader.reports.placements.length === 3);
    expect(reader.reports.placements.map((read) => read?.version)).toEqual([undefined, 0, 1]);
    await reader.coordinator.close();
  });

  it('is not reported if it is malformed', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator, reports } = await member(zookeeper, 'a');
    await coordinator.writePlacement(undefined, first);
    await reports.until(() => reports.placements.length === 2);
    zookeeper.tree.set(path, Buffer.from('{"format":9}'), anyVersion);
    await reports.until(() => reports.logged.join().includes('its format is 9'));
    zookeeper.tree.set(path, zookeeper.tree.get(path)!.data, anyVersion);
    expect(await coordinator.writePlacement(2, second)).toEqual({ kind: 'applied', version: 3 });
    await reports.until(() => reports.placements.length === 3);
    expect(reports.placements.at(-1)).toEqual({ version: 3, placement: second });
    expect(reports.fatal).toEqual([]);
  });

  it('is not followed if it has another number of shards, and the log has the reason', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator, reports } = await member(zookeeper, 'a');
    await coordinator.writePlacement(undefined, first);
    await reports.until(() => reports.placements.length === 2);
    zookeeper.tree.set(path, Buffer.from(encodePlacement({ version: 2, shards: [['b']] })), anyVersion);
    await reports.until(() => reports.logged.join().includes('it has 1 shards, the cluster 2'));
    expect(await coordinator.writePlacement(1, second)).toEqual({ kind: 'applied', version: 2 });
    await reports.until(() => reports.placements.length === 3);
    expect(reports.placements.at(-1)).toEqual({ version: 2, placement: second });
  });

  it('a node publishes its zone and weight, and later that it leaves, also in its next session', async () => {
    const zookeeper = new MemoryZookeeper();
    const observer = await member(zookeeper, 'a');
    const { client, coordinator } = join(zookeeper);
    const registration = { ...nodeNamed('b'), zone: 'north', weight: 3 };
    await coordinator.registerNode(registration);
    await observer.reports.until(() => observer.reports.nodeIds?.join() === 'a,b');
    expect(observer.reports.nodes.at(-1)?.[1]).toEqual(registration);
    await coordinator.announceLeave();
    await observer.reports.until(() => observer.reports.nodes.at(-1)?.[1]?.leaving === true);
    const readings = observer.reports.nodes.length;
    client.expire();
    await observer.reports.until(() => observer.reports.nodes.length > readings && observer.reports.nodeIds?.join() === 'a,b');
    expect(observer.reports.nodes.at(-1)?.[1]).toEqual({ ...registration, leaving: true });
  });
});
