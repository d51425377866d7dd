import { expect, test } from 'vitest';
import type { ClusterConfig } from '../../coordination/index.js';
import { KnownCluster } from './known-cluster.js';

const config = { clusterId: 'one', shards: 2, minInSync: 1 } as ClusterConfig;

test('a placement that ZooKeeper has lost stays known', () => {
  const cluster = new KnownCluster(config);
  expect(cluster.placement).toBeUndefined();
  const placement = { version: 3, shards: [['a'], ['b']] } as never;
  cluster.onPlacement({ version: 0, placement });
  cluster.onPlacement(undefined);
  expect(cluster.placement).toBe(placement);
});

test('its facts have the nodes with their version', () => {
  const cluster = new KnownCluster(config);
  const nodes = [{ nodeId: 'a', address: 'a:1' }];
  cluster.onNodes(nodes, 7, ['b']);
  expect(cluster.facts).toEqual({
    clusterId: 'one',
    shardCount: 2,
    minInSync: 1,
    nodes,
    nodesVersion: 7,
    drainingIds: ['b'],
    placement: undefined,
  });
  expect([cluster.isDraining('a'), cluster.isDraining('b')]).toEqual([false, true]);
});
