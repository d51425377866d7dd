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
  await participant.heard.until(() => participant.heard.placements.length > 0);
  return participant;
}

describe('placement', () => {
  it('is created, then replaced by compare-and-set, and every node is told of each change once', async () => {
    const zookeeper = new MemoryZookeeper();
    const [a, b] = [await member(zookeeper, 'a'), await member(zookeeper, 'b')];
    expect(await a.coordinator.writePlacement(undefined, first)).toEqual({ kind: 'applied', version: 0 });
    await b.heard.until(() => b.heard.placements.length === 2);
    expect(await b.coordinator.writePlacement(undefined, second)).toEqual({ kind: 'conflict' });
    expect(await b.coordinator.writePlacement(0, second)).toEqual({ kind: 'applied', version: 1 });
    expect(await a.coordinator.writePlacement(0, second)).toEqual({ kind: 'conflict' });
    const told = [undefined, { version: 0, placement: first }, { version: 1, placement: second }];
    for (const { heard } of [a, b]) {
      await heard.until(() => heard.placements.length === 3);
      expect(heard.placements).toEqual(told);
    }
  });

  it('of a lagging server neither that there is none nor an older one is believed', async () => {
    const zookeeper = new MemoryZookeeper();
    const writer = await member(zookeeper, 'a');
    const reader = await member(zookeeper, 'b', 20);
    await writer.coordinator.writePlacement(undefined, first);
    await reader.heard.until(() => reader.heard.placements.length === 2);
    reader.client.lag();
    await writer.coordinator.writePlacement(0, second);
    reader.coordinator.refreshPlacement();
    await reader.heard.until(() => reader.heard.placements.length === 3);
    expect(reader.heard.placements.map((read) => read?.version)).toEqual([undefined, 0, 1]);
    await reader.coordinator.close();
  });

  it('one that cannot be understood is not reported', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator, heard } = await member(zookeeper, 'a');
    await coordinator.writePlacement(undefined, first);
    await heard.until(() => heard.placements.length === 2);
    zookeeper.tree.set(path, Buffer.from('{"format":9}'), anyVersion);
    await heard.until(() => heard.logged.join().includes('its format is 9'));
    zookeeper.tree.set(path, zookeeper.tree.get(path)!.data, anyVersion);
    expect(await coordinator.writePlacement(2, second)).toEqual({ kind: 'applied', version: 3 });
    await heard.until(() => heard.placements.length === 3);
    expect(heard.placements.at(-1)).toEqual({ version: 3, placement: second });
    expect(heard.fatal).toEqual([]);
  });

  it('of another number of shards is not followed, and the log tells why', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator, heard } = await member(zookeeper, 'a');
    await coordinator.writePlacement(undefined, first);
    await heard.until(() => heard.placements.length === 2);
    zookeeper.tree.set(path, Buffer.from(encodePlacement({ version: 2, shards: [['b']] })), anyVersion);
    await heard.until(() => heard.logged.join().includes('it has 1 shards, the cluster 2'));
    expect(await coordinator.writePlacement(1, second)).toEqual({ kind: 'applied', version: 2 });
    await heard.until(() => heard.placements.length === 3);
    expect(heard.placements.at(-1)).toEqual({ version: 2, placement: second });
  });

  it('a node tells its zone and weight, and later that it leaves, also in its next session', async () => {
    const zookeeper = new MemoryZookeeper();
    const observer = await member(zookeeper, 'a');
    const { client, coordinator } = join(zookeeper);
    const registration = { ...nodeNamed('b'), zone: 'north', weight: 3 };
    await coordinator.registerNode(registration);
    await observer.heard.until(() => observer.heard.nodeIds?.join() === 'a,b');
    expect(observer.heard.nodes.at(-1)?.[1]).toEqual(registration);
    await coordinator.announceLeave();
    await observer.heard.until(() => observer.heard.nodes.at(-1)?.[1]?.leaving === true);
    const readings = observer.heard.nodes.length;
    client.expire();
    await observer.heard.until(() => observer.heard.nodes.length > readings && observer.heard.nodeIds?.join() === 'a,b');
    expect(observer.heard.nodes.at(-1)?.[1]).toEqual({ ...registration, leaving: true });
  });
});
