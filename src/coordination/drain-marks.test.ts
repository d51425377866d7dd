import { describe, expect, test } from 'vitest';
import { config, join, nodeNamed, root } from './coordinator.fixture.js';
import { MemoryZookeeper } from './memory/memory-zookeeper.fixture.js';
import { drainedIds } from './znode-paths.js';

test('the ids of drained nodes are found among the names below nodes, whatever the ids are', () => {
  const names = ['n_0000000001', 'drain_a:9090_d', 'drain_n_0000000007_d', 'drain__d', 'other', 'drain_x'];
  expect(drainedIds(names)).toEqual(['a:9090', 'n_0000000007']);
});

describe('the mark of a drained node', () => {
  test('is reported to every node with the list of nodes, whose version grows, and is no node itself', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator, reports } = join(zookeeper);
    await coordinator.agreeOnConfig(config);
    await coordinator.registerNode(nodeNamed('a'));
    await reports.until(() => reports.nodeIds?.join() === 'a');
    const [version] = reports.nodesVersions.slice(-1);
    await coordinator.drains.mark('n_0000000001');
    await coordinator.drains.mark('n_0000000001');
    await reports.until(() => reports.drainingIds.join() === 'n_0000000001');
    expect(reports.nodeIds).toEqual(['a']);
    expect(reports.nodesVersions.at(-1)).toBeGreaterThan(version!);
    expect(await coordinator.drains.read()).toEqual({ nodes: [nodeNamed('a')], drainingIds: ['n_0000000001'] });
    expect(reports.logged).toEqual([]);
    await coordinator.drains.unmark('n_0000000001');
    await coordinator.drains.unmark('n_0000000001');
    await reports.until(() => reports.drainingIds.length === 0);
    await coordinator.close();
  });

  test('outlives the node', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator } = join(zookeeper);
    await coordinator.agreeOnConfig(config);
    await coordinator.registerNode(nodeNamed('a'));
    await coordinator.drains.mark('a');
    await coordinator.close();
    expect(zookeeper.tree.children(`${root}/nodes`)).toEqual(['drain_a_d']);
  });

  test('is not made while ZooKeeper is out of reach, and the error says so', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator } = join(zookeeper);
    await coordinator.agreeOnConfig(config);
    await coordinator.registerNode(nodeNamed('a'));
    client.suspend();
    await expect(coordinator.drains.mark('a')).rejects.toMatchObject({ code: 'COORDINATION_UNAVAILABLE', executed: 'no' });
    client.close();
  });
});
